// The retry rule, as pure functions (RFC 9110 §9.2.2).
//
//   not_sent     always safe
//   maybe_sent   only where doing it twice is doing it once: an idempotent method, or a key that the target knows
//   answered     429, 503 and other statuses that the plan lists. A status that says that the request was not carried
//   out
//                (408, 425, 429, 503) is safe; any other says nothing about that, so it is treated as maybe_sent
#pragma once

#include <lakh/core/certainty.hpp>
#include <lakh/load/outcome.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace lakh::load {

struct retry_policy {
  unsigned attempts = 6;                                                    // the first one counts
  std::chrono::nanoseconds backoff_first = std::chrono::milliseconds(100);  // the ceiling of the first wait; it doubles
  std::chrono::nanoseconds backoff_most = std::chrono::seconds(10);
  std::chrono::nanoseconds retry_after_most = std::chrono::seconds(60);  // a target may not ask for longer
  std::vector<int> statuses = {429, 503};
  double budget = 1.0;  // retries per item begun, over the whole run: what keeps a retry storm off a target in trouble
};

// What is known when an attempt has ended. `status` counts only where the certainty is answered.
struct attempt_facts {
  lakh::certainty certain = lakh::certainty::not_sent;
  int status = 0;
  bool idempotent = false;       // the method, or the action by its nature
  bool keyed = false;            // the item carries a key by which the target deduplicates
  bool at_most_once = false;     // the plan forbids to repeat what may have happened, key or not
  bool doubtful_before = false;  // an earlier attempt of this item may have happened
  unsigned attempt = 1;          // the number of the attempt that ended, from 1
};

enum class retry_reason : std::uint8_t {
  // yes
  was_not_sent,
  was_not_carried_out,  // the status says so and is listed
  may_be_repeated,      // idempotent or keyed
  still_in_progress,    // 409 for a keyed item that was in doubt: its first attempt is still at work
  // no
  final_answer,  // answered with a status that is not listed
  attempts_used_up,
  may_have_happened,  // and nothing would tell a second from the first
};

struct retry_decision {
  bool retry = false;
  retry_reason reason = retry_reason::final_answer;
};
std::string_view name(retry_reason reason) noexcept;

retry_decision should_retry(const attempt_facts& facts, const retry_policy& policy) noexcept;

// True while the run may retry once more: retries so far stay under budget × items begun, plus ten.
bool within_budget(const retry_policy& policy, std::uint64_t retries, std::uint64_t items_begun) noexcept;

// How long to wait after attempt `attempt` (from 1): uniform in 0 … min(most, first·2^(attempt-1)) ("full jitter"),
// chosen by `random` (any 64 bits). If the target said Retry-After, that long (capped by retry_after_most) and the
// jitter of a first wait on top, so that those who were sent away together do not come back together.
std::chrono::nanoseconds backoff(const retry_policy& policy, unsigned attempt, std::uint64_t random,
                                 std::optional<std::chrono::nanoseconds> retry_after = {}) noexcept;

// What became of an item whose last attempt has ended and that is not tried again.
// confirmed  the last attempt was answered as expected
// unknown    some attempt may have happened and no expected answer settled it: the last one, or one before it, or the
// answer
//            was a gateway's (502, 504), which does not know what the target did
// failed     all else: the target surely did not do it, or said that it did not
outcome_state outcome_of(const attempt_facts& last, bool as_expected) noexcept;

}  // namespace lakh::load
