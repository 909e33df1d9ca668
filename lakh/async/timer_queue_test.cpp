#include <lakh/async/timer_queue.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

namespace {

struct probe final : lakh::timer_node {
  int id = 0;
  void on_timer() noexcept override {}
};

TEST(timer_queue, gives_timers_by_time_and_then_by_order_of_arming_whatever_is_taken_out) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    lakh::loop home;
    lakh::timer_queue queue;
    std::vector<std::unique_ptr<probe>> all;
    std::vector<std::pair<int, int>> expected;  // time, id
    for (int i = 0; i < 60; ++i) {
      auto& timer = *all.emplace_back(std::make_unique<probe>());
      timer.id = i;
      const int when = static_cast<int>(random() % 10);
      queue.add(timer, home, lakh::time_point(std::chrono::milliseconds(when)));
      expected.emplace_back(when, i);
    }
    for (int i = 0; i < 20; ++i) {
      const std::size_t victim = random() % expected.size();
      queue.remove(*all[static_cast<std::size_t>(expected[victim].second)]);
      expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(victim));
    }
    std::sort(expected.begin(), expected.end());  // by time, then by order of arming
    for (const auto& [when, id] : expected) {
      ASSERT_FALSE(queue.empty());
      EXPECT_EQ(static_cast<probe&>(queue.pop()).id, id);
    }
    EXPECT_TRUE(queue.empty());
  }
}

}  // namespace
