// A small JSON path: where in a JSON document a value stands. `$` is the document; `.name`, `['any name']`, `["any
// name"]` and `[3]` go down. No wildcards and no filters: a path names at most one value.
#pragma once

#include <lakh/core/error.hpp>

#include <boost/json/fwd.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lakh {

enum class json_lookup : std::uint8_t {
  found,
  absent,     // the document is fine as far as it was read; nothing stands there
  malformed,  // not JSON, as far as it was read
  too_deep,   // nested deeper than json_depth_limit
};

// What raw() gives: the value's own text in the document ("42", "\"a b\"", "{...}"), without white space around it.
struct json_raw {
  json_lookup status = json_lookup::absent;
  std::string_view text;
};

class json_path {
 public:
  // Throws input_error that names the column; `place` is where the path stands in the user's input.
  explicit json_path(std::string_view text, const input_place& place = {});

  // The value in a parsed document, or null.
  [[nodiscard]] const boost::json::value* find(const boost::json::value& document) const noexcept;

  // The value in the document's text: one pass, no allocation, no recursion. Reads no further than the value's end and
  // checks only what it walks over, so what follows may be anything. Of a repeated name the first counts.
  [[nodiscard]] json_raw raw(std::string_view document) const noexcept;

  // As it was written.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  struct step {
    std::string name;
    std::size_t index = 0;
    bool by_index = false;
  };
  std::string text_;
  std::vector<step> steps_;
};

}  // namespace lakh
