#include <lakh/core/text.hpp>
#include <lakh/load/receipt_json.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace lakh::load {
namespace {

namespace json = boost::json;

constexpr std::int64_t largest = (std::int64_t{1} << 53U) - 1;

// RFC 8785 §3.2.2.2: only what must be escaped is, in its shortest form.
void put_text(std::string& out, std::string_view text) {
  if (!is_utf8(text)) throw std::invalid_argument("a text is not UTF-8");
  out += '"';
  for (const char letter : text) {
    switch (letter) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(letter) < 0x20) {
          constexpr char digits[] = "0123456789abcdef";
          out += "\\u00";
          out += digits[static_cast<unsigned char>(letter) >> 4U];
          out += digits[static_cast<unsigned char>(letter) & 15U];
        } else {
          out += letter;
        }
    }
  }
  out += '"';
}

// RFC 8785 §3.2.3 sorts by UTF-16 code units. Bytes of UTF-8 sort by code points: the same but for characters above
// U+FFFF, which UTF-16 puts before those from U+E000 on.
std::u16string utf16(std::string_view text) {
  std::u16string units;
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = std::min(utf8_length(lead), text.size() - at);
    char32_t point = length == 1 ? lead : lead & (0x7fU >> length);
    for (std::size_t next = at + 1; next < at + length; ++next)
      point = point << 6U | (static_cast<unsigned char>(text[next]) & 0x3fU);
    if (point >= 0x10000) {
      units += static_cast<char16_t>(0xd800 + ((point - 0x10000) >> 10U));
      units += static_cast<char16_t>(0xdc00 + ((point - 0x10000) & 0x3ffU));
    } else {
      units += static_cast<char16_t>(point);
    }
    at += length;
  }
  return units;
}

void put(std::string& out, const json::value& value);

void put_object(std::string& out, const json::object& object) {
  std::vector<std::pair<std::u16string, const json::key_value_pair*>> members;
  for (const auto& member : object) members.emplace_back(utf16(member.key()), &member);
  std::ranges::sort(members, {}, [](const auto& member) -> const std::u16string& { return member.first; });
  out += '{';
  for (const auto& [units, member] : members) {
    if (out.back() != '{') out += ',';
    put_text(out, member->key());
    out += ':';
    put(out, member->value());
  }
  out += '}';
}

void put_array(std::string& out, const json::array& array) {
  out += '[';
  for (const json::value& one : array) {
    if (out.back() != '[') out += ',';
    put(out, one);
  }
  out += ']';
}

void put(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: out += "null"; return;
    case json::kind::bool_: out += value.get_bool() ? "true" : "false"; return;
    case json::kind::string: put_text(out, value.get_string()); return;
    case json::kind::object: put_object(out, value.get_object()); return;
    case json::kind::array: put_array(out, value.get_array()); return;
    case json::kind::int64:
      if (value.get_int64() > largest || value.get_int64() < -largest) break;
      append_number(out, value.get_int64());
      return;
    case json::kind::uint64:
      if (value.get_uint64() > static_cast<std::uint64_t>(largest)) break;
      append_number(out, value.get_uint64());
      return;
    case json::kind::double_: break;
  }
  throw std::invalid_argument("a number is not whole, or larger than 2^53 - 1");
}

}  // namespace

std::string canonical_json(const json::value& value) {
  std::string out;
  put(out, value);
  return out;
}

}  // namespace lakh::load
