// What became of an item, as it stands in the ledger.
#pragma once

#include <lakh/core/certainty.hpp>
#include <lakh/core/error.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace lakh::load {

enum class outcome_state : std::uint8_t {
  confirmed,  // it happened, and the target said so
  failed,     // it surely did not happen, or the target said no for good
  unknown,    // it may have happened; nobody could say
};

std::string_view name(outcome_state state) noexcept;
std::optional<outcome_state> outcome_state_of(std::string_view text) noexcept;
std::optional<certainty> certainty_of(std::string_view text) noexcept;
std::optional<error_kind> error_kind_of(std::string_view text) noexcept;

// The views belong to whoever made the record: valid during the call that it is passed to.
struct outcome_record {
  outcome_record() = default;

  std::uint64_t item = 0;
  outcome_state state = outcome_state::unknown;
  certainty last_attempt = certainty::not_sent;
  error_kind error = error_kind::none;
  std::uint16_t status = 0;  // of the protocol, 0 if no answer came
  std::uint16_t attempts = 0;
  std::int64_t start_us = 0;      // intended start, since the start of the run
  std::int64_t latency_us = 0;    // from the intended start to the end
  std::int64_t service_us = 0;    // the last attempt, from the send to the end
  std::uint64_t sent_digest = 0;  // XXH3-64 of the body's bytes as they were sent; 0 if there was none
  std::string_view kept;          // a JSON object with the values kept of the answer, or empty
  std::string_view reason;        // why it is not confirmed, for a person; empty where it is
};

}  // namespace lakh::load
