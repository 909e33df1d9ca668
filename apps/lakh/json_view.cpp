#include "json_view.hpp"

#include <lakh/core/text.hpp>

namespace lakh::cli {
namespace {

std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return std::min(at + 1, text.size());
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::size_t next_solid(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

}  // namespace

std::string pretty_json(std::string_view text, const paint& colours) {
  std::string out;
  std::size_t depth = 0;
  const auto new_line = [&] {
    out += '\n';
    out.append(depth * 2, ' ');
  };
  for (std::size_t at = next_solid(text, 0); at < text.size(); at = next_solid(text, at)) {
    const char c = text[at];
    if (c == '{' || c == '[') {
      out += c;
      const std::size_t inside = next_solid(text, at + 1);
      if (inside < text.size() && (text[inside] == '}' || text[inside] == ']')) {
        out += text[inside];
        at = inside + 1;
        continue;
      }
      ++depth;
      new_line();
      ++at;
    } else if (c == '}' || c == ']') {
      if (depth != 0) --depth;
      new_line();
      out += c;
      ++at;
    } else if (c == ',') {
      out += c;
      new_line();
      ++at;
    } else if (c == ':') {
      out += ": ";
      ++at;
    } else if (c == '"') {
      const std::size_t end = end_of_string(text, at);
      const std::string token = printable(text.substr(at, end - at));
      const std::size_t behind = next_solid(text, end);
      const bool is_name = behind < text.size() && text[behind] == ':';
      out += is_name ? colours.blue(token) : colours.green(token);
      at = end;
    } else {
      std::size_t end = at;
      while (end < text.size() && !is_space(text[end]) &&
             std::string_view(",:]}\"[{").find(text[end]) == std::string_view::npos)
        ++end;
      if (end == at) ++end;
      out += colours.cyan(printable(text.substr(at, end - at)));
      at = end;
    }
  }
  return out;
}

void append_json_bytes(std::string& out, std::string_view name, std::string_view bytes) {
  const bool is_text = is_utf8(bytes);
  out.append(",\"").append(name).append(is_text ? "\":" : "_base64\":\"");
  if (is_text) {
    append_json_string(out, bytes);
    return;
  }
  append_base64(out, bytes);
  out += '"';
}

}  // namespace lakh::cli
