#include <lakh/async/timeout.hpp>
#include <lakh/core/error.hpp>
#include <lakh/parallel/descriptor_io.hpp>
#include <lakh/parallel/framed.hpp>

#include <algorithm>
#include <cstring>
#include <limits>

namespace lakh {
namespace {

constexpr std::size_t first_room = 4096;
constexpr std::size_t most_room = std::size_t{1} << 20U;

std::size_t length_in(const char* header) noexcept {
  std::size_t length = 0;
  for (std::size_t i = 0; i < frame_header_size; ++i) length = length << 8U | static_cast<unsigned char>(header[i]);
  return length;
}

[[noreturn]] void too_large(std::string_view what, std::size_t size, std::size_t most) {
  throw error(error_kind::limit, errc::too_large,
              std::string(what) + " of " + std::to_string(size) + " bytes: the limit is " + std::to_string(most),
              "raise the limit on both sides, or send it in parts");
}

[[noreturn]] void cut(std::string_view from, std::size_t missing) {
  throw closed_error(errc::connection_lost, "receive from " + std::string(from) +
                                                ": the peer went away within a message, " + std::to_string(missing) +
                                                " bytes before its end");
}

void check_received(std::size_t length, std::size_t most) {
  if (length > most) too_large("received a message", length, most);
}

}  // namespace

std::array<char, frame_header_size> frame_header(std::size_t message, std::size_t most) {
  most = std::min<std::size_t>(most, std::numeric_limits<std::uint32_t>::max());
  if (message > most) too_large("send a message", message, most);
  std::array<char, frame_header_size> header{};
  for (std::size_t i = 0; i < frame_header_size; ++i)
    header[i] = static_cast<char>(static_cast<unsigned char>(message >> (8 * (frame_header_size - 1 - i)) & 0xffU));
  return header;
}

std::span<char> frame_decoder::room() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (buffer_.empty()) buffer_.resize(first_room);
  if (end_ == buffer_.size() && begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) buffer_.resize(buffer_.size() + std::min(buffer_.size(), most_room));
  return std::span<char>(buffer_).subspan(end_);
}

std::optional<std::string_view> frame_decoder::next() {
  const std::size_t there = end_ - begin_;
  if (there < frame_header_size) return std::nullopt;
  const std::size_t length = length_in(buffer_.data() + begin_);
  check_received(length, most_);
  if (there - frame_header_size < length) return std::nullopt;
  const std::string_view message(buffer_.data() + begin_ + frame_header_size, length);
  begin_ += frame_header_size + length;
  return message;
}

void frame_decoder::at_end(std::string_view from) const {
  const std::size_t there = end_ - begin_;
  if (there == 0) return;
  cut(from, there < frame_header_size ? frame_header_size - there
                                      : frame_header_size + length_in(buffer_.data() + begin_) - there);
}

task<void> framed_stream::send(std::string_view first, std::string_view second) {
  const auto header = frame_header(first.size() + second.size(), most_);
  const permit alone = co_await sending_.lock();
  if (cut_)
    throw closed_error(errc::connection_lost, "send to " + peer() + ": an earlier message was sent only in part");
  std::string head(header.data(), header.size());
  head += first;
  cut_ = true;
  const net::io_result sent = co_await over_->try_write(head, second);
  if (sent.error) throw_error(sent.error, "send to " + peer());
  cut_ = false;
}

bool framed_stream::send_now(std::string_view message) {
  const auto header = frame_header(message.size(), most_);
  if (cut_ || sending_.is_locked()) return false;
  std::string whole(header.data(), header.size());
  whole += message;
  cut_ = !over_->write_now(whole);
  return !cut_;
}

task<net::io_result> framed_stream::read_some() {
  co_return co_await over_->try_read_some(decoder_.room());
}

task<std::optional<std::string>> framed_stream::receive(std::optional<duration> silence) {
  for (;;) {
    if (const auto message = decoder_.next()) co_return std::string(*message);
    net::io_result got;
    if (silence)
      got = co_await with_timeout(*silence, read_some());
    else
      got = co_await over_->try_read_some(decoder_.room());
    if (got.error) throw_error(got.error, "receive from " + peer());
    if (got.bytes == 0) {
      decoder_.at_end(peer());
      co_return std::nullopt;
    }
    decoder_.filled(got.bytes);
  }
}

void send_message(int descriptor, std::string_view message, std::size_t most, std::optional<time_point> until) {
  const auto header = frame_header(message.size(), most);
  detail::write_whole(descriptor, {header.data(), header.size()}, message, until);
}

std::optional<std::string> receive_message(int descriptor, std::size_t most, std::optional<time_point> until) {
  constexpr std::string_view from = "a descriptor";
  std::array<char, frame_header_size> header{};
  const std::size_t got = detail::read_whole(descriptor, header, until);
  if (got == 0) return std::nullopt;
  if (got < header.size()) cut(from, header.size() - got);
  const std::size_t length = length_in(header.data());
  check_received(length, most);
  std::string message;
  while (message.size() < length) {
    const std::size_t before = message.size();
    message.resize(std::min(length, before + most_room));
    const std::size_t part = detail::read_whole(descriptor, std::span<char>(message).subspan(before), until);
    if (before + part < message.size()) cut(from, length - before - part);
  }
  return message;
}

}  // namespace lakh
