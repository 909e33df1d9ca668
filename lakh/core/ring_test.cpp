#include <lakh/core/ring.hpp>

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>

namespace {

TEST(ring_test, is_first_in_first_out_while_it_wraps_and_grows) {
  lakh::ring<std::string> tested;
  std::deque<std::string> model;
  std::mt19937 random(20261122);
  for (int step = 0; step < 20'000; ++step) {
    // Long stretches of either, so that it is empty, wraps and grows many times over.
    const bool fills = (step / 300) % 2 == 0;
    if (random() % 4 < (fills ? 3U : 1U) || model.empty()) {
      const std::string item = "an item too long to stand in the string itself, number " + std::to_string(step);
      tested.push(item);
      model.push_back(item);
    } else {
      ASSERT_EQ(tested.pop(), model.front());
      model.pop_front();
    }
    ASSERT_EQ(tested.size(), model.size());
    ASSERT_EQ(tested.empty(), model.empty());
  }
}

TEST(ring_test, holds_what_can_only_be_moved_and_destroys_what_is_left) {
  const auto watched = std::make_shared<int>(1);
  {
    lakh::ring<std::unique_ptr<std::shared_ptr<int>>> tested;
    for (int i = 0; i < 100; ++i) tested.push(std::make_unique<std::shared_ptr<int>>(watched));
    for (int i = 0; i < 30; ++i) (void)tested.pop();
    EXPECT_EQ(watched.use_count(), 71);
  }
  EXPECT_EQ(watched.use_count(), 1);
}

// Copied when the ring grows, since its move may throw; and so may its copy.
struct refuses_copies {
  explicit refuses_copies(int value) : number(value) {}
  refuses_copies(const refuses_copies& other) : number(other.number) {
    if (--copies_left < 0) throw std::runtime_error("no more copies");
  }
  refuses_copies(refuses_copies&& other) : refuses_copies(static_cast<const refuses_copies&>(other)) {}  // NOLINT
  refuses_copies& operator=(const refuses_copies&) = delete;
  refuses_copies& operator=(refuses_copies&&) = delete;
  ~refuses_copies() = default;
  int number;
  static inline int copies_left = 0;
};

TEST(ring_test, is_as_it_was_where_growing_throws) {
  lakh::ring<refuses_copies> tested;
  refuses_copies::copies_left = 1000;
  for (int i = 0; i < 16; ++i) tested.push(refuses_copies(i));
  refuses_copies::copies_left = 8;
  EXPECT_THROW(tested.push(refuses_copies(16)), std::runtime_error);
  EXPECT_EQ(tested.size(), 16U);
  refuses_copies::copies_left = 1000;
  for (int i = 0; i < 16; ++i) EXPECT_EQ(tested.pop().number, i);
  EXPECT_TRUE(tested.empty());
}

}  // namespace
