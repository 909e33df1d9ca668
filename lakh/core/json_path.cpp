#include <lakh/core/json_path.hpp>
#include <lakh/core/json_text.hpp>
#include <lakh/core/text.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace lakh {
namespace {

constexpr std::size_t most_steps = 32;

[[noreturn]] void fail(const input_place& place, std::string_view text, std::size_t at, const std::string& what) {
  input_place exact = place;
  if (exact.line != 0 && exact.column != 0) exact.column += position_of(text, at).column - 1;
  throw input_error(
      exact,
      "JSON path '" + std::string(text) + "': " + what + " at column " + std::to_string(position_of(text, at).column),
      "a path reads like $.id, $.orders[0].id or $['a b']");
}

json_lookup lookup_of(json_status status) noexcept {
  switch (status) {
    case json_status::ok: return json_lookup::found;
    case json_status::malformed: return json_lookup::malformed;
    case json_status::too_deep: return json_lookup::too_deep;
  }
  return json_lookup::malformed;
}

// Where a step cannot go down: absent if a sound value stands there, else what is wrong with it.
json_lookup nothing_below(json_cursor& cursor) noexcept {
  std::string_view ignored;
  const json_status status = cursor.value(ignored);
  return status == json_status::ok ? json_lookup::absent : lookup_of(status);
}

json_lookup enter_member(json_cursor& cursor, std::string_view name) noexcept {
  cursor.skip_space();
  if (!cursor.take('{')) return nothing_below(cursor);
  cursor.skip_space();
  if (cursor.take('}')) return json_lookup::absent;
  for (;;) {
    std::string_view key;
    cursor.skip_space();
    if (cursor.string(key) != json_status::ok) return json_lookup::malformed;
    cursor.skip_space();
    if (!cursor.take(':')) return json_lookup::malformed;
    if (json_string_equals(key, name)) return json_lookup::found;
    std::string_view ignored;
    if (const auto status = cursor.value(ignored); status != json_status::ok) return lookup_of(status);
    cursor.skip_space();
    if (cursor.take('}')) return json_lookup::absent;
    if (!cursor.take(',')) return json_lookup::malformed;
  }
}

json_lookup enter_element(json_cursor& cursor, std::size_t index) noexcept {
  cursor.skip_space();
  if (!cursor.take('[')) return nothing_below(cursor);
  cursor.skip_space();
  if (cursor.take(']')) return json_lookup::absent;
  for (std::size_t i = 0; i < index; ++i) {
    std::string_view ignored;
    if (const auto status = cursor.value(ignored); status != json_status::ok) return lookup_of(status);
    cursor.skip_space();
    if (cursor.take(']')) return json_lookup::absent;
    if (!cursor.take(',')) return json_lookup::malformed;
  }
  return json_lookup::found;
}

}  // namespace

json_path::json_path(std::string_view text, const input_place& place) : text_(text) {
  if (!text.starts_with('$')) fail(place, text, 0, "'$' is missing");
  std::size_t at = 1;
  while (at < text.size()) {
    if (steps_.size() == most_steps) fail(place, text, at, "too many steps");
    step next;
    if (text[at] == '.') {
      const std::size_t begin = ++at;
      while (at < text.size() && std::string_view(".[]'\"() \t\r\n*").find(text[at]) == std::string_view::npos) ++at;
      if (at == begin) fail(place, text, at, "a name is missing");
      next.name = text.substr(begin, at - begin);
    } else if (text[at] == '[') {
      ++at;
      if (at < text.size() && (text[at] == '\'' || text[at] == '"')) {
        const char quote = text[at++];
        while (at < text.size() && text[at] != quote) {
          if (text[at] == '\\' && at + 1 < text.size() && (text[at + 1] == quote || text[at + 1] == '\\')) ++at;
          next.name += text[at++];
        }
        if (at == text.size()) fail(place, text, at, "the quotation mark is not closed");
        ++at;
      } else {
        const std::size_t begin = at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
          next.index = next.index * 10 + static_cast<std::size_t>(text[at++] - '0');
          if (at - begin > 9) fail(place, text, begin, "the index is too large");
        }
        if (at == begin) fail(place, text, at, "an index or a name in quotation marks is missing");
        next.by_index = true;
      }
      if (at == text.size() || text[at] != ']') fail(place, text, at, "']' is missing");
      ++at;
    } else {
      fail(place, text, at, "'.' or '[' is missing");
    }
    steps_.push_back(std::move(next));
  }
}

const boost::json::value* json_path::find(const boost::json::value& document) const noexcept {
  const boost::json::value* at = &document;
  for (const step& next : steps_) {
    if (next.by_index) {
      const auto* array = at->if_array();
      at = array != nullptr ? array->if_contains(next.index) : nullptr;
    } else {
      const auto* object = at->if_object();
      at = object != nullptr ? object->if_contains(next.name) : nullptr;
    }
    if (at == nullptr) return nullptr;
  }
  return at;
}

json_raw json_path::raw(std::string_view document) const noexcept {
  json_cursor cursor(document);
  for (const step& next : steps_) {
    const auto status = next.by_index ? enter_element(cursor, next.index) : enter_member(cursor, next.name);
    if (status != json_lookup::found) return {status, {}};
  }
  json_raw result;
  result.status = lookup_of(cursor.value(result.text));
  if (result.status != json_lookup::found) result.text = {};
  return result;
}

}  // namespace lakh
