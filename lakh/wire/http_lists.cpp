#include <lakh/wire/ascii.hpp>
#include <lakh/wire/http_lists.hpp>

#include <algorithm>

namespace lakh::wire {
namespace {

// Behind the closing quote of the quoted string that starts at `from`, or npos if it does not close.
std::size_t behind_quoted(std::string_view text, std::size_t from) noexcept {
  for (std::size_t i = from + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

}  // namespace

std::optional<std::string_view> list_cursor::next() noexcept {
  while (!rest_.empty()) {
    std::size_t end = 0;
    while (end < rest_.size() && rest_[end] != ',') {
      // A quote that never closes takes the rest: nothing in it can pass for an element of its own.
      end = rest_[end] == '"' ? std::min(behind_quoted(rest_, end), rest_.size()) : end + 1;
    }
    const std::string_view element = trim_ows(rest_.substr(0, end));
    rest_.remove_prefix(end < rest_.size() ? end + 1 : end);
    if (!element.empty()) return element;
  }
  return std::nullopt;
}

bool list_contains(std::string_view value, std::string_view element) noexcept {
  list_cursor list(value);
  while (auto one = list.next())
    if (equals_ignoring_case(*one, element)) return true;
  return false;
}

std::optional<parameter> parameter_cursor::next() noexcept {
  if (!ok_) return std::nullopt;
  // *( OWS ";" OWS [ parameter ] ): empty parameters are allowed.
  for (;;) {
    rest_ = trim_ows(rest_);
    if (rest_.empty()) return std::nullopt;
    if (rest_.front() != ';') break;
    rest_ = trim_ows(rest_.substr(1));
    if (rest_.empty()) return std::nullopt;
    if (rest_.front() == ';') continue;

    parameter p;
    std::size_t i = 0;
    while (i < rest_.size() && is(rest_[i], class_token)) ++i;
    p.name = rest_.substr(0, i);
    if (p.name.empty() || i == rest_.size() || rest_[i] != '=') break;
    rest_.remove_prefix(i + 1);
    if (!rest_.empty() && rest_.front() == '"') {
      const std::size_t behind = behind_quoted(rest_, 0);
      if (behind == std::string_view::npos) break;
      p.quoted = true;
      p.value = rest_.substr(1, behind - 2);
      rest_.remove_prefix(behind);
    } else {
      i = 0;
      while (i < rest_.size() && is(rest_[i], class_token)) ++i;
      if (i == 0) break;
      p.value = rest_.substr(0, i);
      rest_.remove_prefix(i);
    }
    return p;
  }
  ok_ = false;
  return std::nullopt;
}

std::string unquoted(const parameter& p) {
  std::string out;
  out.reserve(p.value.size());
  for (std::size_t i = 0; i < p.value.size(); ++i) {
    if (p.quoted && p.value[i] == '\\' && i + 1 < p.value.size()) ++i;
    out.push_back(p.value[i]);
  }
  return out;
}

bool media_type::is(std::string_view wanted_type, std::string_view wanted_subtype) const noexcept {
  return equals_ignoring_case(type, wanted_type) && equals_ignoring_case(subtype, wanted_subtype);
}

bool media_type::is_json() const noexcept {
  constexpr std::string_view suffix = "+json";
  if (subtype.size() > suffix.size() && equals_ignoring_case(subtype.substr(subtype.size() - suffix.size()), suffix)) {
    return true;
  }
  return equals_ignoring_case(subtype, "json") &&
         (equals_ignoring_case(type, "application") || equals_ignoring_case(type, "text"));
}

std::optional<parameter> media_type::find(std::string_view name) const noexcept {
  parameter_cursor cursor(parameters);
  while (auto p = cursor.next())
    if (equals_ignoring_case(p->name, name)) return p;
  return std::nullopt;
}

std::optional<media_type> parse_media_type(std::string_view value) noexcept {
  value = trim_ows(value);
  const std::size_t end = std::min(value.find(';'), value.size());
  const std::string_view essence = trim_ows(value.substr(0, end));
  const std::size_t slash = essence.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  media_type type{essence.substr(0, slash), essence.substr(slash + 1), value.substr(end)};
  if (!is_token(type.type) || !is_token(type.subtype)) return std::nullopt;
  parameter_cursor cursor(type.parameters);
  while (cursor.next()) {
  }
  if (!cursor.ok()) return std::nullopt;
  return type;
}

}  // namespace lakh::wire
