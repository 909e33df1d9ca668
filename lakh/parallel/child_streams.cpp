#include <lakh/core/error.hpp>
#include <lakh/parallel/child_streams.hpp>

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace lakh::detail {
namespace {

[[noreturn]] void fail(const char* doing) {
  throw_error({errno, std::system_category()}, doing);
}

}  // namespace

unique_fd above_streams(int fd) {
  unique_fd original(fd);
  if (!original || original.get() > STDERR_FILENO) return original;
  return unique_fd(::fcntl(original.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

pipe_ends make_pipe() {
  std::array<int, 2> fds{-1, -1};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) fail("make a pipe");
  pipe_ends ends{above_streams(fds[0]), above_streams(fds[1])};
  if (!ends.read || !ends.write) fail("make a pipe");
  return ends;
}

unique_fd open_stream(stream_to where, bool child_reads, unique_fd& ours) {
  if (where == stream_to::inherit) return {};
  if (where == stream_to::nothing) {
    unique_fd null = above_streams(::open("/dev/null", (child_reads ? O_RDONLY : O_WRONLY) | O_CLOEXEC));
    if (!null) fail("open /dev/null");
    return null;
  }
  pipe_ends ends = make_pipe();
  ours = std::move(child_reads ? ends.write : ends.read);
  ::fcntl(ours.get(), F_SETFL, ::fcntl(ours.get(), F_GETFL) | O_NONBLOCK);
  return std::move(child_reads ? ends.read : ends.write);
}

}  // namespace lakh::detail
