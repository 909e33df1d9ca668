// Character classes of the wire formats, as one table, and case-insensitive comparison of ASCII.
// Nothing here looks at the locale.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lakh::wire {

enum char_class : std::uint8_t {
  class_token = 1,   // tchar: RFC 9110 §5.6.2
  class_target = 2,  // what may stand in a request target: visible ASCII but " # < >
  class_value = 4,   // what may stand inside a field value: HTAB, SP, visible ASCII, obs-text (RFC 9110 §5.5)
  class_host = 8,    // reg-name: unreserved, sub-delims, percent (RFC 3986 §3.2.2)
  class_digit = 16,
  class_hex = 32,
  class_alpha = 64,
  class_unreserved = 128,  // RFC 3986 §2.3
};

inline constexpr std::array<std::uint8_t, 256> char_classes = [] {
  std::array<std::uint8_t, 256> table{};
  auto add = [&table](std::string_view characters, unsigned bits) {
    for (char c : characters) table[static_cast<unsigned char>(c)] |= static_cast<std::uint8_t>(bits);
  };
  add("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
      class_alpha | class_token | class_host | class_unreserved);
  add("0123456789", class_digit | class_hex | class_token | class_host | class_unreserved);
  add("ABCDEFabcdef", class_hex);
  add("!#$%&'*+-.^_`|~", class_token);
  add("-._~", class_unreserved | class_host);
  add("!$&'()*+,;=%", class_host);
  for (unsigned c = 0x21; c < 0x7f; ++c) table[c] |= class_target | class_value;
  for (char c : std::string_view("\"#<>"))
    table[static_cast<unsigned char>(c)] &= static_cast<std::uint8_t>(~class_target);
  for (unsigned c = 0x80; c < 0x100; ++c) table[c] |= class_value;
  add(" \t", class_value);
  return table;
}();

constexpr bool is(char c, unsigned classes) noexcept {
  return (char_classes[static_cast<unsigned char>(c)] & classes) != 0;
}

constexpr bool all_are(std::string_view text, unsigned classes) noexcept {
  for (char c : text)
    if (!is(c, classes)) return false;
  return true;
}

constexpr bool is_token(std::string_view text) noexcept {
  return !text.empty() && all_are(text, class_token);
}

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] != b[i] && lower(a[i]) != lower(b[i])) return false;
  return true;
}

// Without the optional white space (SP and HTAB, RFC 9110 §5.6.3) at both ends.
constexpr std::string_view trim_ows(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The value of a hexadecimal digit, or -1.
constexpr int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace lakh::wire
