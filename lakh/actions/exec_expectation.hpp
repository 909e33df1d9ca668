// What a program must have done for its item to be confirmed, compiled from a step's `expect`.
//
//   expect:
//     exit: [0, 3]                     one code or several; 0 if not given
//     stdout:
//       contains: "stored {{item}}"    one text or several
//       matches: "^[0-9]+ rows$"       an extended regular expression, as grep -E; ^ and $ are ends of lines
//       json: {$.ok: true}             its output is JSON, and has this there
//     stderr: {empty: true}
//
// A wanted text may be a template; a pattern is the same for every item.
#pragma once

#include <lakh/actions/wanted_text.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::actions {

class exec_expectation {
 public:
  exec_expectation() = default;
  // Throws input_error that names the place. `label` as in text_template.
  exec_expectation(const config& expect, const load::template_scope& scope, const secret_texts& secrets,
                   const std::string& label);

  [[nodiscard]] bool exit_fits(int code) const noexcept;
  // Whether the code is named, and not only 0 by default.
  [[nodiscard]] bool names_exit(int code) const noexcept;
  // Whether anything is asked of what the program writes.
  [[nodiscard]] bool reads_output() const noexcept { return !out_.none() || !err_.none(); }

  // The wanted texts of one item, for fits(). False if they cannot be made: `reason` says why.
  bool render(const load::render_input& item, std::vector<std::string>& values, std::string& reason) const {
    return texts_.render(item, values, reason);
  }
  // True if what was written fits; else appends to `why` what does not: "stdout does not contain 'stored'".
  bool fits(std::string_view output, std::string_view errors, std::string& why,
            std::span<const std::string> values) const;

 private:
  class pattern;  // a compiled regular expression
  struct of_stream {
    std::vector<wanted_text> contains;
    std::vector<std::shared_ptr<const pattern>> matches;
    std::vector<wanted_json> json;
    std::optional<bool> empty;
    [[nodiscard]] bool none() const noexcept {
      return contains.empty() && matches.empty() && json.empty() && !empty.has_value();
    }
  };
  static of_stream read(const config& wanted, const std::string& name, wanted_reader& texts, const std::string& label);
  static bool stream_fits(const of_stream& wanted, std::string_view name, std::string_view bytes, std::string& why,
                          std::span<const std::string> values);

  std::vector<int> exits_;
  of_stream out_;
  of_stream err_;
  wanted_texts texts_;
};

}  // namespace lakh::actions
