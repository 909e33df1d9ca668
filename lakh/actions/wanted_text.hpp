// What an answer, or the output of a program, is expected to say: texts that may be templates, and values of JSON.
// Internal to the room.
//
//   wanted_texts texts;
//   wanted_text greeting = wanted_reader(texts, scope, secrets).read(setting, label);    when a plan is compiled
//   texts.render(item, values, reason);                                                  when an item is prepared
//   if (said != greeting.of(values)) why += greeting.shown(values);
//
// A text with a secret of the environment in it is shown as the plan has it: what is told of an item stands in ledgers
// and reports.
#pragma once

#include <lakh/actions/secret_texts.hpp>
#include <lakh/core/config.hpp>
#include <lakh/core/json_path.hpp>
#include <lakh/load/template.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::actions {

// `values` as wanted_texts::render() made them; nothing where none of them varies.
class wanted_text {
 public:
  wanted_text() = default;

  [[nodiscard]] const std::string& of(std::span<const std::string> values) const {
    return varying_ ? values[*varying_] : text_;
  }
  // For a person: its beginning.
  [[nodiscard]] std::string shown(std::span<const std::string> values) const;

 private:
  friend class wanted_reader;
  std::string text_;                    // the same for all items, or
  std::optional<std::size_t> varying_;  // which of the rendered ones it is
  std::string instead_;                 // of a secret: as it is written
};

class wanted_json {
 public:
  // True if the value is there; else appends to `why` what is not so: "$.state is "gone", not "ready"", or "stdout has
  // no $.state" where `name` is "stdout".
  bool fits(std::string_view bytes, std::string_view name, std::string& why, std::span<const std::string> values) const;

 private:
  friend class wanted_reader;
  explicit wanted_json(json_path path) : path_(std::move(path)) {}
  json_path path_;
  wanted_text value_;       // of a string: unescaped; else the JSON text
  bool is_string_ = false;  // a single expression is a string, a number or whatever its value is
};

// Those of one expectation that differ between items.
class wanted_texts {
 public:
  // Whether there are any; only then render() has something to do.
  [[nodiscard]] bool vary() const noexcept { return !templates_.empty(); }
  // Those of one item. False if they cannot be made: `reason` says why.
  bool render(const load::render_input& item, std::vector<std::string>& values, std::string& reason) const;

 private:
  friend class wanted_reader;
  std::vector<load::text_template> templates_;
};

// Reads what an expectation says. Lives while it does; all that it is given must outlive it.
class wanted_reader {
 public:
  // All as it stands: `{{` is nothing special.
  explicit wanted_reader(wanted_texts& into) noexcept : into_(into) {}
  wanted_reader(wanted_texts& into, const load::template_scope& scope, const secret_texts& secrets) noexcept
      : into_(into), scope_(&scope), secrets_(&secrets) {}

  // Both throw input_error that names the place. `label` as in text_template.
  wanted_text read(const config& value, const std::string& label) { return read(value, label, nullptr); }
  // `{$.path: value, …}`, called `name`.
  std::vector<wanted_json> read_json(const config& values, const std::string& name, const std::string& label);

 private:
  wanted_text read(const config& value, const std::string& label, bool* is_string);

  wanted_texts& into_;
  const load::template_scope* scope_ = nullptr;
  const secret_texts* secrets_ = nullptr;
};

// What stands for a long text where a person reads it: its beginning.
std::string shortened(std::string_view text);

}  // namespace lakh::actions
