#include <lakh/load/balance.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace lakh::load {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(item_states, counts_follow_every_change) {
  item_states states(100);
  EXPECT_EQ(states.count(item_state::unclaimed), 100U);
  for (std::uint64_t item = 0; item < 100; item += 3) states.set(item, item_state::confirmed);
  states.set(3, item_state::failed);
  states.grow(200);
  EXPECT_EQ(states.count(item_state::confirmed), 33U);
  EXPECT_EQ(states.count(item_state::failed), 1U);
  EXPECT_EQ(states.count(item_state::unclaimed), 166U);
  EXPECT_EQ(states.get(3), item_state::failed);
  EXPECT_EQ(states.get(4), item_state::unclaimed);
  EXPECT_EQ(states.get(99), item_state::confirmed);
  EXPECT_EQ(states.get(1'000'000), item_state::unclaimed);
}

TEST(item_states, runs_are_found) {
  item_states states(50);
  for (std::uint64_t item = 10; item < 20; ++item) states.set(item, item_state::claimed);
  states.set(15, item_state::unknown);
  EXPECT_EQ(states.next(0, item_state::claimed), 10U);
  EXPECT_EQ(states.end_of_run(10, 50, item_state::claimed), 15U);
  EXPECT_EQ(states.end_of_run(10, 50, item_state::claimed | item_state::unknown), 20U);
  EXPECT_EQ(states.end_of_run(10, 12, item_state::claimed), 12U);
  EXPECT_EQ(states.next(20, item_state::claimed | item_state::unknown), std::nullopt);
}

TEST(balance, what_the_ledger_says_adds_up) {
  item_states states(10);
  states.set(0, item_state::confirmed);
  states.set(1, item_state::failed);
  states.set(2, item_state::unknown);
  states.set(3, item_state::claimed);
  const balance sheet(states, 10);
  EXPECT_TRUE(sheet.holds());
  EXPECT_FALSE(sheet.settled());
  EXPECT_EQ(sheet.unclaimed, 6U);
  EXPECT_TRUE(balance(states, 12).holds()) << "items that the ledger never heard of were never sent";
  EXPECT_FALSE(balance(states, 9).holds());
}

TEST(balance, settled_and_perfect_mean_what_they_say) {
  balance sheet;
  sheet.requested = 3;
  sheet.confirmed = 2;
  sheet.failed = 1;
  EXPECT_TRUE(sheet.settled());
  EXPECT_FALSE(sheet.perfect());
  sheet.failed = 0;
  sheet.confirmed = 3;
  EXPECT_TRUE(sheet.perfect());
  sheet.confirmed = 4;
  EXPECT_FALSE(sheet.perfect());
}

TEST(balance, numbers_that_wrap_do_not_balance) {
  balance sheet;
  sheet.confirmed = std::numeric_limits<std::uint64_t>::max();
  sheet.failed = 6;
  sheet.requested = 5;
  EXPECT_FALSE(sheet.holds());
}

TEST(balance, the_sheet_reads_like_one) {
  balance sheet;
  sheet.requested = 100000;
  sheet.confirmed = 99997;
  sheet.failed = 2;
  sheet.unknown = 1;
  EXPECT_EQ(sheet.text(),
            "  requested                    100,000\n"
            "  ------------------------------------\n"
            "  confirmed                     99,997\n"
            "  failed                             2\n"
            "  unknown                            1\n"
            "  ------------------------------------\n"
            "  accounted for                100,000  balanced\n");
  sheet.failed = 0;
  EXPECT_THAT(sheet.text(), HasSubstr("NOT BALANCED: 2 missing"));
  sheet.confirmed = 100001;
  EXPECT_THAT(sheet.text(), HasSubstr("NOT BALANCED: 2 too many"));
  EXPECT_THAT(sheet.text(), Not(HasSubstr("in flight")));
  sheet.doubtful = 1;
  EXPECT_THAT(sheet.text(), HasSubstr("in flight or doubtful"));
}

TEST(balance, its_json_has_every_line) {
  balance sheet;
  sheet.requested = 5;
  sheet.confirmed = 5;
  EXPECT_EQ(sheet.json(),
            R"({"requested":5,"confirmed":5,"failed":0,"unknown":0,"doubtful":0,"unclaimed":0,"holds":true})");
}

TEST(balance, large_numbers_are_grouped) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(std::numeric_limits<std::uint64_t>::max()), "18,446,744,073,709,551,615");
}

}  // namespace
}  // namespace lakh::load
