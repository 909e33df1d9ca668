// Bodies of HTTP/1.1 messages (RFC 9112 §6, §7): where the content is among the bytes, and where it ends.
//
// Nothing is copied or kept: the content comes out as views into what went in, in pieces as large as the framing
// allows.
//
//    body_decoder body(head, limits);
//    while (body.state() == body_state::more) {
//      auto step = body.decode(bytes);       // bytes that have come
//      use(step.data);                       // may be empty
//      bytes.remove_prefix(step.consumed);   // what is left when it is done belongs to the next message
//      if (bytes.empty()) ...                // read more; at the end of the stream: body.at_eof()
//    }
#pragma once

#include <lakh/wire/http1_error.hpp>
#include <lakh/wire/http1_head.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lakh::wire {

struct body_limits {
  std::uint64_t max_body = 64 * 1024 * 1024;       // bytes of content
  std::uint32_t max_chunk_extensions = 16 * 1024;  // bytes of chunk extensions in the whole body; they are ignored
  std::uint32_t max_trailers = 16 * 1024;          // bytes of the trailer section; checked, then dropped
};

enum class body_state : std::uint8_t { more, done, error };

class body_decoder {
 public:
  struct [[nodiscard]] step {
    std::size_t consumed = 0;  // bytes of the input that are dealt with
    std::string_view data;     // content among them
    body_state state = body_state::more;
  };

  // A body that is not there: done.
  body_decoder() = default;

  // Done at once for no body and for length 0; in error at once if the length is beyond the limit.
  explicit body_decoder(body_framing framing, std::uint64_t length = 0, const body_limits& limits = {}) noexcept;
  explicit body_decoder(const message_head& head, const body_limits& limits = {}) noexcept
      : body_decoder(head.framing, head.content_length, limits) {}

  // Takes bytes until it has one run of content and the next would begin, the input is used up, or the body is done. If
  // it returns with input left in state `more`, call it again with the rest. With an error, `data` is what came before
  // it.
  step decode(std::string_view in) noexcept;

  // The peer has closed: done for a body that lasts until then, else error `truncated` unless it was done already.
  body_state at_eof() noexcept;

  [[nodiscard]] body_state state() const noexcept { return state_; }
  [[nodiscard]] http1_error error() const noexcept { return error_; }
  // Bytes of content so far.
  [[nodiscard]] std::uint64_t received() const noexcept { return received_; }
  // Bytes of content that are certain to follow before any framing: the rest of the length, or of the chunk.
  [[nodiscard]] std::uint64_t expected() const noexcept { return part_ == part::data ? left_ : 0; }

 private:
  // Where the next byte belongs.
  enum class part : std::uint8_t {
    data,             // content of a length, or of a chunk
    to_close,         // content until the end of the stream
    size_first,       // first digit of a chunk size
    size,             // further digits
    extension_space,  // white space before a ';'
    extension,
    size_lf,  // LF of the size line
    data_cr,
    data_lf,
    trailer_first,  // first byte of a trailer line
    trailer_name,
    trailer_value,
    trailer_lf,
    last_lf,  // LF of the empty line at the very end
  };

  body_state fail(http1_error error) noexcept;
  void framing_byte(char c) noexcept;

  body_limits limits_;
  std::uint64_t left_ = 0;
  std::uint64_t received_ = 0;
  std::uint32_t extensions_ = 0;
  std::uint32_t trailers_ = 0;
  std::uint8_t size_digits_ = 0;
  part part_ = part::data;
  bool chunked_ = false;
  body_state state_ = body_state::done;
  http1_error error_ = http1_error::none;
};

}  // namespace lakh::wire
