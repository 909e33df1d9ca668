// A stream of bytes to a peer: the one seam between protocols and transports. TCP and Unix-domain sockets, an in-memory
// pair for tests, and later TLS are streams; what speaks a protocol knows no more than this.
//
// Contract (stream_test.cpp holds every implementation against it)
// 1. At most one read and one write are under way at a time; they do not disturb each other.
// 2. A read that returns 0 bytes without an error is the orderly end of the peer's sending.
// 3. A write returns when all is handed to the transport, or fails; `bytes` then tells how many were, so that a caller
//    can say for certain that nothing was sent.
// 4. A cancelled or timed-out read or write fails with its scope's reason. After a cancelled write the stream is of no
//    more use; after a cancelled read nothing has been lost.
// 5. close() is at once, and fails whatever is under way with errc::cancelled.
// 6. A stream belongs to the loop it was made on.
#pragma once

#include <lakh/async/waiter.hpp>
#include <lakh/core/error.hpp>

#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace lakh::net {

struct [[nodiscard]] io_result {
  std::error_code error;
  std::size_t bytes = 0;
};

class stream;

// One read or write: the awaiter, and what the transport completes.
class [[nodiscard]] io_operation final : public cancel_hook {
 public:
  enum class direction : std::uint8_t { read, write };

  io_operation(stream& on, std::span<char> into) noexcept
      : on_(on), first_(into.data()), first_size_(into.size()), way_(direction::read) {}
  io_operation(stream& on, std::string_view first, std::string_view second) noexcept
      : on_(on),
        first_(
            const_cast<char*>(first.data())),  // NOLINT(cppcoreguidelines-pro-type-const-cast): never written through
        second_(second.data()),
        first_size_(first.size()),
        second_size_(second.size()),
        way_(direction::write) {}
  io_operation(const io_operation&) = delete;
  io_operation& operator=(const io_operation&) = delete;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) {
    cancel_scope& scope = *self.promise().scope();
    if (scope.is_cancelled()) {
      result_.error = scope.reason();
      return false;
    }
    coroutine_ = self;
    if (start()) return false;
    attach(scope);
    return true;
  }
  io_result await_resume() const noexcept { return result_; }

  // For transports.
  [[nodiscard]] std::span<char> buffer() const noexcept { return {first_, first_size_}; }
  [[nodiscard]] std::string_view first() const noexcept { return {first_, first_size_}; }
  [[nodiscard]] std::string_view second() const noexcept { return {second_, second_size_}; }
  // Finished before start_read or start_write returned true.
  void finish_now(io_result result) noexcept { result_ = result; }
  // Finished later: the coroutine goes on from inside this call.
  void finish(io_result result) {
    detach();
    result_ = result;
    if (reason_ && result_.error) result_.error = reason_;
    coroutine_.resume();
  }

 private:
  bool start();
  void on_cancel(std::error_code reason) noexcept override;

  stream& on_;
  std::coroutine_handle<> coroutine_;
  io_result result_;
  std::error_code reason_;
  char* first_;
  const char* second_ = nullptr;
  std::size_t first_size_;
  std::size_t second_size_ = 0;
  direction way_;
};

class stream {
 public:
  stream() = default;
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;
  virtual ~stream() = default;

  // co_await s.try_read_some(buffer): at least one byte, the end (0), or an error. The buffer must not be empty.
  io_operation try_read_some(std::span<char> into) noexcept { return {*this, into}; }
  // co_await s.try_write(head, body): both, entirely, in this order.
  io_operation try_write(std::string_view first, std::string_view second = {}) noexcept {
    return {*this, first, second};
  }

  // The same, throwing.
  task<std::size_t> read_some(std::span<char> into);
  task<void> write(std::string_view bytes);

  // Hands over a few bytes without waiting, for what has to be said where nobody can wait, as in a destructor. False
  // where the transport does not take all of them at once, or never does so: then a part of them may have gone, and the
  // stream is only to be closed. Not while a write is under way.
  [[nodiscard]] virtual bool write_now(std::string_view /*bytes*/) noexcept { return false; }

  // Nothing more will be sent; the peer sees the end, and may go on sending.
  virtual std::error_code shutdown_write() noexcept = 0;
  virtual void close() noexcept = 0;
  // As close(), without manners: bytes that are still under way are lost, and the peer sees a reset where the transport
  // has one (TCP's RST).
  virtual void reset() noexcept { close(); }

  // False if the peer has visibly gone, or has sent something: for a connection that lies idle between two exchanges.
  [[nodiscard]] virtual bool is_idle_and_alive() noexcept = 0;
  // Whether bytes, or the end, may have come since the last read, as far as the loop has noticed: asks nobody, and so
  // costs nothing. True is a reason to ask is_idle_and_alive(); false is not yet certain.
  [[nodiscard]] virtual bool may_have_news() const noexcept { return true; }

  // For messages: "127.0.0.1:8080", "[::1]:8080", "unix:/run/shop.sock".
  [[nodiscard]] virtual std::string peer() const = 0;

 protected:
  friend class io_operation;
  // Start the operation: true if it is finished already (by finish_now), false if `finish` will be called later, never
  // from inside start.
  virtual bool start_read(io_operation& op) = 0;
  virtual bool start_write(io_operation& op) = 0;
  // End the operation that is under way soon, by `finish` with an error if it has not succeeded by then.
  virtual void cancel_read() noexcept = 0;
  virtual void cancel_write() noexcept = 0;
};

inline bool io_operation::start() {
  return way_ == direction::read ? on_.start_read(*this) : on_.start_write(*this);
}

}  // namespace lakh::net
