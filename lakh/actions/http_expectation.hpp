// What an answer must be like for an item to be confirmed, compiled from a step's `expect`.
//
//   expect:
//     status: [201, 409]        one number or several; 2xx if not given
//     headers: {Location: }     must be there; with a value, must be equal
//     json: {$.status: accepted, $.total: 12}
#pragma once

#include <lakh/core/config.hpp>
#include <lakh/core/json_path.hpp>
#include <lakh/wire/http1_head.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace lakh::actions {

class http_expectation {
 public:
  http_expectation() = default;
  // Throws input_error that names the place.
  explicit http_expectation(const config& expect);

  [[nodiscard]] bool status_fits(int status) const noexcept;
  // True if all fits; else appends to `why` what does not: "$.status is \"rejected\", not \"accepted\"".
  bool fits(const wire::response_head& head, std::string_view body, std::string& why) const;

 private:
  struct wanted_header {
    std::string name;
    std::string value;
    bool any_value = false;
  };
  struct wanted_json {
    json_path path;
    std::string text;  // of a string: unescaped; else the JSON text
    bool is_string = false;
  };
  std::vector<int> statuses_;
  std::vector<wanted_header> headers_;
  std::vector<wanted_json> values_;
};

}  // namespace lakh::actions
