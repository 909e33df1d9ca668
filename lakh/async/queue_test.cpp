#include <lakh/async/gather.hpp>
#include <lakh/async/queue.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/core/error.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

namespace {

using lakh::task;
using namespace std::chrono_literals;

TEST(queue, a_producer_waits_while_it_is_full) {
  auto work = []() -> task<std::size_t> {
    lakh::queue<int> q(2);
    std::size_t most = 0;
    auto producer = [&]() -> task<void> {
      for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(co_await q.push(i));
        most = std::max(most, q.size());
      }
      q.close();
    };
    auto consumer = [&]() -> task<void> {
      int expected = 0;
      while (auto item = co_await q.pop()) {
        EXPECT_EQ(*item, expected++);
        co_await lakh::sleep_for(1ms);
      }
      EXPECT_EQ(expected, 10);
    };
    co_await lakh::gather(producer(), consumer());
    co_return most;
  };
  EXPECT_EQ(lakh::run_virtual(work()), 2U);
}

TEST(queue, closing_drains_and_then_ends) {
  auto work = []() -> task<void> {
    lakh::queue<int> q(4);
    EXPECT_TRUE(q.try_push(1));
    q.close();
    EXPECT_FALSE(q.try_push(2));
    EXPECT_FALSE(co_await q.push(3));
    EXPECT_EQ(co_await q.pop(), 1);
    EXPECT_EQ(co_await q.pop(), std::nullopt);
  };
  lakh::run_virtual(work());
}

TEST(queue, closing_tells_a_producer_that_waits) {
  auto work = []() -> task<void> {
    lakh::queue<int> q(1);
    EXPECT_TRUE(q.try_push(1));
    auto producer = [&]() -> task<void> { EXPECT_FALSE(co_await q.push(2)); };
    auto closer = [&]() -> task<void> {
      co_await lakh::sleep_for(1s);
      q.close();
    };
    co_await lakh::gather(producer(), closer());
    EXPECT_EQ(q.size(), 1U);
  };
  lakh::run_virtual(work());
}

TEST(queue, carries_what_can_only_be_moved) {
  auto work = []() -> task<int> {
    lakh::queue<std::unique_ptr<int>> q(1);
    auto producer = [&]() -> task<void> { co_await q.push(std::make_unique<int>(9)); };
    auto consumer = [&]() -> task<int> { co_return **(co_await q.pop()); };
    lakh::task<int> taken = consumer();
    co_await producer();
    co_return co_await std::move(taken);
  };
  EXPECT_EQ(lakh::run_virtual(work()), 9);
}

// Every push that returned true is popped exactly once, whoever is cancelled when.
TEST(queue, nothing_is_lost_or_doubled_under_random_cancellation) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    auto work = [seed]() -> task<void> {
      std::mt19937 random(seed);
      lakh::queue<int> q(1 + seed % 3);
      std::vector<int> pushed(200);
      std::vector<int> popped(200);
      auto push_one = [&](int i) -> task<void> {
        if (co_await q.push(i)) ++pushed[static_cast<std::size_t>(i)];
      };
      auto producer = [&](int from) -> task<void> {
        for (int i = from; i < from + 100; ++i) {
          try {
            co_await lakh::with_timeout(std::chrono::microseconds(random() % 40), push_one(i));
          } catch (const lakh::timeout_error&) {
          }
          if (random() % 3 == 0) co_await lakh::sleep_for(std::chrono::microseconds(random() % 20));
        }
      };
      auto pop_one = [&]() -> task<bool> {
        auto item = co_await q.pop();
        if (item) ++popped[static_cast<std::size_t>(*item)];
        co_return item.has_value();
      };
      auto consumer = [&]() -> task<void> {
        for (bool more = true; more;) {
          try {
            more = co_await lakh::with_timeout(std::chrono::microseconds(random() % 30), pop_one());
          } catch (const lakh::timeout_error&) {
          }
        }
      };
      auto all_producers = [&]() -> task<void> {
        co_await lakh::gather(producer(0), producer(100));
        q.close();
      };
      co_await lakh::gather(all_producers(), consumer(), consumer());
      EXPECT_EQ(pushed, popped) << "seed " << seed;
    };
    lakh::run_virtual(work());
  }
}

}  // namespace
