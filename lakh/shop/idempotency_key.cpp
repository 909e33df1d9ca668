#include <lakh/shop/idempotency_key.hpp>

#include <algorithm>
#include <cstddef>

namespace lakh::shop {
namespace {

bool is_lower(char c) noexcept {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool is_token_char(char c) noexcept {
  return is_lower(c) || (c >= 'A' && c <= 'Z') || is_digit(c) ||
         std::string_view("!#$%&'*+-./:=?@^_`|~").find(c) != std::string_view::npos;
}

// Steps over a Structured Fields string and appends what it says. False where it is not one.
bool take_string(std::string_view& text, std::string& out) {
  if (!text.starts_with('"')) return false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
    if (c == '\\') {
      ++i;
      if (i == text.size() || (text[i] != '"' && text[i] != '\\')) return false;
      c = text[i];
    } else if (c < 0x20 || c > 0x7e) {
      return false;
    }
    out += c;
  }
  return false;
}

// What may follow the string: *( ";" *SP key [ "=" bare-item ] ), RFC 8941 §3.1.2. The values are not looked into
// further than to find their ends.
bool is_parameters(std::string_view text) {
  const auto take_while = [&text](auto&& wanted) {
    const auto end = std::ranges::find_if_not(text, wanted);
    const auto taken = static_cast<std::size_t>(end - text.begin());
    text.remove_prefix(taken);
    return taken != 0;
  };
  while (!text.empty()) {
    if (text.front() != ';') return false;
    text.remove_prefix(1);
    take_while([](char c) { return c == ' '; });
    if (text.empty() || (!is_lower(text.front()) && text.front() != '*')) return false;
    take_while([](char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*'; });
    if (!text.starts_with('=')) continue;
    text.remove_prefix(1);
    if (std::string ignored; text.starts_with('"') ? !take_string(text, ignored) : !take_while(is_token_char))
      return false;
  }
  return true;
}

}  // namespace

std::expected<std::string, std::string> read_idempotency_key(std::string_view field_value) {
  std::string key;
  if (field_value.starts_with('"')) {
    if (!take_string(field_value, key))
      return std::unexpected("in quotation marks, a key is printable ASCII, with \\\" and \\\\ for these two");
    if (!is_parameters(field_value)) return std::unexpected("nothing but parameters may follow the quoted key");
  } else {
    if (!std::ranges::all_of(field_value, is_token_char))
      return std::unexpected(
          "a key with other characters than letters, digits and !#$%&'*+-./:=?@^_`|~ stands in "
          "quotation marks, and only one key is given");
    key = field_value;
  }
  if (key.empty()) return std::unexpected("the key is empty");
  if (key.size() > longest_key) return std::unexpected("the key is longer than 255 characters");
  return key;
}

}  // namespace lakh::shop
