#include <lakh/parallel/thread_event.hpp>
#include <lakh/parallel/thread_pool.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <list>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>

namespace {

using lakh::thread_pool;
using namespace std::chrono_literals;

// Keeps a thread of the pool busy until it is let go.
class blocker {
 public:
  explicit blocker(thread_pool& pool)
      : done_(pool.submit([this] {
          begun_.set();
          go_.wait();
        })) {
    begun_.wait();
  }
  void let_go() { go_.set(); }
  ~blocker() {
    go_.set();
    done_.wait();
  }
  blocker(const blocker&) = delete;
  blocker& operator=(const blocker&) = delete;

 private:
  lakh::thread_event begun_;
  lakh::thread_event go_;
  lakh::future<void> done_;
};

TEST(thread_pool, hands_back_results_of_many_tasks) {
  thread_pool pool(4, "sum");
  std::vector<lakh::future<int>> results;
  for (int i = 0; i < 10'000; ++i) results.push_back(pool.submit([](int a, int b) { return a * b; }, i, 2));
  long sum = 0;
  for (auto& one : results) sum += one.get();
  EXPECT_EQ(sum, 9'999L * 10'000L);
  EXPECT_FALSE(results.front().valid());
}

TEST(thread_pool, ten_thousand_tasks_through_a_queue_of_three_from_several_threads) {
  std::atomic<int> ran{0};
  {
    thread_pool pool(3, "small", 3);
    std::vector<std::thread> givers;
    for (int t = 0; t < 4; ++t)
      givers.emplace_back([&] {
        for (int i = 0; i < 2500; ++i) (void)pool.submit([&] { ++ran; });
      });
    for (std::thread& one : givers) one.join();
  }
  EXPECT_EQ(ran.load(), 10'000);
}

TEST(thread_pool, moves_arguments_and_results_that_cannot_be_copied) {
  thread_pool pool(1);
  auto result =
      pool.submit([](std::unique_ptr<int> in) { return std::make_unique<int>(*in + 1); }, std::make_unique<int>(4));
  EXPECT_EQ(*result.get(), 5);
  auto text = pool.submit(&std::string::size, std::string("four"));
  EXPECT_EQ(text.get(), 4U);
}

TEST(thread_pool, threads_bear_its_name) {
  thread_pool pool(1, "a-name-that-is-far-too-long");
  const std::string name = pool.submit([] {
                                 std::array<char, 16> text{};
                                 pthread_getname_np(pthread_self(), text.data(), text.size());
                                 return std::string(text.data());
                               })
                               .get();
  EXPECT_EQ(name, "a-name-that-i-0");
  EXPECT_EQ(thread_pool::current(), nullptr);
  EXPECT_EQ(pool.submit(&thread_pool::current).get(), &pool);
}

TEST(thread_pool, an_exception_reaches_who_asks_and_nobody_else) {
  thread_pool pool(2);
  auto bad = pool.submit([]() -> int { throw std::runtime_error("no such photo"); });
  (void)pool.submit([] { throw std::runtime_error("nobody asks"); });
  try {
    bad.get();
    FAIL();
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "no such photo");
  }
  EXPECT_EQ(pool.submit([] { return 1; }).get(), 1);
}

TEST(thread_pool, begins_in_the_order_of_submission) {
  thread_pool pool(1);
  std::vector<int> order;
  {
    const blocker first(pool);
    for (int i = 0; i < 100; ++i) (void)pool.submit([&order, i] { order.push_back(i); });
  }
  pool.shutdown();
  std::vector<int> expected(100);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected);
}

TEST(thread_pool, what_has_not_begun_can_be_cancelled_and_what_runs_cannot) {
  thread_pool pool(1);
  lakh::thread_event begun;
  lakh::thread_event go;
  auto runs = pool.submit([&] {
    begun.set();
    go.wait();
    return 1;
  });
  begun.wait();
  auto held = std::make_shared<int>(1);
  auto waits = pool.submit([held] { return *held; });
  EXPECT_EQ(held.use_count(), 2);
  EXPECT_FALSE(runs.cancel());
  EXPECT_TRUE(waits.cancel());
  EXPECT_EQ(held.use_count(), 1);  // let go at once
  EXPECT_FALSE(waits.cancel());
  EXPECT_TRUE(waits.done());
  EXPECT_TRUE(waits.was_cancelled());
  EXPECT_THROW(waits.get(), lakh::cancelled);
  go.set();
  EXPECT_EQ(runs.get(), 1);
}

TEST(thread_pool, waiting_for_a_result_can_run_out_of_time) {
  thread_pool pool(1);
  blocker busy(pool);
  auto result = pool.submit([] { return 3; });
  EXPECT_FALSE(result.wait_for(2ms));
  EXPECT_FALSE(result.done());
  busy.let_go();
  EXPECT_TRUE(result.wait_for(1h));
  EXPECT_TRUE(result.done());
  EXPECT_TRUE(result.wait_until(lakh::clock::now()));
  EXPECT_EQ(result.get(), 3);
}

TEST(thread_pool, a_full_queue_refuses_or_makes_wait) {
  thread_pool pool(1, "full", 2);
  blocker busy(pool);
  auto first = pool.try_submit([] { return 1; });
  auto second = pool.try_submit([] { return 2; });
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(pool.try_submit([] { return 3; }));
  EXPECT_EQ(pool.queued(), 2U);
  EXPECT_EQ(pool.capacity(), 2U);
  std::atomic<bool> submitted{false};
  std::thread giver([&] {
    auto fourth = pool.submit([] { return 4; });
    submitted = true;
    EXPECT_EQ(fourth.get(), 4);
  });
  std::this_thread::sleep_for(10ms);
  EXPECT_FALSE(submitted.load());
  busy.let_go();
  giver.join();
  EXPECT_EQ(first->get() + second->get(), 3);
}

TEST(thread_pool, tasks_that_submit_and_wait_for_tasks_do_not_lock_it_up) {
  thread_pool pool(2, "tree", 2);
  std::function<int(int)> tree = [&](int depth) -> int {
    if (depth == 0) return 1;
    auto left = pool.submit(tree, depth - 1);
    auto right = pool.submit(tree, depth - 1);
    return left.get() + right.get();
  };
  EXPECT_EQ(pool.submit(tree, 9).get(), 512);
}

TEST(thread_pool, maps_in_order) {
  thread_pool pool(3);
  std::list<int> numbers(1000);
  std::iota(numbers.begin(), numbers.end(), 0);
  const std::vector<std::string> texts = pool.map(numbers, [](int n) { return std::to_string(n); });
  ASSERT_EQ(texts.size(), 1000U);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(texts[static_cast<std::size_t>(i)], std::to_string(i));
  const std::vector<bool> odd = pool.map(numbers, [](int n) { return n % 2 == 1; });
  EXPECT_EQ(std::count(odd.begin(), odd.end(), true), 500);
  pool.map(numbers, [](int& n) { n = 1; });
  EXPECT_EQ(std::accumulate(numbers.begin(), numbers.end(), 0), 1000);
  EXPECT_TRUE(pool.map(std::vector<int>(), [](int n) { return n; }).empty());
}

TEST(thread_pool, a_failing_map_leaves_out_the_rest_and_throws_the_first) {
  thread_pool pool(2);
  std::vector<int> numbers(100'000);
  std::iota(numbers.begin(), numbers.end(), 0);
  std::atomic<int> called{0};
  try {
    pool.map(numbers, [&](int n) {
      ++called;
      if (n >= 10) throw std::runtime_error(std::to_string(n));
    });
    FAIL();
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "10");
  }
  EXPECT_LE(called.load(), 12);
}

// A lane fails while the next one is refused: both tell of it at the same moment.
TEST(thread_pool, a_map_that_fails_while_its_pool_is_shut_down_throws_one_of_the_two) {
  const std::vector<int> numbers{1, 2, 3};
  for (int round = 0; round < 30; ++round) {
    thread_pool pool(3, "full", 1);
    blocker one(pool);
    blocker other(pool);
    lakh::thread_event begun;
    lakh::thread_event closing;
    std::thread closer([&] {
      begun.wait();
      while (pool.queued() == 0) std::this_thread::yield();  // the second lane; the third waits for room
      closing.set();
      pool.shutdown(thread_pool::pending::cancel);
    });
    bool failed = false;
    try {
      pool.map(numbers, [&](int) {
        begun.set();
        closing.wait();
        throw std::runtime_error("a lane");
      });
    } catch (const std::exception&) {
      failed = true;
    }
    EXPECT_TRUE(failed);
    one.let_go();
    other.let_go();
    closer.join();
  }
}

TEST(thread_pool, map_within_a_task_of_the_same_pool_ends) {
  thread_pool pool(1);
  const std::vector<int> numbers{1, 2, 3};
  EXPECT_EQ(pool.submit([&] { return pool.map(numbers, [](int n) { return 2 * n; }); }).get(),
            (std::vector<int>{2, 4, 6}));
}

TEST(thread_pool, shutdown_runs_what_was_accepted) {
  thread_pool pool(2);
  std::atomic<int> ran{0};
  for (int i = 0; i < 500; ++i) (void)pool.submit([&] { ++ran; });
  pool.shutdown();
  EXPECT_EQ(ran.load(), 500);
  EXPECT_THROW((void)pool.submit([] {}), lakh::closed_error);
  EXPECT_FALSE(pool.try_submit([] {}));
  EXPECT_THROW(pool.map(std::vector<int>{1}, [](int) {}), lakh::closed_error);
  pool.shutdown(thread_pool::pending::cancel);  // again: nothing to do
}

TEST(thread_pool, shutdown_can_cancel_what_has_not_begun) {
  thread_pool pool(1);
  lakh::thread_event begun;
  lakh::thread_event go;
  auto runs = pool.submit([&] {
    begun.set();
    go.wait();
    return 1;
  });
  begun.wait();
  std::vector<lakh::future<int>> waiting;
  for (int i = 0; i < 50; ++i) waiting.push_back(pool.submit([] { return 2; }));
  std::thread closer([&] { pool.shutdown(thread_pool::pending::cancel); });
  while (pool.try_submit([] {})) std::this_thread::yield();  // until it is closed; refused then, not full
  go.set();
  closer.join();
  EXPECT_EQ(runs.get(), 1);
  for (auto& one : waiting) EXPECT_THROW(one.get(), lakh::cancelled);
}

TEST(thread_pool, shutdown_tells_those_who_wait_for_room) {
  thread_pool pool(1, "full", 1);
  lakh::thread_event begun;
  lakh::thread_event go;
  (void)pool.submit([&] {
    begun.set();
    go.wait();
  });
  begun.wait();
  (void)pool.submit([] {});
  std::thread giver([&] { EXPECT_THROW((void)pool.submit([] {}), lakh::closed_error); });
  std::this_thread::sleep_for(10ms);
  std::thread closer([&] { pool.shutdown(); });
  giver.join();
  go.set();
  closer.join();
}

TEST(thread_pool, cannot_be_shut_down_by_its_own_thread) {
  thread_pool pool(1);
  EXPECT_THROW(pool.submit([&] { pool.shutdown(); }).get(), lakh::input_error);
}

// Whatever the moment of the shutdown: what was accepted ran or was cancelled, and the rest was refused.
TEST(thread_pool, submission_races_with_shutdown_and_no_future_is_left_waiting) {
  for (int round = 0; round < 60; ++round) {
    thread_pool pool(2, "race", round % 2 == 0 ? 4 : 4096);
    std::atomic<int> ran{0};
    std::atomic<int> accepted{0};
    std::atomic<int> was_cancelled{0};
    std::vector<std::thread> givers;
    for (int t = 0; t < 3; ++t)
      givers.emplace_back([&] {
        std::vector<lakh::future<void>> mine;
        try {
          while (true) {
            mine.push_back(pool.submit([&] { ++ran; }));
            ++accepted;
          }
        } catch (const lakh::closed_error&) {
          // the end
        }
        for (auto& one : mine) {
          try {
            one.get();
          } catch (const lakh::cancelled&) {
            ++was_cancelled;
          }
        }
      });
    std::this_thread::sleep_for(std::chrono::microseconds(100 * (round % 7)));
    std::thread second([&] { pool.shutdown(thread_pool::pending::run); });
    pool.shutdown(round % 3 == 0 ? thread_pool::pending::run : thread_pool::pending::cancel);
    second.join();
    for (std::thread& one : givers) one.join();
    EXPECT_EQ(ran.load() + was_cancelled.load(), accepted.load());
    if (round % 3 == 0) {
      EXPECT_EQ(was_cancelled.load(), 0);
    }
  }
}

TEST(thread_pool, cancelling_races_with_running_and_one_of_them_wins) {
  thread_pool pool(2);
  std::atomic<int> ran{0};
  int stopped = 0;
  for (int i = 0; i < 3000; ++i) {
    auto result = pool.submit([&] { ++ran; });
    if (i % 3 == 0) std::this_thread::yield();
    if (result.cancel()) ++stopped;
  }
  pool.shutdown();
  EXPECT_EQ(ran.load() + stopped, 3000);
}

}  // namespace
