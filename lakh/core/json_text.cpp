#include <lakh/core/json_text.hpp>
#include <lakh/core/text.hpp>

namespace lakh {
namespace {

bool is_hex(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

void json_cursor::skip_space() noexcept {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c != ' ' && c != '\n' && c != '\t' && c != '\r') return;
    ++at_;
  }
}

json_status json_cursor::string(std::string_view& inside) noexcept {
  if (!take('"')) return json_status::malformed;
  const std::size_t begin = at_;
  for (;;) {
    at_ = find_json_special(text_, at_);
    if (at_ == text_.size()) return json_status::malformed;
    const char c = text_[at_];
    if (c == '"') {
      inside = text_.substr(begin, at_ - begin);
      ++at_;
      return json_status::ok;
    }
    if (c != '\\') return json_status::malformed;
    if (at_ + 1 == text_.size()) return json_status::malformed;
    const char kind = text_[at_ + 1];
    if (kind == 'u') {
      if (text_.size() - at_ < 6) return json_status::malformed;
      for (std::size_t i = 2; i < 6; ++i)
        if (!is_hex(text_[at_ + i])) return json_status::malformed;
      at_ += 6;
    } else if (std::string_view("\"\\/bfnrt").find(kind) != std::string_view::npos) {
      at_ += 2;
    } else {
      return json_status::malformed;
    }
  }
}

json_status json_cursor::scalar() noexcept {
  const auto word = [&](std::string_view expected) {
    if (!text_.substr(at_).starts_with(expected)) return json_status::malformed;
    at_ += expected.size();
    return json_status::ok;
  };
  switch (peek()) {
    case '"': {
      std::string_view inside;
      return string(inside);
    }
    case 't': return word("true");
    case 'f': return word("false");
    case 'n': return word("null");
    default: break;
  }
  std::size_t end = at_;
  while (end < text_.size()) {
    const char c = text_[end];
    if ((c < '0' || c > '9') && c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E') break;
    ++end;
  }
  if (!is_json_number(text_.substr(at_, end - at_))) return json_status::malformed;
  at_ = end;
  return json_status::ok;
}

json_status json_cursor::value(std::string_view& raw) noexcept {
  skip_space();
  const std::size_t begin = at_;
  // One bit per open bracket, innermost lowest: set for an object.
  std::uint64_t open = 0;
  unsigned depth = 0;
  const auto name = [&]() noexcept {
    std::string_view inside;
    skip_space();
    if (const auto status = string(inside); status != json_status::ok) return status;
    skip_space();
    return take(':') ? json_status::ok : json_status::malformed;
  };
  for (;;) {
    skip_space();
    const char c = peek();
    bool closed = true;
    if (c == '{' || c == '[') {
      if (depth == json_depth_limit) return json_status::too_deep;
      ++at_;
      ++depth;
      open = open << 1 | (c == '{' ? 1U : 0U);
      skip_space();
      if (take(c == '{' ? '}' : ']')) {
        --depth;
        open >>= 1;
      } else {
        closed = false;
        if (c == '{')
          if (const auto status = name(); status != json_status::ok) return status;
      }
    } else if (const auto status = scalar(); status != json_status::ok) {
      return status;
    }
    if (!closed) continue;
    // A value has ended: close what closes after it, until a comma asks for the next one.
    for (;;) {
      if (depth == 0) {
        raw = text_.substr(begin, at_ - begin);
        return json_status::ok;
      }
      skip_space();
      const bool object = (open & 1U) != 0;
      if (take(',')) {
        if (object)
          if (const auto status = name(); status != json_status::ok) return status;
        break;
      }
      if (!take(object ? '}' : ']')) return json_status::malformed;
      --depth;
      open >>= 1;
    }
  }
}

json_status check_json(std::string_view text, std::size_t* fault) noexcept {
  json_cursor cursor(text);
  std::string_view raw;
  auto status = cursor.value(raw);
  if (status == json_status::ok) {
    cursor.skip_space();
    if (!cursor.at_end()) status = json_status::malformed;
  }
  if (fault != nullptr) *fault = cursor.offset();
  return status;
}

bool json_string_equals(std::string_view inside, std::string_view text) noexcept {
  if (inside.find('\\') == std::string_view::npos) return inside == text;
  // An escape stands for at most four bytes, so that each compares without a buffer that could grow: the small string
  // of one piece stays inside the object.
  std::size_t matched = 0;
  std::size_t at = 0;
  while (at < inside.size()) {
    std::size_t length = 1;
    if (inside[at] == '\\') {
      length = at + 1 < inside.size() && inside[at + 1] == 'u' ? 6 : 2;
      const bool pair = length == 6 && inside.size() - at >= 12 && (inside[at + 2] == 'd' || inside[at + 2] == 'D') &&
                        std::string_view("89abAB").find(inside[at + 3]) != std::string_view::npos;
      if (pair) length = 12;
    }
    std::string piece;
    if (!append_json_unescaped(piece, inside.substr(at, length))) return false;
    if (!text.substr(matched).starts_with(piece)) return false;
    matched += piece.size();
    at += length;
  }
  return matched == text.size();
}

bool append_json_text(std::string& out, std::string_view raw) {
  if (raw.size() < 2 || raw.front() != '"' || raw.back() != '"') {
    out.append(raw);
    return true;
  }
  const std::size_t before = out.size();
  if (append_json_unescaped(out, raw.substr(1, raw.size() - 2))) return true;
  out.resize(before);
  return false;
}

}  // namespace lakh
