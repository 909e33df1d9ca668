#include <lakh/net/socket_stream.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace lakh::net {
namespace {

// A peer that sends faster than it is read must not keep the other coroutines of the loop waiting.
constexpr std::uint8_t most_reads_in_a_row = 16;

std::error_code last_error() noexcept {
  return {errno, std::system_category()};
}
bool must_wait() noexcept {
  return errno == EAGAIN || errno == EWOULDBLOCK;
}

// The system calls themselves: glibc's functions are cancellation points, which in a program with threads costs two
// atomic operations for each call, and nobody here cancels threads.
ssize_t receive(int socket, std::span<char> into) noexcept {
  return ::syscall(SYS_recvfrom, socket, into.data(), into.size(), 0, nullptr, nullptr);
}
ssize_t send(int socket, std::string_view bytes) noexcept {
  return ::syscall(SYS_sendto, socket, bytes.data(), bytes.size(), MSG_NOSIGNAL, nullptr, 0);
}

std::size_t size_of(const io_operation& op) noexcept {
  return op.first().size() + op.second().size();
}

}  // namespace

socket_stream::socket_stream(generic_socket socket, std::string peer) : home_(loop::current()), peer_(std::move(peer)) {
  boost::system::error_code ignored;  // a socket that refuses options still carries bytes; its errors show there
  socket.native_non_blocking(true, ignored);
  const int on = 1;
  if (socket.local_endpoint(ignored).protocol().family() != AF_UNIX)
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  socket_ = unique_fd(socket.release());
  home_.sockets().add(socket_.get(), *this);
}

socket_stream::~socket_stream() {
  close();
  if (gone_ != nullptr) *gone_ = true;
}

// Asks the kernel only if it may have something: after a read that did not fill its buffer nothing is left, and an
// event will say when that changes. Not so once the end has been announced: that event does not come twice.
bool socket_stream::try_receive(const io_operation& op, io_result& result) noexcept {
  if (!may_read_) return false;
  const std::span<char> into = op.buffer();
  ssize_t got = 0;
  do got = receive(socket_.get(), into);
  while (got < 0 && errno == EINTR);
  if (got < 0) {
    if (must_wait()) {
      may_read_ = false;
      return false;
    }
    result = {last_error(), 0};
    return true;
  }
  may_read_ = peer_ended_ || static_cast<std::size_t>(got) == into.size();
  result = {{}, static_cast<std::size_t>(got)};
  return true;
}

// Most writes fit the socket's buffer: then they are done without a turn of the loop.
bool socket_stream::try_send(const io_operation& op, io_result& result) noexcept {
  // The kernel tells of room only where it has refused bytes: ask until it has.
  for (;;) {
    const std::string_view first = op.first().substr(std::min(written_, op.first().size()));
    const std::string_view second = op.second().substr(written_ > op.first().size() ? written_ - op.first().size() : 0);
    ssize_t sent = 0;
    if (second.empty()) {
      sent = send(socket_.get(), first);
    } else {
      std::array<iovec, 2> parts{{{const_cast<char*>(first.data()), first.size()},      // NOLINT: not written through
                                  {const_cast<char*>(second.data()), second.size()}}};  // NOLINT
      msghdr message{};
      message.msg_iov = parts.data();
      message.msg_iovlen = parts.size();
      sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    }
    if (sent < 0 && must_wait()) return false;
    if (sent < 0 && errno != EINTR) {
      result = {last_error(), written_};
      return true;
    }
    if (sent > 0) written_ += static_cast<std::size_t>(sent);
    if (written_ == size_of(op)) {
      result = {{}, written_};
      return true;
    }
  }
}

void socket_stream::wait_to_read(io_operation& op) noexcept {
  reading_ = &op;
  read_into_ = op.buffer().data();
}

bool socket_stream::start_read(io_operation& op) {
  io_result result{std::make_error_code(std::errc::bad_file_descriptor), 0};
  if (may_read_ && ++reads_in_a_row_ > most_reads_in_a_row && socket_) {
    reads_in_a_row_ = 0;
    wait_to_read(op);
    home_.sockets().remind(socket_.get(), *this);
    return false;
  }
  if (!socket_ || try_receive(op, result)) {
    op.finish_now(result);
    return true;
  }
  reads_in_a_row_ = 0;
  wait_to_read(op);
  return false;
}

bool socket_stream::start_write(io_operation& op) {
  written_ = 0;
  io_result result{std::make_error_code(std::errc::bad_file_descriptor), 0};
  if (!socket_ || try_send(op, result)) {
    op.finish_now(result);
    return true;
  }
  writing_ = &op;
  return false;
}

void socket_stream::on_ready(std::uint32_t events) {
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) may_read_ = true;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) peer_ended_ = true;
  io_result result;
  if (writing_ != nullptr && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0 && try_send(*writing_, result)) {
    bool gone = false;
    gone_ = &gone;
    std::exchange(writing_, nullptr)->finish(result);
    if (gone) return;
    gone_ = nullptr;
  }
  if (reading_ != nullptr && try_receive(*reading_, result)) std::exchange(reading_, nullptr)->finish(result);
}

void socket_stream::expect_ready() const noexcept {
  if (reading_ == nullptr) return;
  constexpr std::intptr_t line = 64;
  // The operation stands in its coroutine's frame; what comes goes to the buffer.
  // Addresses are counted as numbers: some lie outside of what the pointers point to, and nobody reads through them.
  const auto prefetch_to_read = [](std::intptr_t address) {
    __builtin_prefetch(reinterpret_cast<void*>(address));  // NOLINT(performance-no-int-to-ptr)
  };
  const auto prefetch_to_write = [](std::intptr_t address) {
    __builtin_prefetch(reinterpret_cast<void*>(address), 1);  // NOLINT(performance-no-int-to-ptr)
  };
  const auto frame = reinterpret_cast<std::intptr_t>(reading_);
  const auto buffer = reinterpret_cast<std::intptr_t>(read_into_);
  for (std::intptr_t at = -4 * line; at < 3 * line; at += line) prefetch_to_read(frame + at);
  for (std::intptr_t at = 0; at < 4 * line; at += line) prefetch_to_write(buffer + at);
}

// Never from inside a call of the one who waits: a cancelled scope is still busy with its list.
void socket_stream::finish_later(io_operation* op, io_result result) const {
  home_.post([op, result] { op->finish(result); });
}

void socket_stream::cancel_read() noexcept {
  if (io_operation* op = std::exchange(reading_, nullptr)) finish_later(op, {errc::cancelled, 0});
}
void socket_stream::cancel_write() noexcept {
  if (io_operation* op = std::exchange(writing_, nullptr)) finish_later(op, {errc::cancelled, written_});
}

bool socket_stream::write_now(std::string_view bytes) noexcept {
  if (!socket_ || writing_ != nullptr) return false;
  ssize_t sent = 0;
  do sent = send(socket_.get(), bytes);
  while (sent < 0 && errno == EINTR);
  return sent >= 0 && static_cast<std::size_t>(sent) == bytes.size();
}

std::error_code socket_stream::shutdown_write() noexcept {
  return ::shutdown(socket_.get(), SHUT_WR) == 0 ? std::error_code() : last_error();
}

void socket_stream::close() noexcept {
  if (!socket_) return;
  cancel_read();
  cancel_write();
  home_.sockets().remove(socket_.get(), *this);
  socket_.reset();
}

void socket_stream::reset() noexcept {
  if (!socket_) return;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

bool socket_stream::is_idle_and_alive() noexcept {
  if (!socket_ || peer_ended_) return false;
  char byte = 0;
  const ssize_t got = ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && must_wait();
}

}  // namespace lakh::net
