#include <lakh/net/socket_stream.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <cerrno>

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace lakh::net {
namespace asio = boost::asio;
namespace {

std::error_code last_error() noexcept {
  return {errno, std::system_category()};
}

// Asio's own conditions in ours; errno values stay what they are.
std::error_code translate(const boost::system::error_code& error) noexcept {
  if (error == asio::error::operation_aborted) return errc::cancelled;
  if (error == asio::error::eof) return {};
  return error;
}

}  // namespace

struct socket_stream::read_handler {
  socket_stream* self;
  io_operation* op;
  using cancellation_slot_type = asio::cancellation_slot;
  [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept { return self->read_signal_.slot(); }
  void operator()(const boost::system::error_code& error, std::size_t bytes) const {
    op->finish({translate(error), bytes});
  }
};

struct socket_stream::write_handler {
  socket_stream* self;
  io_operation* op;
  using cancellation_slot_type = asio::cancellation_slot;
  [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept { return self->write_signal_.slot(); }
  void operator()(const boost::system::error_code& error, std::size_t bytes) const {
    self->written_ += bytes;
    if (error)
      op->finish({translate(error), self->written_});
    else if (self->written_ == op->first().size() + op->second().size())
      op->finish({{}, self->written_});
    else
      self->write_rest(*op);
  }
};

socket_stream::socket_stream(generic_socket socket, std::string peer)
    : socket_(std::move(socket)), peer_(std::move(peer)) {
  boost::system::error_code ignored;  // a socket that refuses options still carries bytes; its errors show there
  socket_.native_non_blocking(true, ignored);
  socket_.non_blocking(true, ignored);
  const int on = 1;
  if (socket_.local_endpoint(ignored).protocol().family() != AF_UNIX)
    ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

socket_stream::~socket_stream() {
  close();
}

bool socket_stream::start_read(io_operation& op) {
  // Asio remembers whether the last read emptied the socket, and then waits without asking the kernel first: an
  // exchange costs one recv.
  const std::span<char> into = op.buffer();
  socket_.async_read_some(asio::buffer(into.data(), into.size()), read_handler{this, &op});
  return false;
}

bool socket_stream::start_write(io_operation& op) {
  // Most writes fit the socket's buffer: they are done here, without a turn of the loop.
  const std::string_view first = op.first();
  const std::string_view second = op.second();
  ssize_t sent = 0;
  if (second.empty()) {
    sent = ::send(socket_.native_handle(), first.data(), first.size(), MSG_NOSIGNAL);
  } else {
    std::array<iovec, 2> parts{{{const_cast<char*>(first.data()), first.size()},      // NOLINT: not written through
                                {const_cast<char*>(second.data()), second.size()}}};  // NOLINT
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
  }
  written_ = 0;
  if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
    op.finish_now({last_error(), 0});
    return true;
  }
  if (sent > 0) written_ = static_cast<std::size_t>(sent);
  if (written_ == first.size() + second.size()) {
    op.finish_now({{}, written_});
    return true;
  }
  write_rest(op);
  return false;
}

void socket_stream::write_rest(io_operation& op) {
  const std::string_view first = op.first();
  const std::string_view second = op.second();
  const std::array<asio::const_buffer, 2> rest{
      written_ < first.size() ? asio::buffer(first.substr(written_)) : asio::const_buffer(),
      asio::buffer(second.substr(written_ > first.size() ? written_ - first.size() : 0))};
  socket_.async_write_some(rest, write_handler{this, &op});
}

void socket_stream::cancel_read() noexcept {
  read_signal_.emit(asio::cancellation_type::all);
}
void socket_stream::cancel_write() noexcept {
  write_signal_.emit(asio::cancellation_type::all);
}

std::error_code socket_stream::shutdown_write() noexcept {
  boost::system::error_code error;
  socket_.shutdown(asio::socket_base::shutdown_send, error);
  return error;
}

void socket_stream::close() noexcept {
  boost::system::error_code ignored;  // the descriptor is gone either way (close(2))
  socket_.close(ignored);
}

bool socket_stream::is_idle_and_alive() noexcept {
  if (!socket_.is_open()) return false;
  char byte = 0;
  const ssize_t got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace lakh::net
