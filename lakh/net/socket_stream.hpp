// Streams over the kernel's sockets, TCP and Unix-domain alike. Internal to the room: others see connect() and
// listener.
#pragma once

#include <lakh/async/loop.hpp>
#include <lakh/async/readiness.hpp>
#include <lakh/core/unique_fd.hpp>
#include <lakh/net/stream.hpp>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>

namespace lakh::net {

using generic_socket =
    boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, boost::asio::io_context::executor_type>;

class socket_stream final : public stream, private socket_watcher {
 public:
  // A connected socket, which it takes out of Asio's hands. Makes it non-blocking, and turns Nagle's algorithm off for
  // TCP.
  socket_stream(generic_socket socket, std::string peer);
  ~socket_stream() override;

  [[nodiscard]] bool write_now(std::string_view bytes) noexcept override;
  std::error_code shutdown_write() noexcept override;
  void close() noexcept override;
  void reset() noexcept override;
  [[nodiscard]] bool is_idle_and_alive() noexcept override;
  [[nodiscard]] bool may_have_news() const noexcept override { return may_read_ || peer_ended_; }
  [[nodiscard]] std::string peer() const override { return peer_; }

 protected:
  bool start_read(io_operation& op) override;
  bool start_write(io_operation& op) override;
  void cancel_read() noexcept override;
  void cancel_write() noexcept override;

 private:
  void on_ready(std::uint32_t events) override;
  void expect_ready() const noexcept override;
  bool try_receive(const io_operation& op, io_result& result) noexcept;
  bool try_send(const io_operation& op, io_result& result) noexcept;
  void wait_to_read(io_operation& op) noexcept;
  void finish_later(io_operation* op, io_result result) const;

  unique_fd socket_;
  bool may_read_ = true;     // there may be bytes, or the end, to be had at once
  bool peer_ended_ = false;  // the end, or an error, has been seen coming: no further event will tell of it
  std::uint8_t reads_in_a_row_ = 0;
  io_operation* reading_ = nullptr;
  const char* read_into_ = nullptr;  // of the last read, for expect_ready
  io_operation* writing_ = nullptr;
  std::size_t written_ = 0;
  loop& home_;
  bool* gone_ = nullptr;  // set by the destructor while on_ready runs
  std::string peer_;
};

}  // namespace lakh::net
