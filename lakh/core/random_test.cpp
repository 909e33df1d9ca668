#include <lakh/core/random.hpp>

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace {

using lakh::mix;
using lakh::random_sequence;

TEST(random, the_same_numbers_name_the_same_value) {
  static_assert(mix(mix(1, 2), 3) == mix(mix(1, 2), 3));
  EXPECT_NE(mix(mix(1, 2), 3), mix(mix(1, 3), 2));
  EXPECT_NE(mix(1, "run-a"), mix(1, "run-b"));
  EXPECT_NE(mix(0, 0), mix(0, 1));
  EXPECT_NE(mix(0, ""), mix(0, std::string_view("\0", 1)));
}

// Frozen runs are resumed by later versions: these values are part of the format.
TEST(random, values_do_not_change_between_versions) {
  EXPECT_EQ(mix(42), 0xa759ea27d4727622ULL);
  EXPECT_EQ(random_sequence(0).next(), 0xe220a8397b1dcdafULL);  // SplitMix64 with seed 0, as published
}

TEST(random, neighbouring_items_share_no_values) {
  std::set<std::uint64_t> seen;
  for (std::uint64_t item = 0; item < 10'000; ++item) {
    random_sequence values(mix(7, item));
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(seen.insert(values.next()).second);
  }
}

TEST(random, bounded_values_stay_in_bounds_and_reach_both_ends) {
  random_sequence values(1);
  std::set<std::int64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto value = values.between(-2, 3);
    EXPECT_GE(value, -2);
    EXPECT_LE(value, 3);
    seen.insert(value);
  }
  EXPECT_EQ(seen.size(), 6U);
  EXPECT_EQ(values.below(0), 0U);
  EXPECT_EQ(values.below(1), 0U);
  EXPECT_EQ(values.between(5, 5), 5);
  EXPECT_EQ(values.between(5, 4), 5);
}

TEST(random, the_whole_range_of_integers_can_be_asked_for) {
  random_sequence values(2);
  bool negative = false;
  bool positive = false;
  for (int i = 0; i < 64; ++i) {
    const auto value =
        values.between(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
    negative = negative || value < 0;
    positive = positive || value > 0;
  }
  EXPECT_TRUE(negative && positive);
}

TEST(random, bounded_values_are_not_biased_where_a_remainder_would_be) {
  // Of 3·2^62 values, a plain remainder of 64 bits would fall into the lowest quarter of the range twice as often as it
  // should.
  random_sequence values(3);
  const std::uint64_t bound = 3ULL << 62;
  int low = 0;
  constexpr int draws = 30'000;
  for (int i = 0; i < draws; ++i) low += values.below(bound) < (1ULL << 62) ? 1 : 0;
  EXPECT_NEAR(low, draws / 3, 500);
}

TEST(random, permute_gives_each_number_once) {
  for (const std::uint64_t count : {1ULL, 2ULL, 3ULL, 4ULL, 5ULL, 16ULL, 17ULL, 1000ULL, 4097ULL}) {
    std::vector<bool> seen(count);
    bool moved = false;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto to = lakh::permute(i, count, 99);
      ASSERT_LT(to, count);
      EXPECT_FALSE(seen[to]);
      seen[to] = true;
      moved = moved || to != i;
    }
    if (count > 5) {
      EXPECT_TRUE(moved) << count;
    }
  }
}

TEST(random, permute_depends_on_the_key_and_takes_huge_counts) {
  int same = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) same += lakh::permute(i, 1000, 1) == lakh::permute(i, 1000, 2) ? 1 : 0;
  EXPECT_LT(same, 20);
  EXPECT_LT(lakh::permute(12345, ~0ULL, 5), ~0ULL);
}

}  // namespace
