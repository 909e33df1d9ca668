// Text at the byte level: UTF-8, JSON strings, numbers, near misses. Appending functions grow `out` and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace lakh {

// The position of the first byte that is not part of well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates,
// nothing above U+10FFFF), or npos.
std::size_t find_bad_utf8(std::string_view text) noexcept;
inline bool is_utf8(std::string_view text) noexcept {
  return find_bad_utf8(text) == std::string_view::npos;
}

// Line and column of a byte offset, both from 1; the column counts code points.
struct text_position {
  std::size_t line = 1;
  std::size_t column = 1;
};
text_position position_of(std::string_view text, std::size_t offset) noexcept;

// How many bytes the UTF-8 character takes that starts with this byte (1 for a byte that starts none).
std::size_t utf8_length(unsigned char first) noexcept;
void append_utf8(std::string& out, std::uint32_t code_point);

// The first byte from `at` on that a JSON string cannot hold as it is: a quotation mark, a backslash, a control
// character; the text's size where there is none.
std::size_t find_json_special(std::string_view text, std::size_t at) noexcept;
// The inside of a JSON string: quotation mark, backslash and control characters escaped (RFC 8259 §7), the rest as it
// is.
void append_json_escaped(std::string& out, std::string_view text);
// The same between quotation marks.
void append_json_string(std::string& out, std::string_view text);
// Undoes it: `inside` stands between the quotation marks. False where an escape is malformed or a surrogate stands
// alone
// (`out` then holds what came before), or a control character or bare quotation mark stands in it.
bool append_json_unescaped(std::string& out, std::string_view inside);

// Percent-encodes all but the unreserved characters of RFC 3986 §2.3 and those in `also_kept`.
void append_percent_encoded(std::string& out, std::string_view text, std::string_view also_kept = {});
// As in application/x-www-form-urlencoded: as above, with a space as '+' (WHATWG URL §5.2 keeps "*-._" and
// alphanumerics).
void append_form_encoded(std::string& out, std::string_view text);
// RFC 4648 §4, with padding.
void append_base64(std::string& out, std::string_view bytes);

// Writes into room of the caller's: at most 20 characters for a number, most_json_escaped(size) for text. They return
// the end.
char* put_number(char* at, std::uint64_t value) noexcept;
char* put_number(char* at, std::int64_t value) noexcept;
char* put_json_escaped(char* at, std::string_view text) noexcept;
constexpr std::size_t most_json_escaped(std::size_t size) noexcept {
  return size * 6;
}

void append_number(std::string& out, std::uint64_t value);
void append_number(std::string& out, std::int64_t value);
// With leading zeros up to `width` digits.
void append_padded(std::string& out, std::uint64_t value, unsigned width);
// Lower-case hexadecimal digits of the bytes.
void append_hex(std::string& out, std::span<const unsigned char> bytes);

// True where the text is a number as JSON writes it (RFC 8259 §6).
bool is_json_number(std::string_view text) noexcept;

// The candidate nearest to what was written, for "did you mean"; empty where none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

// "a, b and c" of names, each in quotation marks.
std::string list_of(std::span<const std::string_view> names);

}  // namespace lakh
