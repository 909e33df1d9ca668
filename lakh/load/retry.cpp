#include <lakh/core/random.hpp>
#include <lakh/load/retry.hpp>

#include <algorithm>

namespace lakh::load {
namespace {

// Statuses by which a target says that it did not carry the request out: 408 (it did not come whole), 425 (too early),
// 429 (too many), 503 (unavailable). RFC 9110 §15.5.9, RFC 8470 §5.2, RFC 6585 §4, RFC 9110 §15.6.4.
bool says_not_carried_out(int status) noexcept {
  return status == 408 || status == 425 || status == 429 || status == 503;
}

// A gateway's word on a target that it cannot speak for: 502 and 504 (RFC 9110 §15.6.3, §15.6.5).
bool is_from_a_gateway(int status) noexcept {
  return status == 502 || status == 504;
}

bool may_be_repeated(const attempt_facts& facts) noexcept {
  return !facts.at_most_once && (facts.idempotent || facts.keyed);
}

bool listed(const retry_policy& policy, int status) noexcept {
  return std::ranges::find(policy.statuses, status) != policy.statuses.end();
}

// The rule, before attempts are counted.
retry_decision by_rule(const attempt_facts& facts, const retry_policy& policy) noexcept {
  switch (facts.certain) {
    case certainty::not_sent: return {true, retry_reason::was_not_sent};
    case certainty::maybe_sent:
      if (may_be_repeated(facts)) return {true, retry_reason::may_be_repeated};
      return {false, retry_reason::may_have_happened};
    case certainty::answered: break;
  }
  // The answer to a second attempt whose first is still at work (draft-ietf-httpapi-idempotency-key-header-07 §2.6).
  if (facts.status == 409 && facts.keyed && facts.doubtful_before && !facts.at_most_once)
    return {true, retry_reason::still_in_progress};
  if (!listed(policy, facts.status)) return {false, retry_reason::final_answer};
  if (says_not_carried_out(facts.status)) return {true, retry_reason::was_not_carried_out};
  if (may_be_repeated(facts)) return {true, retry_reason::may_be_repeated};
  return {false, retry_reason::may_have_happened};
}

}  // namespace

std::string_view name(retry_reason reason) noexcept {
  switch (reason) {
    case retry_reason::was_not_sent: return "was_not_sent";
    case retry_reason::was_not_carried_out: return "was_not_carried_out";
    case retry_reason::may_be_repeated: return "may_be_repeated";
    case retry_reason::still_in_progress: return "still_in_progress";
    case retry_reason::final_answer: return "final_answer";
    case retry_reason::attempts_used_up: return "attempts_used_up";
    case retry_reason::may_have_happened: return "may_have_happened";
  }
  return "final_answer";
}

retry_decision should_retry(const attempt_facts& facts, const retry_policy& policy) noexcept {
  const retry_decision decision = by_rule(facts, policy);
  if (decision.retry && facts.attempt >= policy.attempts) return {false, retry_reason::attempts_used_up};
  return decision;
}

bool within_budget(const retry_policy& policy, std::uint64_t retries, std::uint64_t items_begun) noexcept {
  return static_cast<double>(retries) < policy.budget * static_cast<double>(items_begun) + 10.0;
}

std::chrono::nanoseconds backoff(const retry_policy& policy, unsigned attempt, std::uint64_t random,
                                 std::optional<std::chrono::nanoseconds> retry_after) noexcept {
  const auto first = static_cast<std::uint64_t>(std::max<std::int64_t>(policy.backoff_first.count(), 0));
  const auto most = static_cast<std::uint64_t>(std::max<std::int64_t>(policy.backoff_most.count(), 0));
  std::uint64_t ceiling = std::min(first, most);
  // Doubled until it would pass the greatest, so that no attempt number overflows.
  if (!retry_after) {
    for (unsigned i = 1; i < attempt && ceiling != 0 && ceiling < most; ++i)
      ceiling = ceiling > most / 2 ? most : ceiling * 2;
  }
  const auto jitter = static_cast<std::int64_t>(random_sequence(random).below(ceiling + 1));
  std::chrono::nanoseconds asked{0};
  if (retry_after) asked = std::clamp(*retry_after, std::chrono::nanoseconds(0), policy.retry_after_most);
  return asked + std::chrono::nanoseconds(jitter);
}

outcome_state outcome_of(const attempt_facts& last, bool as_expected) noexcept {
  if (last.certain == certainty::answered && as_expected) return outcome_state::confirmed;
  if (last.doubtful_before || last.certain == certainty::maybe_sent) return outcome_state::unknown;
  if (last.certain == certainty::answered && is_from_a_gateway(last.status)) return outcome_state::unknown;
  return outcome_state::failed;
}

}  // namespace lakh::load
