#include <lakh/wire/ascii.hpp>
#include <lakh/wire/http1_body.hpp>

#include <algorithm>

namespace lakh::wire {
namespace {

constexpr unsigned max_size_digits = 16;

}  // namespace

body_decoder::body_decoder(body_framing framing, std::uint64_t length, const body_limits& limits) noexcept
    : limits_(limits) {
  switch (framing) {
    case body_framing::none: break;
    case body_framing::length:
      left_ = length;
      if (length > limits.max_body) {
        fail(http1_error::body_too_large);
      } else if (length > 0) {
        state_ = body_state::more;
      }
      break;
    case body_framing::chunked:
      chunked_ = true;
      part_ = part::size_first;
      state_ = body_state::more;
      break;
    case body_framing::until_close:
      part_ = part::to_close;
      state_ = body_state::more;
      break;
  }
}

body_state body_decoder::fail(http1_error error) noexcept {
  error_ = error;
  return state_ = body_state::error;
}

body_decoder::step body_decoder::decode(std::string_view in) noexcept {
  std::size_t at = 0;
  std::string_view data;
  while (state_ == body_state::more && at < in.size()) {
    if (part_ != part::data && part_ != part::to_close) {
      framing_byte(in[at]);
      if (state_ != body_state::error) ++at;
      continue;
    }
    if (!data.empty()) break;  // one run of content per call
    // Content up to the limit is handed out before the error, wherever the input was cut.
    const std::uint64_t allowed = part_ == part::data ? left_ : limits_.max_body - received_;
    if (allowed == 0) {
      fail(http1_error::body_too_large);
      break;
    }
    data = in.substr(at, static_cast<std::size_t>(std::min<std::uint64_t>(allowed, in.size() - at)));
    at += data.size();
    received_ += data.size();
    if (part_ == part::data && (left_ -= data.size()) == 0) {
      if (chunked_) {
        part_ = part::data_cr;
      } else {
        state_ = body_state::done;
      }
    }
  }
  return {at, data, state_};
}

void body_decoder::framing_byte(char c) noexcept {
  switch (part_) {
    case part::size_first:
      left_ = 0;
      size_digits_ = 0;
      part_ = part::size;
      if (hex_value(c) < 0) {
        fail(http1_error::bad_chunk_size);
        return;
      }
      [[fallthrough]];
    case part::size:
      if (const int digit = hex_value(c); digit >= 0) {
        if (++size_digits_ > max_size_digits) {
          fail(http1_error::bad_chunk_size);
          return;
        }
        left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
        return;
      }
      [[fallthrough]];
    case part::extension_space:
      if (c == ';') {
        part_ = part::extension;
      } else if (c == ' ' || c == '\t') {
        part_ = part::extension_space;
      } else if (c == '\r' && part_ == part::size) {
        part_ = part::size_lf;
        return;
      } else {
        fail(part_ == part::size ? http1_error::bad_chunk_size : http1_error::bad_chunk_extension);
        return;
      }
      if (++extensions_ > limits_.max_chunk_extensions) fail(http1_error::chunk_extension_too_long);
      return;
    case part::extension:
      if (c == '\r') {
        part_ = part::size_lf;
      } else if (!is(c, class_value)) {
        fail(http1_error::bad_chunk_extension);
      } else if (++extensions_ > limits_.max_chunk_extensions) {
        fail(http1_error::chunk_extension_too_long);
      }
      return;
    case part::size_lf:
      if (c != '\n') {
        fail(http1_error::bad_chunk_extension);
      } else if (left_ == 0) {
        part_ = part::trailer_first;
      } else if (left_ > limits_.max_body - received_) {
        fail(http1_error::body_too_large);
      } else {
        part_ = part::data;
      }
      return;
    case part::data_cr:
      part_ = part::data_lf;
      if (c != '\r') fail(http1_error::bad_chunk_end);
      return;
    case part::data_lf:
      part_ = part::size_first;
      if (c != '\n') fail(http1_error::bad_chunk_end);
      return;
    case part::last_lf:
      if (c != '\n') {
        fail(http1_error::bad_trailer);
      } else {
        state_ = body_state::done;
      }
      return;
    case part::trailer_first:
      if (c == '\r') {
        part_ = part::last_lf;
        return;
      }
      part_ = part::trailer_name;
      if (!is(c, class_token)) fail(http1_error::bad_trailer);
      break;
    case part::trailer_name:
      if (c == ':') {
        part_ = part::trailer_value;
      } else if (!is(c, class_token)) {
        fail(http1_error::bad_trailer);
      }
      break;
    case part::trailer_value:
      if (c == '\r') {
        part_ = part::trailer_lf;
      } else if (!is(c, class_value)) {
        fail(http1_error::bad_trailer);
      }
      break;
    case part::trailer_lf:
      part_ = part::trailer_first;
      if (c != '\n') fail(http1_error::bad_trailer);
      break;
    case part::data:
    case part::to_close: return;
  }
  if (state_ == body_state::more && ++trailers_ > limits_.max_trailers) fail(http1_error::trailer_too_long);
}

body_state body_decoder::at_eof() noexcept {
  if (state_ != body_state::more) return state_;
  if (part_ == part::to_close) return state_ = body_state::done;
  return fail(http1_error::truncated);
}

}  // namespace lakh::wire
