#include <lakh/load/retry.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace std::chrono_literals;
using lakh::certainty;
using namespace lakh::load;

char letter(retry_decision decision) {
  using enum retry_reason;
  switch (decision.reason) {
    case was_not_sent: return decision.retry ? 'S' : '?';
    case was_not_carried_out: return decision.retry ? 'C' : '?';
    case may_be_repeated: return decision.retry ? 'R' : '?';
    case still_in_progress: return decision.retry ? 'P' : '?';
    case final_answer: return decision.retry ? '?' : 'F';
    case attempts_used_up: return decision.retry ? '?' : 'U';
    case may_have_happened: return decision.retry ? '?' : 'M';
  }
  return '?';
}

// The rule's whole table: RFC 9110 §9.2.2 and the Idempotency-Key draft.
//   S was not sent, C was not carried out, R may be repeated, P still in progress: again
//   F final answer, M may have happened: not again
// Of each group of four: neither idempotent nor keyed, idempotent, keyed, both.
TEST(retry, the_rule_in_every_combination) {
  struct row {
    certainty certain;
    int status;
    bool listed;
    const char* no_doubt;
    const char* no_doubt_at_most_once;
    const char* doubt_before;
    const char* doubt_before_at_most_once;
  };
  const auto not_sent = certainty::not_sent;
  const auto maybe_sent = certainty::maybe_sent;
  const auto answered = certainty::answered;
  const row table[] = {
      {not_sent, 0, false, "SSSS", "SSSS", "SSSS", "SSSS"},    {maybe_sent, 0, false, "MRRR", "MMMM", "MRRR", "MMMM"},
      {maybe_sent, 503, true, "MRRR", "MMMM", "MRRR", "MMMM"},  // a status that did not come whole is none
      {answered, 200, false, "FFFF", "FFFF", "FFFF", "FFFF"},   // and not as expected
      {answered, 200, true, "MRRR", "MMMM", "MRRR", "MMMM"},   {answered, 302, false, "FFFF", "FFFF", "FFFF", "FFFF"},
      {answered, 302, true, "MRRR", "MMMM", "MRRR", "MMMM"},   {answered, 400, false, "FFFF", "FFFF", "FFFF", "FFFF"},
      {answered, 400, true, "MRRR", "MMMM", "MRRR", "MMMM"},   {answered, 408, false, "FFFF", "FFFF", "FFFF", "FFFF"},
      {answered, 408, true, "CCCC", "CCCC", "CCCC", "CCCC"},   {answered, 409, false, "FFFF", "FFFF", "FFPP", "FFFF"},
      {answered, 409, true, "MRRR", "MMMM", "MRPP", "MMMM"},   {answered, 422, false, "FFFF", "FFFF", "FFFF", "FFFF"},
      {answered, 425, false, "FFFF", "FFFF", "FFFF", "FFFF"},  {answered, 425, true, "CCCC", "CCCC", "CCCC", "CCCC"},
      {answered, 429, false, "FFFF", "FFFF", "FFFF", "FFFF"},  {answered, 429, true, "CCCC", "CCCC", "CCCC", "CCCC"},
      {answered, 500, false, "FFFF", "FFFF", "FFFF", "FFFF"},  {answered, 500, true, "MRRR", "MMMM", "MRRR", "MMMM"},
      {answered, 502, false, "FFFF", "FFFF", "FFFF", "FFFF"},  {answered, 502, true, "MRRR", "MMMM", "MRRR", "MMMM"},
      {answered, 503, false, "FFFF", "FFFF", "FFFF", "FFFF"},  {answered, 503, true, "CCCC", "CCCC", "CCCC", "CCCC"},
      {answered, 504, false, "FFFF", "FFFF", "FFFF", "FFFF"},  {answered, 504, true, "MRRR", "MMMM", "MRRR", "MMMM"},
  };
  for (const row& r : table) {
    retry_policy policy;
    policy.attempts = 3;
    policy.statuses.clear();
    if (r.listed) policy.statuses = {599, r.status};
    for (const bool doubtful_before : {false, true}) {
      for (const bool at_most_once : {false, true}) {
        const std::string wanted = doubtful_before ? (at_most_once ? r.doubt_before_at_most_once : r.doubt_before)
                                                   : (at_most_once ? r.no_doubt_at_most_once : r.no_doubt);
        for (const unsigned attempt : {1U, 2U, 3U, 4U}) {
          std::string got;
          std::string wanted_now = wanted;
          // The last attempt: what would be tried again is not, what would not be keeps its reason.
          if (attempt >= policy.attempts)
            for (char& c : wanted_now)
              if (std::string_view("SCRP").find(c) != std::string_view::npos) c = 'U';
          for (const auto& [idempotent, keyed] :
               {std::pair(false, false), std::pair(true, false), std::pair(false, true), std::pair(true, true)}) {
            attempt_facts facts;
            facts.certain = r.certain;
            facts.status = r.status;
            facts.idempotent = idempotent;
            facts.keyed = keyed;
            facts.at_most_once = at_most_once;
            facts.doubtful_before = doubtful_before;
            facts.attempt = attempt;
            got += letter(should_retry(facts, policy));
          }
          EXPECT_EQ(got, wanted_now) << lakh::name(r.certain) << " " << r.status << (r.listed ? " listed" : "")
                                     << (doubtful_before ? ", in doubt before" : "")
                                     << (at_most_once ? ", at most once" : "") << ", attempt " << attempt;
        }
      }
    }
  }
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

// C confirmed, F failed, U unknown. Of each group of four: not as expected, as expected, and both with doubt from
// before.
TEST(retry, the_outcome_never_claims_more_than_is_known_in_every_combination) {
  struct {
    certainty last;
    int status;
    const char* outcomes;
  } const table[] = {
      {certainty::not_sent, 0, "FFUU"},     {certainty::maybe_sent, 0, "UUUU"},
      {certainty::maybe_sent, 201, "UUUU"},  // a status that did not come whole is none
      {certainty::answered, 201, "FCUC"},   {certainty::answered, 302, "FCUC"},
      {certainty::answered, 400, "FCUC"},   {certainty::answered, 409, "FCUC"},
      {certainty::answered, 429, "FCUC"},   {certainty::answered, 500, "FCUC"},
      {certainty::answered, 502, "UCUC"},  // who expects what a gateway says knows why
      {certainty::answered, 503, "FCUC"},   {certainty::answered, 504, "UCUC"},
  };
  for (const auto& row : table) {
    std::string got;
    for (const bool doubtful_before : {false, true}) {
      for (const bool expected : {false, true}) {
        attempt_facts facts;
        facts.certain = row.last;
        facts.status = row.status;
        facts.doubtful_before = doubtful_before;
        const outcome_state state = outcome_of(facts, expected);
        got += state == outcome_state::confirmed ? 'C' : state == outcome_state::failed ? 'F' : 'U';
      }
    }
    EXPECT_EQ(got, row.outcomes) << lakh::name(row.last) << " " << row.status;
  }
}

}  // namespace
