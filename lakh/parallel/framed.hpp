// Messages over a stream of bytes: before each stands its length, 4 bytes, big-endian.
//
//   lakh::framed_stream peer(co_await lakh::net::connect(where));
//   co_await peer.send("hello");
//   while (auto message = co_await peer.receive()) use(*message);
//
// 1. Messages arrive whole and in order. An end of the stream between two messages is the orderly end; within one it is
//    a closed_error that says how much was missing.
// 2. A length above the limit is an error (errc::too_large) before anything of the message is read. Memory grows with
//    the bytes that came, not with the length that was promised.
// 3. After an error, or a cancelled send, the stream is of no more use: what follows would be taken for something else.
//    A cancelled receive has lost nothing.
// 4. An empty message is a message.
#pragma once

#include <lakh/async/mutex.hpp>
#include <lakh/net/stream.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lakh {

// What a limit that is set by a user may be at most: headers have room for it, and for what stands beside it.
inline constexpr std::size_t most_message_limit = 0xffff'ffffU - (std::size_t{1} << 20U);
// 16 MiB: what is larger is better sent in parts, or left in a file.
inline constexpr std::size_t default_message_limit = std::size_t{16} << 20U;

inline constexpr std::size_t frame_header_size = 4;
// Throws error (errc::too_large) where the message is larger than `most`, or does not fit the header.
std::array<char, frame_header_size> frame_header(std::size_t message, std::size_t most);

// Bytes in, in any cut; messages out. Does no I/O.
class frame_decoder {
 public:
  explicit frame_decoder(std::size_t most = default_message_limit) noexcept : most_(most) {}

  // Room for the next bytes, never empty; then `filled` says how many came. Ends the life of what `next` gave.
  std::span<char> room();
  void filled(std::size_t bytes) noexcept { end_ += bytes; }

  // The next whole message, or nothing if more bytes are needed. Throws error (errc::too_large). It lives until `room`.
  std::optional<std::string_view> next();

  // The stream has ended: throws closed_error if that is within a message. `from` names the peer.
  void at_end(std::string_view from) const;

  void limit(std::size_t most) noexcept { most_ = most; }

 private:
  std::string buffer_;
  std::size_t begin_ = 0;  // bytes [begin_, end_) of the buffer have come and are not yet handed out
  std::size_t end_ = 0;
  std::size_t most_;
};

// Over a stream, for coroutines of its loop. Several may send: messages go whole, one after the other. One receives.
class framed_stream {
 public:
  explicit framed_stream(std::unique_ptr<net::stream> over, std::size_t most = default_message_limit)
      : over_(std::move(over)), decoder_(most), most_(most) {}

  // One message, in two parts where that saves a copy.
  task<void> send(std::string_view first, std::string_view second = {});
  // One message without waiting (stream::write_now). False where it did not go: then the stream is of no more use.
  [[nodiscard]] bool send_now(std::string_view message);
  // Nothing at the orderly end. With a time: timeout_error where for so long not a single byte has come; a message that
  // comes slowly may take longer.
  task<std::optional<std::string>> receive(std::optional<duration> silence = {});

  // For what is sent and received from now on.
  void limit(std::size_t most) noexcept {
    most_ = most;
    decoder_.limit(most);
  }
  [[nodiscard]] std::size_t limit() const noexcept { return most_; }
  [[nodiscard]] std::string peer() const { return over_->peer(); }
  [[nodiscard]] net::stream& stream() noexcept { return *over_; }
  void close() noexcept { over_->close(); }

 private:
  task<net::io_result> read_some();

  std::unique_ptr<net::stream> over_;
  frame_decoder decoder_;
  mutex sending_;
  std::size_t most_;
  bool cut_ = false;  // a message has been sent in part
};

// Over a plain descriptor, for threads: sockets, pipes, files; blocking or not. They read not a byte more than the
// message, so that the descriptor can be handed on between two messages. errc::timed_out where the time comes first.
// A peer that has gone is a closed_error, never a signal. Writing to a pipe that blocks heeds no time.
void send_message(int descriptor, std::string_view message, std::size_t most = default_message_limit,
                  std::optional<time_point> until = {});
// Nothing at the orderly end.
std::optional<std::string> receive_message(int descriptor, std::size_t most = default_message_limit,
                                           std::optional<time_point> until = {});

}  // namespace lakh
