// How a target names an item of a run, read backwards: from the reference to the item.
#pragma once

#include <lakh/load/template.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lakh::load {

// The item whose reference reads so, for references that are a fixed text with the item's number in it, such as
// "{{run}}-{{item}}".
class reference_form {
 public:
  // `reference` must have the item's number in it exactly once, in decimal, and be the same otherwise. Throws
  // input_error at `place` if it is not of that form.
  reference_form(const text_template& reference, const render_input& of_run, const input_place& place);
  [[nodiscard]] std::optional<std::uint64_t> item_of(std::string_view reference) const noexcept;

 private:
  std::string before_;
  std::string after_;
};

// What the constructor demands, before any run is known. Throws input_error at `place`.
void check_reference_form(const text_template& reference, const input_place& place);

}  // namespace lakh::load
