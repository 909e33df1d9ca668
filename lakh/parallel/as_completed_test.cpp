#include <lakh/async/run.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/parallel/as_completed.hpp>
#include <lakh/parallel/thread_event.hpp>
#include <lakh/parallel/thread_pool.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <vector>

namespace {

using lakh::task;
using namespace std::chrono_literals;

TEST(as_completed, hands_out_what_is_done_first) {
  lakh::thread_pool pool(3);
  std::vector<lakh::thread_event> go(3);
  std::vector<lakh::future<int>> futures;
  for (int i = 0; i < 3; ++i)
    futures.push_back(pool.submit([&go, i] {
      go[static_cast<std::size_t>(i)].wait();
      return 10 * i;
    }));
  std::vector<std::size_t> order;
  go[2].set();
  for (auto& [index, result] : lakh::as_completed(std::move(futures))) {
    EXPECT_TRUE(result.done());
    EXPECT_EQ(result.get(), static_cast<int>(10 * index));
    order.push_back(index);
    go[order.size() == 1 ? 0 : 1].set();
  }
  EXPECT_EQ(order, (std::vector<std::size_t>{2, 0, 1}));
}

TEST(as_completed, hands_out_each_of_many_once_with_its_failure) {
  lakh::thread_pool pool(2);
  std::vector<lakh::future<int>> futures;
  for (int i = 0; i < 2000; ++i)
    futures.push_back(pool.submit([i] {
      if (i % 100 == 7) throw std::runtime_error("seven");
      return i;
    }));
  std::vector<int> seen(2000);
  int failed = 0;
  auto stream = lakh::as_completed(std::move(futures));
  while (auto one = stream.next()) {
    ++seen[one->index];
    try {
      EXPECT_EQ(one->result.get(), static_cast<int>(one->index));
    } catch (const std::runtime_error&) {
      ++failed;
    }
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), 2000);
  EXPECT_EQ(failed, 20);
  EXPECT_EQ(stream.left(), 0U);
  EXPECT_FALSE(stream.next());
}

TEST(as_completed, a_coroutine_takes_them_too_and_a_cancelled_wait_takes_none) {
  lakh::thread_pool pool(2);
  lakh::thread_event go;
  auto work = [&]() -> task<int> {
    std::vector<lakh::future<int>> futures;
    for (int i = 0; i < 500; ++i)
      futures.push_back(pool.submit([&go, i] {
        go.wait();
        return i;
      }));
    auto stream = lakh::as_completed(std::move(futures));
    EXPECT_THROW(co_await lakh::with_timeout(1ms, stream.async_next()), lakh::timeout_error);
    EXPECT_EQ(stream.left(), 500U);
    go.set();
    int sum = 0;
    while (auto one = co_await stream.async_next()) sum += one->result.get();
    co_return sum;
  };
  EXPECT_EQ(lakh::run(work()), 499 * 250);
}

TEST(as_completed, may_be_dropped_or_cancelled_half_way) {
  lakh::thread_pool pool(1);
  std::atomic<int> ran{0};
  for (int round = 0; round < 50; ++round) {
    std::vector<lakh::future<void>> futures;
    for (int i = 0; i < 20; ++i) futures.push_back(pool.submit([&] { ++ran; }));
    auto stream = lakh::as_completed(std::move(futures));
    EXPECT_TRUE(stream.next());
  }
  lakh::thread_event go;
  std::vector<lakh::future<void>> futures;
  for (int i = 0; i < 3; ++i) futures.push_back(pool.submit([&go] { go.wait(); }));
  auto stream = lakh::as_completed(std::move(futures));
  stream.cancel();
  go.set();
  int cancelled = 0;
  while (auto one = stream.next())
    if (one->result.was_cancelled()) ++cancelled;
  EXPECT_GE(cancelled, 2);
  pool.shutdown();
  EXPECT_EQ(ran.load(), 50 * 20);
  EXPECT_TRUE(lakh::as_completed(std::vector<lakh::future<int>>()).begin() == std::default_sentinel);
}

}  // namespace
