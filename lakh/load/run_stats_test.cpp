#include <lakh/load/run_stats.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace {

using namespace lakh;
using namespace lakh::load;

outcome_record refused(int status, std::string_view reason) {
  outcome_record record;
  record.state = outcome_state::failed;
  record.status = static_cast<std::uint16_t>(status);
  record.reason = reason;
  return record;
}

TEST(run_stats, reasons_that_differ_only_in_what_they_name_are_one) {
  run_stats stats;
  stats.count(refused(422, "answered 422: order 20261122-041758-rxe8xu-17 of 12,50 EUR is too small"));
  stats.count(refused(422, "answered 422: order 20261122-041758-rxe8xu-9941 of 8,99 EUR is too small"));
  stats.count(refused(422, "answered 422: the customer is not known"));
  stats.count(refused(500, "answered 500: the customer is not known"));
  ASSERT_EQ(stats.reasons.size(), 3U);
  std::uint64_t most = 0;
  for (const auto& [kind, reason] : stats.reasons) {
    if (reason.times == 2) {
      EXPECT_EQ(reason.example, "answered 422: order 20261122-041758-rxe8xu-17 of 12,50 EUR is too small");
    }
    most = std::max(most, reason.times);
  }
  EXPECT_EQ(most, 2U);
}

TEST(run_stats, merging_adds_up_and_stays_bounded) {
  run_stats all;
  for (int loop = 0; loop < 3; ++loop) {
    run_stats one;
    for (char first = 'a'; first <= 'z'; ++first)
      for (char second = 'a'; second <= 'd'; ++second) one.count(refused(400, std::string{first, second}));
    EXPECT_EQ(one.reasons.size(), run_stats::most_reasons);
    all.merge(one);
  }
  EXPECT_EQ(all.reasons.size(), run_stats::most_reasons);
  EXPECT_EQ(all.reasons.begin()->second.times, 3U);
  EXPECT_EQ(all.failed, 3U * 104);
}

}  // namespace
