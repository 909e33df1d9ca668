// The small grammars inside field values: comma-separated lists, parameters, media types (RFC 9110 §5.6).
// All views point into the value that was given. Nothing allocates.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lakh::wire {

// Walks the elements of a comma-separated list (RFC 9110 §5.6.1): white space trimmed, empty elements skipped, commas
// inside quoted strings kept.
//   for (list_cursor list("gzip, , br"); auto element = list.next();) ...
class list_cursor {
 public:
  explicit list_cursor(std::string_view value) noexcept : rest_(value) {}
  std::optional<std::string_view> next() noexcept;

 private:
  std::string_view rest_;
};

// Whether a comma-separated list has this element, ignoring case.
bool list_contains(std::string_view value, std::string_view element) noexcept;

struct parameter {
  std::string_view name;
  std::string_view value;  // without the quotes; still with its backslashes if `quoted`: see unquoted()
  bool quoted = false;
};

// Walks `; name=value; name="value"` (RFC 9110 §5.6.6). `ok()` turns false, and the walk ends, where the grammar
// breaks.
class parameter_cursor {
 public:
  explicit parameter_cursor(std::string_view parameters) noexcept : rest_(parameters) {}
  std::optional<parameter> next() noexcept;
  [[nodiscard]] bool ok() const noexcept { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

// The text of a parameter's value with quoted pairs resolved.
std::string unquoted(const parameter& p);

// `type "/" subtype *( ";" parameter )` (RFC 9110 §8.3.1).
struct media_type {
  std::string_view type;
  std::string_view subtype;
  std::string_view parameters;  // for parameter_cursor

  // is("application", "json"), ignoring case.
  [[nodiscard]] bool is(std::string_view wanted_type, std::string_view wanted_subtype) const noexcept;
  // JSON by name or by structured suffix: application/json, application/problem+json (RFC 6839).
  [[nodiscard]] bool is_json() const noexcept;
  [[nodiscard]] std::optional<parameter> find(std::string_view name) const noexcept;
};

// Nothing if the value is not a media type, parameters included.
std::optional<media_type> parse_media_type(std::string_view value) noexcept;

}  // namespace lakh::wire
