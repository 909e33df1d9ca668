#include <lakh/core/random.hpp>
#include <lakh/load/pacing.hpp>

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using lakh::load::pacing;
using std::chrono::nanoseconds;

TEST(pacing, a_constant_rate_is_exact) {
  const auto pace = pacing::parse("5000/s");
  EXPECT_EQ(pace.start_of(0), 0ns);
  EXPECT_EQ(pace.start_of(1), 200us);
  EXPECT_EQ(pace.start_of(5000), 1s);
  EXPECT_EQ(pace.start_of(1'000'000'000), 200000s);
  EXPECT_EQ(pace.due_at(0ns), 1U);
  EXPECT_EQ(pace.due_at(199'999ns), 1U);
  EXPECT_EQ(pace.due_at(200us), 2U);
  EXPECT_EQ(pace.due_at(1s), 5001U);
  EXPECT_EQ(pace.due_at(-1ns), 0U);
  EXPECT_FALSE(pace.length());
  EXPECT_FALSE(pace.items());
  // A third of a nanosecond is never lost, however many add up.
  const auto thirds = pacing::parse("3/s");
  EXPECT_EQ(thirds.start_of(1), 333'333'334ns);
  EXPECT_EQ(thirds.start_of(3'000'000), 1'000'000s);
}

TEST(pacing, a_ramp_is_the_inverse_of_its_integral) {
  // 0 to 100/s in 10 s: 500 items, and t = sqrt(k / 5) seconds.
  const auto pace = pacing::parse("0..100/s over 10s");
  EXPECT_EQ(pace.start_of(0), 0ns);
  EXPECT_EQ(pace.start_of(5), 1s);
  EXPECT_EQ(pace.start_of(20), 2s);
  EXPECT_EQ(pace.start_of(125), 5s);
  EXPECT_LT(pace.start_of(499), 10s);
  EXPECT_EQ(pace.start_of(500), std::nullopt);
  EXPECT_EQ(pace.due_at(5s), 126U);
  EXPECT_EQ(pace.due_at(1h), 500U);
  EXPECT_EQ(pace.items(), 500U);
  EXPECT_EQ(pace.length(), 10s);
  // Downward, the same in a mirror.
  const auto down = pacing::parse("100..0/s over 10s");
  EXPECT_EQ(down.start_of(375), 5s);
  EXPECT_EQ(down.start_of(500), std::nullopt);
  EXPECT_EQ(pacing::parse("5000/s for 1m").items(), 300'000U);
  EXPECT_EQ(pacing::parse("1/s for 1500ms").items(), 2U);
}

TEST(pacing, segments_follow_each_other_without_a_seam) {
  const auto pace = pacing::parse("0..5000/s over 30s, 5000/s for 1m, 0/s for 10s, 60/m");
  EXPECT_EQ(pace.start_of(75'000), 30s);
  EXPECT_EQ(pace.start_of(75'001), 30s + 200us);
  EXPECT_EQ(pace.start_of(375'000), 90s);
  EXPECT_EQ(pace.start_of(375'001), 101s);
  EXPECT_EQ(pace.due_at(95s), 375'001U);
}

TEST(pacing, starting_and_being_due_agree_everywhere) {
  const std::string_view schedules[] = {"5000/s",
                                        "7/m",
                                        "0.001/s",
                                        "0..5000/s over 30s, 5000/s for 1m, 5000..1/s over 7s, 13/s",
                                        "1000000000/s",
                                        "1..1000000000/s over 10000d",
                                        "3..2/h over 100d, 1/s",
                                        "0..1/s over 3ns, 1/s"};
  lakh::random_sequence random(1);
  for (const auto schedule : schedules) {
    const auto pace = pacing::parse(schedule);
    nanoseconds before = -1ns;
    for (std::uint64_t item = 0; item < 3000; ++item) {
      const auto start = pace.start_of(item);
      if (!start) break;
      ASSERT_GE(*start, before) << schedule << " " << item;
      ASSERT_GT(pace.due_at(*start), item) << schedule << " " << item;
      ASSERT_LE(pace.due_at(*start - 1ns), item) << schedule << " " << item;
      before = *start;
    }
    for (int i = 0; i < 3000; ++i) {
      const std::uint64_t item = random.next() >> (8 + random.below(50));
      const auto start = pace.start_of(item);
      if (!start) continue;
      ASSERT_GT(pace.due_at(*start), item) << schedule << " " << item;
      ASSERT_LE(pace.due_at(*start - 1ns), item) << schedule << " " << item;
    }
  }
}

TEST(pacing, the_closed_model_waits_for_nothing) {
  const pacing pace;
  EXPECT_FALSE(pace.open());
  EXPECT_EQ(pace.start_of(1'000'000), 0ns);
  EXPECT_EQ(pace.due_at(0ns), ~0ULL);
}

TEST(pacing, the_text_is_read_back) {
  for (const std::string_view text : {"5000/s", "0/s..5000/s over 30s, 5000/s for 1m", "301/m for 1m30s", "0.5/h"}) {
    EXPECT_EQ(pacing::parse(text).text(), text);
    EXPECT_EQ(pacing::parse(pacing::parse(text).text()).text(), text);
  }
  EXPECT_EQ(pacing::parse(" 10 .. 20/s over 5s ,5/s ").text(), "10/s..20/s over 5s, 5/s");
}

TEST(pacing, what_is_wrong_is_said) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"", "'' is no rate"},
      {"fast", "'fast' is no rate"},
      {"5000", "'5000' has no unit of time"},
      {"0..5000/s", "a ramp from one rate to another needs its length"},
      {"5000/s over 5s", "'over' belongs to a ramp"},
      {"5000/s, 10/s", "only the last rate may go on without end"},
      {"0/s", "a rate of 0 without end starts nothing"},
      {"0/s for 1m", "the schedule starts nothing"},
      {"5/s for 0s", "must last longer than 0s"},
      {"5/s for ever", "'ever' is no duration"},
      {"5/s,", "'' is no rate"},
      {"x..5/s over 5s", "'x/s' is no rate"},
      {"5/s for 9999d, 5/s for 2d", "longer than 10,000 days"},
  };
  for (const auto& [text, message] : table) {
    try {
      (void)pacing::parse(text, lakh::input_place("plan.yaml", 4, 7));
      ADD_FAILURE() << text;
    } catch (const lakh::input_error& e) {
      EXPECT_NE(std::string(e.what()).find(message), std::string::npos) << e.what();
      EXPECT_EQ(std::string(e.what()).find("plan.yaml:4:"), 0U);
    }
  }
}

}  // namespace
