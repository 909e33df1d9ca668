#include <lakh/core/error.hpp>
#include <lakh/parallel/descriptor_io.hpp>

#include <climits>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace lakh::detail {
namespace {

std::array<iovec, 2> parts_of(std::string_view first, std::string_view second) noexcept {
  return {{{const_cast<char*>(first.data()), first.size()},      // NOLINT: not written through
           {const_cast<char*>(second.data()), second.size()}}};  // NOLINT
}

// For pipes, which have no MSG_NOSIGNAL.
ssize_t write_without_signal(int descriptor, const std::array<iovec, 2>& parts) noexcept {
  sigset_t pipe;
  sigset_t before;
  sigset_t pending;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::sigpending(&pending);
  const bool was_pending = ::sigismember(&pending, SIGPIPE) == 1;
  ::pthread_sigmask(SIG_BLOCK, &pipe, &before);
  const ssize_t written = ::writev(descriptor, parts.data(), parts.size());
  const int error = errno;
  if (written < 0 && error == EPIPE && !was_pending) {
    const timespec at_once{};
    while (::sigtimedwait(&pipe, nullptr, &at_once) < 0 && errno == EINTR) {
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return written;
}

}  // namespace

void wait_for_descriptor(int descriptor, short events, std::optional<time_point> until, std::string_view doing) {
  for (;;) {
    int milliseconds = -1;
    if (until) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - clock::now()).count();
      milliseconds = static_cast<int>(std::clamp<decltype(left)>(left, 0, INT_MAX));
    }
    pollfd one{.fd = descriptor, .events = events, .revents = 0};
    const int ready = ::poll(&one, 1, milliseconds);
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) throw_error(last_error(), doing);
    if (ready == 0 && until && clock::now() >= *until) throw_error(errc::timed_out, doing);
  }
}

ssize_t write_some(int descriptor, std::string_view first, std::string_view second) noexcept {
  std::array<iovec, 2> parts = parts_of(first, second);
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  const ssize_t sent = ::sendmsg(descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0 || errno != ENOTSOCK) return sent;
  return write_without_signal(descriptor, parts);
}

ssize_t read_some(int descriptor, std::span<char> into) noexcept {
  const ssize_t got = ::recv(descriptor, into.data(), into.size(), MSG_DONTWAIT);
  if (got >= 0 || errno != ENOTSOCK) return got;
  const iovec part{into.data(), into.size()};
  return ::readv(descriptor, &part, 1);
}

void write_whole(int descriptor, std::string_view first, std::string_view second, std::optional<time_point> until) {
  constexpr std::string_view doing = "send a message";
  while (!first.empty() || !second.empty()) {
    const ssize_t sent = write_some(descriptor, first, second);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) throw_error(last_error(), doing);
      wait_for_descriptor(descriptor, POLLOUT, until, doing);
      continue;
    }
    const auto of_first = std::min(first.size(), static_cast<std::size_t>(sent));
    first.remove_prefix(of_first);
    second.remove_prefix(static_cast<std::size_t>(sent) - of_first);
  }
}

std::size_t read_whole(int descriptor, std::span<char> into, std::optional<time_point> until) {
  constexpr std::string_view doing = "receive a message";
  std::size_t done = 0;
  while (done < into.size()) {
    if (until) wait_for_descriptor(descriptor, POLLIN, until, doing);  // a pipe that blocks would not look at the time
    const ssize_t got = read_some(descriptor, into.subspan(done));
    if (got == 0) break;
    if (got > 0) {
      done += static_cast<std::size_t>(got);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) throw_error(last_error(), doing);
    wait_for_descriptor(descriptor, POLLIN, until, doing);
  }
  return done;
}

descriptor_watch::descriptor_watch(int descriptor, std::uint32_t events)
    : copy_(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0)),
      home_(loop::current()),
      events_(events | EPOLLRDHUP | EPOLLHUP | EPOLLERR) {
  if (!copy_) throw_error(last_error(), "watch a descriptor");
  home_.sockets().add(copy_.get(), *this);
}

descriptor_watch::~descriptor_watch() {
  home_.sockets().remove(copy_.get(), *this);
}

void descriptor_watch::on_ready(std::uint32_t events) {
  if ((events & events_) == 0) return;
  if (waiting_ != nullptr)
    std::exchange(waiting_, nullptr)->wake();
  else
    news_ = true;
}

}  // namespace lakh::detail
