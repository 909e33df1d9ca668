#include <lakh/load/item_set.hpp>

#include <gtest/gtest.h>

namespace {

using lakh::load::item_set;

TEST(item_set, holds_what_was_put_in_once) {
  item_set set(130);
  for (const std::uint64_t item : {0U, 63U, 64U, 129U}) {
    EXPECT_FALSE(set.contains(item));
    EXPECT_TRUE(set.insert(item));
    EXPECT_FALSE(set.insert(item));
    EXPECT_TRUE(set.contains(item));
  }
  EXPECT_EQ(set.count(), 4U);
  EXPECT_FALSE(set.contains(1));
  EXPECT_FALSE(set.contains(130));
  EXPECT_FALSE(set.contains(~std::uint64_t{0}));
}

TEST(item_set, goes_from_one_to_the_next) {
  item_set set(200);
  for (const std::uint64_t item : {0U, 1U, 63U, 64U, 199U}) set.insert(item);
  std::vector<std::uint64_t> seen;
  for (auto at = set.next(0); at; at = set.next(*at + 1)) seen.push_back(*at);
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{0, 1, 63, 64, 199}));
  EXPECT_EQ(set.next(65), 199U);
  EXPECT_EQ(set.next(200), std::nullopt);
  EXPECT_EQ(item_set().next(0), std::nullopt);
  EXPECT_EQ(item_set(64).next(0), std::nullopt);
}

}  // namespace
