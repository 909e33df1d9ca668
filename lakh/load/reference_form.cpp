#include <lakh/load/reference_form.hpp>

#include <charconv>

namespace lakh::load {

reference_form::reference_form(const text_template& reference, const render_input& of_run, const input_place& place) {
  const auto refuse = [&] {
    throw input_error(place, "a reference must be a fixed text with {{item}} in it once", "as in \"{{run}}-{{item}}\"");
  };
  if (reference.uses_kept() || !reference.cells().empty()) refuse();
  const auto reading = [&](std::uint64_t item) {
    render_input input = of_run;
    input.item = item;
    input.random = mix(item, 1);  // what depends on chance differs between items, and is refused below
    std::string text;
    if (!reference.render(input, text)) text.clear();
    return text;
  };
  const std::string probe = "7340521";
  const std::string text = reading(7340521);
  const std::size_t at = text.find(probe);
  if (at != std::string::npos) {
    before_ = text.substr(0, at);
    after_ = text.substr(at + probe.size());
    if (reading(9) == before_ + "9" + after_ && reading(88) == before_ + "88" + after_) return;
  }
  refuse();
}

std::optional<std::uint64_t> reference_form::item_of(std::string_view reference) const noexcept {
  if (reference.size() <= before_.size() + after_.size() || !reference.starts_with(before_) ||
      !reference.ends_with(after_))
    return std::nullopt;
  const std::string_view digits = reference.substr(before_.size(), reference.size() - before_.size() - after_.size());
  std::uint64_t item = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), item);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  if (digits.size() > 1 && digits.front() == '0') return std::nullopt;  // one item has one name
  return item;
}

void check_reference_form(const text_template& reference, const input_place& place) {
  render_input any_run;
  any_run.run = "20260101-000000-abcdef";
  static_cast<void>(reference_form(reference, any_run, place));
}

}  // namespace lakh::load
