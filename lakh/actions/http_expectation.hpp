// What an answer must be like for an item to be confirmed, compiled from a step's `expect`.
//
//   expect:
//     status: [201, 409]        one number or several; 2xx if not given
//     headers: {Location: }     must be there; with a value, must be equal
//     json: {$.status: accepted, $.total: 12, $.reference: "{{reference}}"}
//
// A wanted value may be a template: then it is another one for each item, and rendered when the item is prepared.
#pragma once

#include <lakh/actions/wanted_text.hpp>
#include <lakh/wire/http1_head.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::actions {

class http_expectation {
 public:
  http_expectation() = default;
  // Throws input_error that names the place. `label` as in text_template.
  http_expectation(const config& expect, const load::template_scope& scope, const secret_texts& secrets,
                   const std::string& label);
  // The same with all values as they stand: `{{` is nothing special.
  explicit http_expectation(const config& expect);

  [[nodiscard]] bool status_fits(int status) const noexcept;
  // Whether anything differs between items; only then render() has something to do.
  [[nodiscard]] bool varies() const noexcept { return texts_.vary(); }
  // The wanted values of one item, for fits(). False if they cannot be made: `reason` says why.
  bool render(const load::render_input& item, std::vector<std::string>& values, std::string& reason) const {
    return texts_.render(item, values, reason);
  }

  // True if all fits; else appends to `why` what does not: "$.status is \"rejected\", not \"accepted\"".
  // `values` as render() made them, where the expectation varies.
  bool fits(const wire::response_head& head, std::string_view body, std::string& why,
            std::span<const std::string> values = {}) const;

 private:
  struct wanted_header {
    std::string name;
    wanted_text value;
    bool any_value = false;
  };
  void read(const config& expect, wanted_reader texts, const std::string& label);

  std::vector<int> statuses_;
  std::vector<wanted_header> headers_;
  std::vector<wanted_json> values_;
  wanted_texts texts_;
};

}  // namespace lakh::actions
