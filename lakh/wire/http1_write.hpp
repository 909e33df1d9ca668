// Writing HTTP/1.1 messages: every function appends to a string that the caller owns and reuses.
//
//    append_request_line(out, "POST", "/orders");
//    append_line(out, "Content-Type: application/json");     // a literal: checked by the compiler
//    if (!append_field(out, name, value)) ...                // from outside: checked now, nothing appended if refused
//    append_content_length(out, body.size());
//    append_head_end(out);
#pragma once

#include <lakh/wire/ascii.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace lakh::wire {

// Whether a field could be sent as it is: the name is a token; the value has no CR, LF, NUL or other control character,
// and no white space at its ends (RFC 9110 §5.5). A name or value that fails could inject fields, or whole requests.
constexpr bool is_field_name(std::string_view name) noexcept {
  return is_token(name);
}
constexpr bool is_field_value(std::string_view value) noexcept {
  return all_are(value, class_value) && trim_ows(value).size() == value.size();
}
// Whether a request target could be sent: not empty, no space, control, non-ASCII or " # < > characters.
constexpr bool is_request_target(std::string_view target) noexcept {
  return !target.empty() && all_are(target, class_target);
}

// A whole field line known when the program is compiled; a bad one does not compile.
class literal_line {
 public:
  consteval literal_line(const char* line) : line_(line) {  // NOLINT(google-explicit-constructor): reads as a string
    const auto colon = line_.find(": ");
    if (colon == std::string_view::npos || !is_field_name(line_.substr(0, colon)) ||
        !is_field_value(line_.substr(colon + 2)))
      throw "a field line reads \"Name: value\", without a line end";
  }
  [[nodiscard]] constexpr std::string_view text() const noexcept { return line_; }

 private:
  std::string_view line_;
};

// "GET /path HTTP/1.1\r\n". False, with nothing appended, if the method is no token or the target could not be sent.
[[nodiscard]] bool append_request_line(std::string& out, std::string_view method, std::string_view target);
void append_request_line_unchecked(std::string& out, std::string_view method, std::string_view target);

// "HTTP/1.1 200 OK\r\n". The status must be from 100 to 999; one that is not registered has no reason phrase.
void append_status_line(std::string& out, int status);

// "Name: value\r\n". False, with nothing appended, if is_field_name or is_field_value refuse.
[[nodiscard]] bool append_field(std::string& out, std::string_view name, std::string_view value);
// For names and values that were checked before, or that cannot be bad (a number).
void append_field_unchecked(std::string& out, std::string_view name, std::string_view value);
void append_line(std::string& out, literal_line line);

void append_content_length(std::string& out, std::uint64_t length);

// The empty line behind the fields.
inline void append_head_end(std::string& out) {
  out.append("\r\n", 2);
}

// One chunk (RFC 9112 §7.1) is header, data, end. The data must not be empty: an empty chunk would end the body.
void append_chunk_header(std::string& out, std::uint64_t size);
inline void append_chunk_end(std::string& out) {
  out.append("\r\n", 2);
}
void append_chunk(std::string& out, std::string_view data);
inline void append_last_chunk(std::string& out) {
  out.append("0\r\n\r\n", 5);
}

}  // namespace lakh::wire
