// Streams over the kernel's sockets, TCP and Unix-domain alike. Internal to the room: others see connect() and
// listener.
#pragma once

#include <lakh/net/stream.hpp>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>

namespace lakh::net {

using generic_socket =
    boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, boost::asio::io_context::executor_type>;

class socket_stream final : public stream {
 public:
  // A connected socket. Makes it non-blocking, and turns Nagle's algorithm off for TCP.
  socket_stream(generic_socket socket, std::string peer);
  ~socket_stream() override;

  std::error_code shutdown_write() noexcept override;
  void close() noexcept override;
  [[nodiscard]] bool is_idle_and_alive() noexcept override;
  [[nodiscard]] std::string peer() const override { return peer_; }

 protected:
  bool start_read(io_operation& op) override;
  bool start_write(io_operation& op) override;
  void cancel_read() noexcept override;
  void cancel_write() noexcept override;

 private:
  struct read_handler;
  struct write_handler;
  void write_rest(io_operation& op);

  generic_socket socket_;
  boost::asio::cancellation_signal read_signal_;
  boost::asio::cancellation_signal write_signal_;
  std::string peer_;
  std::size_t written_ = 0;
};

}  // namespace lakh::net
