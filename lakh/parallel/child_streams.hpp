// The descriptors that become the streams of a child.
#pragma once

#include <lakh/core/unique_fd.hpp>
#include <lakh/parallel/process.hpp>

namespace lakh::detail {

// The same, or a duplicate that is above 2 (closed on exec): 0, 1 and 2 become the child's own streams, also where this
// program has closed its own. Takes over the descriptor.
unique_fd above_streams(int fd);

struct pipe_ends {
  unique_fd read;
  unique_fd write;
};

// Both above the streams, closed on exec. Throws.
pipe_ends make_pipe();

// The child's end, and in `ours` the other if it is a pipe; ours does not block. No descriptor: the child keeps what it
// inherits.
unique_fd open_stream(stream_to where, bool child_reads, unique_fd& ours);

}  // namespace lakh::detail
