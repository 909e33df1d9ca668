#include <lakh/sql/postgres_text.hpp>

namespace lakh::sql {
namespace {

bool is_name_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::size_t end_of(std::string_view text, std::size_t found, std::size_t length) noexcept {
  return found == std::string_view::npos ? text.size() : found + length;
}

// The end of a quotation that opens at `at`; a doubled mark does not end it, nor does one behind a backslash where
// those count (E'…').
std::size_t end_of_quotation(std::string_view text, std::size_t at, bool backslashes) noexcept {
  const char mark = text[at];
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (backslashes && text[i] == '\\') {
      ++i;
    } else if (text[i] == mark) {
      if (i + 1 == text.size() || text[i + 1] != mark) return i + 1;
      ++i;
    }
  }
  return text.size();
}

// Comments nest (SQL standard).
std::size_t end_of_comment(std::string_view text, std::size_t at) noexcept {
  unsigned depth = 0;
  for (std::size_t i = at; i + 1 < text.size(); ++i) {
    if (text[i] == '/' && text[i + 1] == '*') {
      ++depth;
      ++i;
    } else if (text[i] == '*' && text[i + 1] == '/') {
      ++i;
      if (--depth == 0) return i + 1;
    }
  }
  return text.size();
}

// $$…$$ and $tag$…$tag$; `at` itself where none opens there.
std::size_t end_of_dollar_quotation(std::string_view text, std::size_t at) noexcept {
  if (at > 0 && is_name_char(text[at - 1])) return at;
  std::size_t close = at + 1;
  if (close < text.size() && text[close] >= '0' && text[close] <= '9') return at;
  while (close < text.size() && is_name_char(text[close])) ++close;
  if (close == text.size() || text[close] != '$') return at;
  const std::string_view tag = text.substr(at, close + 1 - at);
  return end_of(text, text.find(tag, close + 1), tag.size());
}

// The end of what is no place for a parameter, if such a thing begins at `at`; else `at`.
std::size_t end_of_passage(std::string_view text, std::size_t at) noexcept {
  const char c = text[at];
  const std::string_view rest = text.substr(at);
  if (c == '\'') {
    const bool escapes =
        at > 0 && (text[at - 1] == 'e' || text[at - 1] == 'E') && (at == 1 || !is_name_char(text[at - 2]));
    return end_of_quotation(text, at, escapes);
  }
  if (c == '"') return end_of_quotation(text, at, false);
  if (c == '$') return end_of_dollar_quotation(text, at);
  if (rest.starts_with("--")) return end_of(text, text.find('\n', at), 1);
  if (rest.starts_with("/*")) return end_of_comment(text, at);
  if (rest.starts_with("::")) return at + 2;
  return at;
}

}  // namespace

bool is_postgres_uri(std::string_view text) noexcept {
  return text.starts_with("postgresql://") || text.starts_with("postgres://");
}

std::string_view password_in_uri(std::string_view uri) noexcept {
  if (!is_postgres_uri(uri)) return {};
  const std::size_t begin = uri.find("://") + 3;
  const std::size_t end = std::min(uri.find_first_of("/?#", begin), uri.size());
  const std::string_view authority = uri.substr(begin, end - begin);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = authority.substr(0, at);
    if (const std::size_t colon = user.find(':'); colon != std::string_view::npos) return user.substr(colon + 1);
  }
  for (std::size_t at = uri.find('?'); at != std::string_view::npos; at = uri.find('&', at + 1)) {
    constexpr std::string_view name = "password=";
    const std::string_view pair = uri.substr(at + 1);
    if (pair.starts_with(name)) return pair.substr(name.size(), pair.find('&') - name.size());
  }
  return {};
}

numbered_query number_parameter(std::string_view query, std::string_view name) {
  numbered_query result;
  for (std::size_t at = 0; at < query.size();) {
    if (const std::size_t end = end_of_passage(query, at); end != at) {
      result.text += query.substr(at, end - at);
      at = end;
      continue;
    }
    const std::size_t end = at + 1 + name.size();
    if (query[at] == ':' && query.substr(at + 1).starts_with(name) &&
        (end == query.size() || !is_name_char(query[end]))) {
      result.text += "$1";
      result.has_parameter = true;
      at = end;
    } else {
      result.text += query[at++];
    }
  }
  return result;
}

}  // namespace lakh::sql
