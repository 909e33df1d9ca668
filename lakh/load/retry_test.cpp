#include <lakh/load/retry.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace {

using namespace std::chrono_literals;
using lakh::certainty;
using namespace lakh::load;

// The rule's whole table: RFC 9110 §9.2.2 and the Idempotency-Key draft. `right` says what makes repeating right.
TEST(retry, the_rule_by_certainty_status_and_what_makes_repeating_right) {
  enum class right { nothing, idempotent, keyed };
  using enum retry_reason;
  struct {
    certainty certain;
    int status;
    right why;
    bool retry;
    retry_reason reason;
  } const table[] = {
      {certainty::not_sent, 0, right::nothing, true, was_not_sent},
      {certainty::not_sent, 0, right::idempotent, true, was_not_sent},
      {certainty::not_sent, 0, right::keyed, true, was_not_sent},
      {certainty::maybe_sent, 0, right::nothing, false, may_have_happened},
      {certainty::maybe_sent, 0, right::idempotent, true, may_be_repeated},
      {certainty::maybe_sent, 0, right::keyed, true, may_be_repeated},
      {certainty::maybe_sent, 503, right::nothing, false,
       may_have_happened},  // a status that did not come whole is none
      {certainty::answered, 201, right::keyed, false, final_answer},
      {certainty::answered, 400, right::keyed, false, final_answer},
      {certainty::answered, 409, right::keyed, false, final_answer},
      {certainty::answered, 500, right::keyed, false, final_answer},
      {certainty::answered, 429, right::nothing, true, was_not_carried_out},
      {certainty::answered, 429, right::keyed, true, was_not_carried_out},
      {certainty::answered, 503, right::nothing, true, was_not_carried_out},
      {certainty::answered, 503, right::idempotent, true, was_not_carried_out},
      {certainty::answered, 502, right::nothing, false, may_have_happened},  // listed below
      {certainty::answered, 502, right::idempotent, true, may_be_repeated},
      {certainty::answered, 502, right::keyed, true, may_be_repeated},
      {certainty::answered, 504, right::keyed, false, final_answer},  // not listed
  };
  retry_policy policy;
  policy.statuses = {429, 502, 503};
  for (const auto& row : table) {
    attempt_facts facts;
    facts.certain = row.certain;
    facts.status = row.status;
    facts.idempotent = row.why == right::idempotent;
    facts.keyed = row.why == right::keyed;
    const auto decision = should_retry(facts, policy);
    const auto shown = std::string(lakh::name(row.certain)) + " " + std::to_string(row.status);
    EXPECT_EQ(decision.retry, row.retry) << shown;
    EXPECT_EQ(decision.reason, row.reason) << shown << ": " << name(decision.reason);
  }
}

TEST(retry, at_most_once_repeats_only_what_surely_did_not_happen) {
  retry_policy policy;
  policy.statuses = {429, 500, 503};
  attempt_facts facts;
  facts.keyed = facts.idempotent = facts.at_most_once = true;
  EXPECT_TRUE(should_retry(facts, policy).retry);
  facts.certain = certainty::maybe_sent;
  EXPECT_FALSE(should_retry(facts, policy).retry);
  facts.certain = certainty::answered;
  facts.status = 503;
  EXPECT_TRUE(should_retry(facts, policy).retry);
  facts.status = 500;
  EXPECT_FALSE(should_retry(facts, policy).retry);
}

TEST(retry, a_first_attempt_still_at_work_is_waited_for) {
  attempt_facts facts;
  facts.certain = certainty::answered;
  facts.status = 409;
  facts.keyed = true;
  EXPECT_FALSE(should_retry(facts, {}).retry);
  facts.doubtful_before = true;
  EXPECT_EQ(should_retry(facts, {}).reason, retry_reason::still_in_progress);
  facts.keyed = false;
  EXPECT_FALSE(should_retry(facts, {}).retry);
}

TEST(retry, attempts_are_counted_and_a_refusal_keeps_its_reason) {
  retry_policy policy;
  policy.attempts = 3;
  attempt_facts facts;
  facts.attempt = 2;
  EXPECT_TRUE(should_retry(facts, policy).retry);
  facts.attempt = 3;
  EXPECT_EQ(should_retry(facts, policy).reason, retry_reason::attempts_used_up);
  facts.certain = certainty::maybe_sent;
  EXPECT_EQ(should_retry(facts, policy).reason, retry_reason::may_have_happened);
}

TEST(retry, backoff_doubles_its_ceiling_and_spreads_below_it) {
  retry_policy policy;
  policy.backoff_first = 100ms;
  policy.backoff_most = 1s;
  const std::chrono::nanoseconds ceilings[] = {100ms, 200ms, 400ms, 800ms, 1s, 1s};
  for (unsigned attempt = 1; attempt <= 6; ++attempt) {
    std::chrono::nanoseconds least = 1h;
    std::chrono::nanoseconds most{};
    for (std::uint64_t random = 0; random < 2000; ++random) {
      const auto wait = backoff(policy, attempt, random);
      EXPECT_EQ(wait, backoff(policy, attempt, random));
      least = std::min(least, wait);
      most = std::max(most, wait);
    }
    EXPECT_LE(most, ceilings[attempt - 1]);
    EXPECT_GT(most, ceilings[attempt - 1] * 9 / 10);
    EXPECT_LT(least, ceilings[attempt - 1] / 10);
  }
  EXPECT_LE(backoff(policy, 4'000'000'000U, 1), 1s);
  policy.backoff_first = 0ns;
  EXPECT_EQ(backoff(policy, 9, 1), 0ns);
}

TEST(retry, what_the_target_asks_for_is_respected_and_capped) {
  retry_policy policy;
  policy.backoff_first = 100ms;
  policy.retry_after_most = 10s;
  for (std::uint64_t random = 0; random < 100; ++random) {
    EXPECT_GE(backoff(policy, 5, random, 2s), 2s);
    EXPECT_LE(backoff(policy, 5, random, 2s), 2100ms);
    EXPECT_LE(backoff(policy, 5, random, 24h), 10100ms);
    EXPECT_LE(backoff(policy, 5, random, -5s), 100ms);
  }
}

TEST(retry, the_budget_bounds_a_storm_but_lets_a_small_run_retry) {
  retry_policy policy;
  policy.budget = 0.1;
  EXPECT_TRUE(within_budget(policy, 9, 0));
  EXPECT_FALSE(within_budget(policy, 10, 0));
  EXPECT_TRUE(within_budget(policy, 109, 1000));
  EXPECT_FALSE(within_budget(policy, 110, 1000));
}

TEST(retry, the_outcome_never_claims_more_than_is_known) {
  struct {
    certainty last;
    int status;
    bool doubtful_before;
    bool expected;
    outcome_state outcome;
  } const table[] = {
      {certainty::answered, 201, false, true, outcome_state::confirmed},
      {certainty::answered, 201, true, true, outcome_state::confirmed},
      {certainty::answered, 400, false, false, outcome_state::failed},
      {certainty::answered, 500, false, false, outcome_state::failed},
      {certainty::answered, 503, false, false, outcome_state::failed},
      {certainty::answered, 503, true, false, outcome_state::unknown},
      {certainty::answered, 400, true, false, outcome_state::unknown},
      {certainty::answered, 502, false, false, outcome_state::unknown},
      {certainty::answered, 504, false, false, outcome_state::unknown},
      {certainty::answered, 504, false, true, outcome_state::confirmed},  // who expects a 504 knows why
      {certainty::not_sent, 0, false, false, outcome_state::failed},
      {certainty::not_sent, 0, true, false, outcome_state::unknown},
      {certainty::maybe_sent, 0, false, false, outcome_state::unknown},
      {certainty::maybe_sent, 201, false, true, outcome_state::unknown},
  };
  for (const auto& row : table) {
    attempt_facts facts;
    facts.certain = row.last;
    facts.status = row.status;
    facts.doubtful_before = row.doubtful_before;
    EXPECT_EQ(outcome_of(facts, row.expected), row.outcome)
        << lakh::name(row.last) << " " << row.status << " " << row.doubtful_before;
  }
}

}  // namespace
