#include <lakh/load/outcome.hpp>

namespace lakh::load {

std::string_view name(outcome_state state) noexcept {
  switch (state) {
    case outcome_state::confirmed: return "confirmed";
    case outcome_state::failed: return "failed";
    case outcome_state::unknown: break;
  }
  return "unknown";
}

std::optional<outcome_state> outcome_state_of(std::string_view text) noexcept {
  for (const auto state : {outcome_state::confirmed, outcome_state::failed, outcome_state::unknown}) {
    if (text == name(state)) return state;
  }
  return std::nullopt;
}

std::optional<certainty> certainty_of(std::string_view text) noexcept {
  for (const auto value : {certainty::answered, certainty::maybe_sent, certainty::not_sent}) {
    if (text == lakh::name(value)) return value;
  }
  return std::nullopt;
}

std::optional<error_kind> error_kind_of(std::string_view text) noexcept {
  for (std::size_t i = 0; i < error_kind_count; ++i) {
    const auto kind = static_cast<error_kind>(i);
    if (text == lakh::name(kind)) return kind;
  }
  return std::nullopt;
}

}  // namespace lakh::load
