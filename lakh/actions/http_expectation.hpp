// What an answer must be like for an item to be confirmed, compiled from a step's `expect`.
//
//   expect:
//     status: [201, 409]        one number or several; 2xx if not given
//     headers: {Location: }     must be there; with a value, must be equal
//     json: {$.status: accepted, $.total: 12, $.reference: "{{reference}}"}
//
// A wanted value may be a template: then it is another one for each item, and rendered when the item is prepared.
#pragma once

#include <lakh/core/config.hpp>
#include <lakh/core/json_path.hpp>
#include <lakh/load/template.hpp>
#include <lakh/wire/http1_head.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::actions {

class http_expectation {
 public:
  http_expectation() = default;
  // Throws input_error that names the place. `label` as in text_template.
  http_expectation(const config& expect, const load::template_scope& scope, const std::string& label);
  // The same with all values as they stand: `{{` is nothing special.
  explicit http_expectation(const config& expect) { read(expect, nullptr, {}); }

  [[nodiscard]] bool status_fits(int status) const noexcept;
  // Whether anything differs between items; only then render() has something to do.
  [[nodiscard]] bool varies() const noexcept { return !templates_.empty(); }
  // The wanted values of one item, for fits(). False if they cannot be made: `reason` says why.
  bool render(const load::render_input& item, std::vector<std::string>& values, std::string& reason) const;

  // True if all fits; else appends to `why` what does not: "$.status is \"rejected\", not \"accepted\"".
  // `values` as render() made them, where the expectation varies.
  bool fits(const wire::response_head& head, std::string_view body, std::string& why,
            std::span<const std::string> values = {}) const;

 private:
  struct wanted_value {
    std::string text;                    // the same for all items, or
    std::optional<std::size_t> varying;  // which of the rendered ones it is
    [[nodiscard]] const std::string& of(std::span<const std::string> values) const {
      return varying ? values[*varying] : text;
    }
  };
  struct wanted_header {
    std::string name;
    wanted_value value;
    bool any_value = false;
  };
  struct wanted_json {
    json_path path;
    wanted_value value;  // of a string: unescaped; else the JSON text
    bool is_string = false;
  };
  void read(const config& expect, const load::template_scope* scope, const std::string& label);
  // Whether it stays as written comes with it: a single expression is a string, a number or whatever its value is.
  wanted_value value_of(const config& value, const load::template_scope* scope, const std::string& label,
                        bool* is_string = nullptr);

  std::vector<int> statuses_;
  std::vector<wanted_header> headers_;
  std::vector<wanted_json> values_;
  std::vector<load::text_template> templates_;
};

}  // namespace lakh::actions
