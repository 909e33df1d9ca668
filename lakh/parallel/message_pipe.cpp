#include <lakh/core/error.hpp>
#include <lakh/parallel/descriptor_io.hpp>
#include <lakh/parallel/message_pipe.hpp>

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace lakh {

using detail::last_error;

namespace {

constexpr std::string_view sending = "send to another process";
constexpr std::string_view receiving = "receive from another process";

}  // namespace

std::pair<message_pipe, message_pipe> message_pipe::make(std::size_t most) {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) throw_error(last_error(), "make a pipe");
  unique_fd one(ends[0]);
  unique_fd other(ends[1]);
  return {message_pipe(std::move(one), most), message_pipe(std::move(other), most)};
}

message_pipe::message_pipe(unique_fd end, std::size_t most) : end_(std::move(end)), received_(most), most_(most) {
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(end_.get(), SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM)
    throw input_error("descriptor " + std::to_string(end_.get()) + " is no end of a pipe for messages",
                      "was it passed on, and under this number?");
  ::fcntl(end_.get(), F_SETFD, FD_CLOEXEC);
}

void message_pipe::check_whole() const {
  if (cut_)
    throw closed_error(errc::connection_lost, std::string(sending) + ": an earlier message was sent only in part");
}

message_pipe::attempt message_pipe::receive_some() {
  const ssize_t got = detail::read_some(end_.get(), received_.room());
  if (got > 0) received_.filled(static_cast<std::size_t>(got));
  if (got > 0 || (got < 0 && errno == EINTR)) return attempt::done;
  if (got < 0 && errno == EAGAIN) return attempt::must_wait;
  // A peer that goes with bytes unread is told of first as a reset, then as the end: of ours nothing is lost by it.
  if (got < 0 && errno != ECONNRESET) throw_error(last_error(), receiving);
  received_.at_end("another process");
  return attempt::at_end;
}

void message_pipe::send(std::string_view message, std::optional<time_point> until) {
  check_whole();
  const auto header = frame_header(message.size(), most_);
  cut_ = true;
  detail::write_whole(end_.get(), {header.data(), header.size()}, message, until);
  cut_ = false;
}

std::optional<std::string> message_pipe::receive(std::optional<time_point> until) {
  for (;;) {
    if (const auto message = received_.next()) return std::string(*message);
    const attempt now = receive_some();
    if (now == attempt::at_end) return std::nullopt;
    if (now == attempt::must_wait) detail::wait_for_descriptor(end_.get(), POLLIN, until, receiving);
  }
}

task<void> message_pipe::async_send(std::string message) {
  check_whole();
  const auto header = frame_header(message.size(), most_);
  message.insert(0, header.data(), header.size());
  std::string_view rest(message);
  std::optional<detail::descriptor_watch> watch;
  while (!rest.empty()) {
    const ssize_t sent = detail::write_some(end_.get(), rest, {});
    if (sent >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(sent));
      cut_ = !rest.empty();
    } else if (errno == EAGAIN) {
      if (!watch) watch.emplace(end_.get(), EPOLLOUT);
      co_await watch->news(sending);
    } else if (errno != EINTR) {
      throw_error(last_error(), sending);
    }
  }
}

task<std::optional<std::string>> message_pipe::async_receive() {
  std::optional<detail::descriptor_watch> watch;
  for (;;) {
    if (const auto message = received_.next()) co_return std::string(*message);
    const attempt now = receive_some();
    if (now == attempt::at_end) co_return std::nullopt;
    if (now == attempt::done) continue;
    if (!watch) watch.emplace(end_.get(), EPOLLIN);
    co_await watch->news(receiving);
  }
}

}  // namespace lakh
