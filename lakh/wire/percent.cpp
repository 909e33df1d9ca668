#include <lakh/core/text.hpp>
#include <lakh/wire/ascii.hpp>
#include <lakh/wire/percent.hpp>

#include <algorithm>

namespace lakh {
namespace {

using wire::hex_value;
using wire::is;

void append_escape(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  const char escape[3] = {'%', digits[byte >> 4], digits[byte & 15]};
  out.append(escape, sizeof escape);
}

bool escape_at(std::string_view text, std::size_t i) noexcept {
  return i + 2 < text.size() && text[i] == '%' && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
}

std::expected<std::string, url_error> decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (!escape_at(text, i)) return std::unexpected(url_error{"'%' is not followed by two hexadecimal digits", i});
      out.push_back(static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
      i += 2;
    } else {
      out.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

}  // namespace

std::string percent_encode(std::string_view text, std::string_view safe) {
  std::string out;
  append_percent_encoded(out, text, safe);
  return out;
}

std::expected<std::string, url_error> percent_decode(std::string_view text) {
  return decode(text, false);
}

std::string form_encode(std::string_view text) {
  std::string out;
  append_form_encoded(out, text);
  return out;
}

std::expected<std::string, url_error> form_decode(std::string_view text) {
  return decode(text, true);
}

std::string requote(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool permitted = is(c, wire::class_unreserved) || (c == '%' && escape_at(text, i)) ||
                           (c != '\0' && std::string_view(":/?#[]@!$&'()*+,;=").find(c) != std::string_view::npos);
    if (permitted) {
      out.push_back(c);
    } else {
      append_escape(out, c);
    }
  }
  return out;
}

std::expected<std::vector<query_pair>, url_error> decode_query(std::string_view query, std::size_t max_pairs) {
  std::vector<query_pair> pairs;
  std::size_t begin = 0;
  const auto decode_part = [&](std::size_t from, std::size_t to) {
    auto decoded = form_decode(query.substr(from, to - from));
    if (!decoded) decoded.error().position += from;
    return decoded;
  };
  while (begin < query.size()) {
    const std::size_t end = std::min(query.find('&', begin), query.size());
    if (end > begin) {
      if (pairs.size() == max_pairs) return std::unexpected(url_error{"the query has too many parameters", begin});
      const std::size_t equal = std::min(query.find('=', begin), end);
      auto name = decode_part(begin, equal);
      if (!name) return std::unexpected(name.error());
      auto value = decode_part(std::min(equal + 1, end), end);
      if (!value) return std::unexpected(value.error());
      pairs.emplace_back(*std::move(name), *std::move(value));
    }
    begin = end + 1;
  }
  return pairs;
}

void append_query(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty()) out.push_back('&');
  append_form_encoded(out, name);
  out.push_back('=');
  append_form_encoded(out, value);
}

std::string encode_query(std::span<const query_pair> pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) append_query(out, name, value);
  return out;
}

}  // namespace lakh
