#include <lakh/async/gather.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/sleep.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using lakh::task;
using namespace std::chrono_literals;

task<int> later(int value) {
  co_await lakh::sleep_for(std::chrono::milliseconds(100 - value));
  co_return value;
}

TEST(gather, keeps_the_order_of_the_input_whatever_ends_first) {
  auto work = []() -> task<std::vector<int>> {
    std::vector<int> input(50);
    std::iota(input.begin(), input.end(), 0);
    co_return co_await lakh::gather(input, lakh::limit(8), [](int i) { return later(i); });
  };
  const auto output = lakh::run_virtual(work());
  EXPECT_EQ(output.size(), 50U);
  EXPECT_TRUE(std::is_sorted(output.begin(), output.end()));
}

TEST(gather, never_runs_more_than_the_limit_at_once) {
  auto work = []() -> task<int> {
    int running = 0;
    int most = 0;
    std::vector<int> input(100);
    co_await lakh::gather(input, lakh::limit(7), [&](int) -> task<void> {
      most = std::max(most, ++running);
      co_await lakh::sleep_for(1ms);
      --running;
    });
    co_return most;
  };
  EXPECT_EQ(lakh::run_virtual(work()), 7);
}

TEST(gather, of_different_types_hands_back_a_tuple) {
  auto work = []() -> task<std::string> {
    auto text = []() -> task<std::string> { co_return "orders"; };
    auto [count, what] = co_await lakh::gather(later(3), text());
    co_return std::to_string(count) + " " + what;
  };
  EXPECT_EQ(lakh::run_virtual(work()), "3 orders");
}

TEST(gather, of_a_vector_of_tasks_runs_all_at_once) {
  auto work = []() -> task<int> {
    std::vector<task<int>> all;
    for (int i = 0; i < 10; ++i) all.push_back(later(i));
    const auto start = lakh::loop::current().now();
    const auto results = co_await lakh::gather(std::move(all));
    EXPECT_EQ(lakh::loop::current().now() - start, 100ms);
    co_return std::accumulate(results.begin(), results.end(), 0);
  };
  EXPECT_EQ(lakh::run_virtual(work()), 45);
}

TEST(gather, one_failure_ends_all) {
  auto work = []() -> task<void> {
    std::vector<int> input{1, 2, 3};
    co_await lakh::gather(input, lakh::limit(3), [](int i) -> task<int> {
      if (i == 2) throw std::runtime_error("two");
      co_await lakh::sleep_for(1h);
      co_return i;
    });
  };
  EXPECT_THROW(lakh::run_virtual(work()), std::runtime_error);
}

TEST(gather, of_nothing_is_nothing) {
  auto work = []() -> task<std::size_t> {
    std::vector<int> none;
    co_return (co_await lakh::gather(none, lakh::limit(3), [](int i) { return later(i); })).size();
  };
  EXPECT_EQ(lakh::run_virtual(work()), 0U);
}

}  // namespace
