#include <lakh/async/gather.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/parallel/blocking_queue.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace {

using lakh::task;
using namespace std::chrono_literals;

// Until another thread stands in line: pushes and pops by threads cannot be seen to wait from outside.
void give_others_time() {
  std::this_thread::sleep_for(20ms);
}

TEST(blocking_queue, between_threads_every_item_arrives_once_and_in_its_producers_order) {
  lakh::blocking_queue<int> queue(3);
  constexpr int each = 2000;
  std::vector<std::thread> threads;
  std::atomic<int> producing{3};
  for (int p = 0; p < 3; ++p)
    threads.emplace_back([&, p] {
      for (int i = 0; i < each; ++i) EXPECT_TRUE(queue.push((p * each) + i));
      if (--producing == 0) queue.close();
    });
  std::vector<std::vector<int>> got(2);
  for (auto& mine : got)
    threads.emplace_back([&] {
      while (auto item = queue.pop()) mine.push_back(*item);
    });
  for (std::thread& one : threads) one.join();

  std::vector<int> times(3 * each);
  for (const auto& mine : got) {
    std::vector<int> last(3, -1);
    for (const int item : mine) {
      EXPECT_LT(last[static_cast<std::size_t>(item / each)], item);
      last[static_cast<std::size_t>(item / each)] = item;
      ++times[static_cast<std::size_t>(item)];
    }
  }
  EXPECT_EQ(std::count(times.begin(), times.end(), 1), 3 * each);
}

TEST(blocking_queue, a_full_queue_refuses_or_runs_out_of_time) {
  lakh::blocking_queue<std::unique_ptr<int>> queue(1);
  auto first = std::make_unique<int>(1);
  auto second = std::make_unique<int>(2);
  EXPECT_TRUE(queue.try_push(std::move(first)));
  EXPECT_FALSE(queue.try_push(std::move(second)));
  EXPECT_EQ(queue.try_push_until(second, lakh::clock::now() + 5ms), lakh::errc::timed_out);
  ASSERT_TRUE(second);
  EXPECT_EQ(*second, 2);
  EXPECT_EQ(queue.size(), 1U);
  EXPECT_EQ(**queue.pop(), 1);
  EXPECT_FALSE(queue.try_push_until(second, lakh::clock::now() + 5ms));
  EXPECT_FALSE(second);
}

TEST(blocking_queue, an_empty_queue_has_nothing_or_runs_out_of_time) {
  lakh::blocking_queue<int> queue(1);
  EXPECT_EQ(queue.try_pop(), std::nullopt);
  EXPECT_EQ(queue.try_pop_until(lakh::clock::now() + 5ms).error(), lakh::errc::timed_out);
  EXPECT_TRUE(queue.push(4));
  EXPECT_EQ(queue.try_pop_until(lakh::clock::now()).value(), 4);
}

TEST(blocking_queue, a_pop_that_ran_out_of_time_takes_nothing_later) {
  lakh::blocking_queue<int> queue(1);
  EXPECT_FALSE(queue.try_pop_until(lakh::clock::now() + 1ms));
  EXPECT_TRUE(queue.push(1));
  EXPECT_EQ(queue.size(), 1U);
}

TEST(blocking_queue, closing_drains_and_then_ends) {
  lakh::blocking_queue<int> queue(2);
  EXPECT_TRUE(queue.push(1));
  queue.close();
  EXPECT_TRUE(queue.is_closed());
  EXPECT_FALSE(queue.push(2));
  int item = 3;
  EXPECT_FALSE(queue.try_push(item));
  EXPECT_EQ(queue.try_push_until(item, lakh::clock::now() + 1h), lakh::errc::queue_closed);
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), std::nullopt);
  EXPECT_EQ(queue.try_pop_until(lakh::clock::now() + 1h).error(), lakh::errc::queue_closed);
}

TEST(blocking_queue, closing_tells_threads_that_wait) {
  lakh::blocking_queue<int> full(1);
  lakh::blocking_queue<int> empty(1);
  EXPECT_TRUE(full.push(1));
  std::thread producer([&] { EXPECT_FALSE(full.push(2)); });
  std::thread late_producer([&] {
    int item = 3;
    EXPECT_EQ(full.try_push_until(item, lakh::clock::now() + 1h), lakh::errc::queue_closed);
    EXPECT_EQ(item, 3);
  });
  std::thread consumer([&] { EXPECT_EQ(empty.pop(), std::nullopt); });
  give_others_time();
  full.close();
  empty.close();
  producer.join();
  late_producer.join();
  consumer.join();
  EXPECT_EQ(full.size(), 1U);
}

TEST(blocking_queue, a_thread_produces_for_a_coroutine) {
  lakh::blocking_queue<int> queue(4);
  std::thread producer([&] {
    for (int i = 0; i < 3000; ++i) EXPECT_TRUE(queue.push(i));
    queue.close();
  });
  auto work = [&]() -> task<int> {
    int expected = 0;
    while (auto item = co_await queue.async_pop()) EXPECT_EQ(*item, expected++);
    co_return expected;
  };
  EXPECT_EQ(lakh::run(work()), 3000);
  producer.join();
}

TEST(blocking_queue, a_coroutine_produces_for_a_thread) {
  lakh::blocking_queue<int> queue(4);
  int expected = 0;
  std::thread consumer([&] {
    while (auto item = queue.pop()) EXPECT_EQ(*item, expected++);
  });
  auto work = [&]() -> task<void> {
    for (int i = 0; i < 3000; ++i) EXPECT_TRUE(co_await queue.async_push(i));
    queue.close();
  };
  lakh::run(work());
  consumer.join();
  EXPECT_EQ(expected, 3000);
}

TEST(blocking_queue, coroutines_of_two_loops_meet) {
  lakh::blocking_queue<std::unique_ptr<int>> queue(1);
  auto produce = [&]() -> task<void> {
    for (int i = 0; i < 1000; ++i) co_await queue.async_push(std::make_unique<int>(i));
    queue.close();
  };
  std::thread other([&] { lakh::run(produce()); });
  auto consume = [&]() -> task<int> {
    int sum = 0;
    while (auto item = co_await queue.async_pop()) sum += **item;
    co_return sum;
  };
  EXPECT_EQ(lakh::run(consume()), 999 * 500);
  other.join();
}

TEST(blocking_queue, the_loop_goes_on_while_a_coroutine_waits) {
  lakh::blocking_queue<int> queue(1);
  auto work = [&]() -> task<void> {
    int turns = 0;
    auto waits = [&]() -> task<int> { co_return *(co_await queue.async_pop()); };
    auto goes_on = [&]() -> task<int> {
      for (; turns < 10; ++turns) co_await lakh::yield();
      EXPECT_TRUE(queue.try_push(7));
      co_return turns;
    };
    auto [item, all] = co_await lakh::gather(waits(), goes_on());
    EXPECT_EQ(item, 7);
    EXPECT_EQ(all, 10);
  };
  lakh::run(work());
}

TEST(blocking_queue, a_cancelled_pop_takes_nothing_and_a_cancelled_push_puts_nothing_in) {
  lakh::blocking_queue<int> queue(1);
  auto work = [&]() -> task<void> {
    auto pop = [&]() -> task<void> { co_await queue.async_pop(); };
    EXPECT_THROW(co_await lakh::with_timeout(1ms, pop()), lakh::timeout_error);
    EXPECT_TRUE(queue.try_push(1));
    EXPECT_EQ(queue.size(), 1U);
    auto push = [&]() -> task<void> { co_await queue.async_push(2); };
    EXPECT_THROW(co_await lakh::with_timeout(1ms, push()), lakh::timeout_error);
    EXPECT_EQ(queue.try_pop(), 1);
    EXPECT_EQ(queue.try_pop(), std::nullopt);
    queue.close();
    EXPECT_FALSE(co_await queue.async_push(3));
  };
  lakh::run(work());
}

TEST(blocking_queue, closing_tells_coroutines_that_wait) {
  lakh::blocking_queue<int> full(1);
  lakh::blocking_queue<int> empty(1);
  EXPECT_TRUE(full.push(1));
  std::thread closer([&] {
    give_others_time();
    full.close();
    empty.close();
  });
  auto work = [&]() -> task<void> {
    auto push = [&]() -> task<bool> { co_return co_await full.async_push(2); };
    auto pop = [&]() -> task<bool> { co_return (co_await empty.async_pop()).has_value(); };
    auto [pushed, popped] = co_await lakh::gather(push(), pop());
    EXPECT_FALSE(pushed);
    EXPECT_FALSE(popped);
  };
  lakh::run(work());
  closer.join();
}

// Items pushed by a thread while the coroutine that pops gives up again and again: what it did not get is still there.
TEST(blocking_queue, cancellation_races_with_delivery_and_nothing_is_lost) {
  lakh::blocking_queue<int> queue(2);
  constexpr int items = 2000;
  std::thread producer([&] {
    for (int i = 0; i < items; ++i) {
      EXPECT_TRUE(queue.push(i));
      if (i % 16 == 0) std::this_thread::sleep_for(50us);
    }
    queue.close();
  });
  auto work = [&]() -> task<void> {
    int expected = 0;
    bool open = true;
    while (open) {
      auto pop = [&]() -> task<void> {
        auto item = co_await queue.async_pop();
        if (item)
          EXPECT_EQ(*item, expected++);
        else
          open = false;
      };
      try {
        co_await lakh::with_timeout(20us, pop());
      } catch (const lakh::timeout_error&) {
        // again
      }
    }
    EXPECT_EQ(expected, items);
  };
  lakh::run(work());
  producer.join();
}

}  // namespace
