// The descriptors that become the streams of a child.
#pragma once

#include <lakh/core/unique_fd.hpp>
#include <lakh/parallel/process.hpp>

namespace lakh::detail {

struct pipe_ends {
  unique_fd read;
  unique_fd write;
};

// Neither of the two is 0, 1 or 2, which the child's own streams become, also where this program has closed its own.
pipe_ends make_pipe();

// The child's end, and in `ours` the other if it is a pipe; ours does not block. No descriptor: the child keeps what it
// inherits.
unique_fd open_stream(stream_to where, bool child_reads, unique_fd& ours);

}  // namespace lakh::detail
