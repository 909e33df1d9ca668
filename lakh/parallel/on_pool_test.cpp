#include <lakh/async/gather.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/parallel/on_pool.hpp>
#include <lakh/parallel/thread_event.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

using lakh::task;
using lakh::thread_pool;
using namespace std::chrono_literals;

TEST(on_pool, runs_off_the_loop_and_hands_back_the_result) {
  thread_pool pool(2);
  auto work = [&]() -> task<void> {
    EXPECT_EQ(thread_pool::current(), nullptr);
    EXPECT_EQ(co_await lakh::on_pool(pool, [] { return thread_pool::current(); }), &pool);
    EXPECT_EQ(*co_await lakh::on_pool(pool, [] { return std::make_unique<int>(4); }), 4);
    co_await lakh::on_pool(pool, [] {});
    EXPECT_THROW(co_await lakh::on_pool(pool, [] { throw std::runtime_error("bad"); }), std::runtime_error);
  };
  lakh::run(work());
}

TEST(on_pool, the_loop_goes_on_meanwhile) {
  thread_pool pool(1);
  lakh::thread_event go;
  auto work = [&]() -> task<void> {
    auto blocks = [&]() -> task<int> {
      co_return co_await lakh::on_pool(pool, [&] {
        go.wait();
        return 1;
      });
    };
    auto goes_on = [&]() -> task<int> {
      for (int i = 0; i < 10; ++i) co_await lakh::yield();
      go.set();
      co_return 2;
    };
    auto [a, b] = co_await lakh::gather(blocks(), goes_on());
    EXPECT_EQ(a + b, 3);
  };
  lakh::run(work());
}

TEST(on_pool, ten_thousand_at_once_through_a_queue_of_two) {
  thread_pool pool(2, "small", 2);
  std::vector<int> numbers(10'000);
  std::iota(numbers.begin(), numbers.end(), 0);
  auto work = [&]() -> task<void> {
    auto doubled = co_await lakh::gather(numbers, lakh::limit(500),
                                         [&](int n) { return lakh::on_pool(pool, [n] { return 2 * n; }); });
    for (std::size_t i = 0; i < doubled.size(); ++i) EXPECT_EQ(doubled[i], 2 * static_cast<int>(i));
  };
  lakh::run(work());
}

// A pool with one thread that is busy until go is set.
class busy_pool {
 public:
  explicit busy_pool(std::size_t queue = 16) : pool(1, "busy", queue) {
    (void)pool.submit([this] {
      begun_.set();
      go.wait();
    });
    begun_.wait();
  }
  ~busy_pool() { go.set(); }
  busy_pool(const busy_pool&) = delete;
  busy_pool& operator=(const busy_pool&) = delete;
  lakh::thread_event go;

 private:
  lakh::thread_event begun_;

 public:
  thread_pool pool;  // dies first: waits for the task
};

TEST(on_pool, cancelled_before_it_began_it_never_runs) {
  busy_pool busy;
  std::atomic<int> ran{0};
  auto work = [&]() -> task<void> {
    EXPECT_THROW(co_await lakh::with_timeout(2ms, lakh::on_pool(busy.pool, [&] { ++ran; })), lakh::timeout_error);
  };
  lakh::run(work());
  busy.go.set();
  busy.pool.shutdown();
  EXPECT_EQ(ran.load(), 0);
}

TEST(on_pool, cancelled_while_it_stands_in_line_it_never_runs) {
  busy_pool busy(1);
  std::atomic<int> ran{0};
  (void)busy.pool.submit([&] { ran += 100; });  // the queue is full
  auto work = [&]() -> task<void> {
    EXPECT_THROW(co_await lakh::with_timeout(2ms, lakh::on_pool(busy.pool, [&] { ++ran; })), lakh::timeout_error);
  };
  lakh::run(work());
  busy.go.set();
  busy.pool.shutdown();
  EXPECT_EQ(ran.load(), 100);
}

TEST(on_pool, cancelled_while_it_runs_it_is_asked_to_stop_and_waited_for) {
  thread_pool pool(1);
  auto work = [&]() -> task<void> {
    bool asked = false;
    auto call = [&]() -> task<int> {
      const int result = co_await lakh::on_pool(pool, [&](std::stop_token stop) {
        while (!stop.stop_requested()) std::this_thread::sleep_for(100us);
        asked = true;
        return 5;
      });
      EXPECT_EQ(result, 5);  // delivered; the next wait is cancelled
      co_await lakh::yield();
      ADD_FAILURE();
      co_return result;
    };
    EXPECT_THROW(co_await lakh::with_timeout(5ms, call()), lakh::timeout_error);
    EXPECT_TRUE(asked);
  };
  lakh::run(work());
}

TEST(on_pool, a_pool_that_is_shut_down_refuses) {
  thread_pool pool(1);
  pool.shutdown();
  auto work = [&]() -> task<void> { EXPECT_THROW(co_await lakh::on_pool(pool, [] {}), lakh::closed_error); };
  lakh::run(work());
}

TEST(on_pool, shutting_down_tells_those_who_wait) {
  busy_pool busy(1);
  auto work = [&]() -> task<void> {
    auto queued = [&]() -> task<int> {
      EXPECT_THROW(co_await lakh::on_pool(busy.pool, [] {}), lakh::cancelled);
      co_return 1;
    };
    auto in_line = [&]() -> task<int> {
      EXPECT_THROW(co_await lakh::on_pool(busy.pool, [] {}), lakh::closed_error);
      co_return 1;
    };
    auto closes = [&]() -> task<int> {
      co_await lakh::yield();
      std::thread closer([&] { busy.pool.shutdown(thread_pool::pending::cancel); });
      co_await lakh::sleep_for(5ms);
      busy.go.set();
      closer.join();
      co_return 1;
    };
    co_await lakh::gather(queued(), in_line(), closes());
  };
  lakh::run(work());
}

TEST(future, a_coroutine_waits_for_it_without_blocking) {
  thread_pool pool(1);
  auto work = [&]() -> task<void> {
    auto result = pool.submit([] { return std::string("ready"); });
    EXPECT_EQ(co_await result, "ready");
    EXPECT_FALSE(result.valid());
    EXPECT_EQ(co_await pool.submit([] { return 2; }), 2);
    co_await pool.submit([] {});
    EXPECT_THROW(co_await pool.submit([] { throw std::runtime_error("bad"); }), std::runtime_error);
  };
  lakh::run(work());
}

TEST(future, a_cancelled_wait_leaves_the_work_and_the_future) {
  busy_pool busy;
  auto work = [&]() -> task<void> {
    auto result = busy.pool.submit([] { return 8; });
    auto wait = [&]() -> task<int> { co_return co_await result; };
    EXPECT_THROW(co_await lakh::with_timeout(2ms, wait()), lakh::timeout_error);
    EXPECT_TRUE(result.valid());
    busy.go.set();
    EXPECT_EQ(co_await result, 8);
  };
  lakh::run(work());
}

TEST(future, a_coroutine_is_told_when_another_thread_cancels_the_work) {
  busy_pool busy;
  auto work = [&]() -> task<void> {
    auto result = busy.pool.submit([] { return 8; });
    auto wait = [&]() -> task<int> {
      EXPECT_THROW(co_await result, lakh::cancelled);
      co_return 1;
    };
    auto cancels = [&]() -> task<int> {
      co_await lakh::yield();
      // Before the pool's only thread is free to run it.
      std::thread([&] { EXPECT_TRUE(result.cancel()); }).join();
      busy.go.set();
      co_return 1;
    };
    co_await lakh::gather(wait(), cancels());
  };
  lakh::run(work());
}

// Waits that end by time-out race with results that come: each wait has one end, and no result is lost.
TEST(on_pool, cancellation_races_with_the_end) {
  thread_pool pool(2);
  std::atomic<int> ran{0};
  int delivered = 0;
  int given_up = 0;
  auto work = [&]() -> task<void> {
    std::vector<int> lanes(8);
    co_await lakh::gather(lanes, lakh::limit(8), [&](int& /*lane*/) -> task<void> {
      for (int i = 0; i < 200; ++i) {
        try {
          co_await lakh::with_timeout(std::chrono::microseconds(10 * (i % 12)), lakh::on_pool(pool, [&] { ++ran; }));
          ++delivered;
        } catch (const lakh::timeout_error&) {
          ++given_up;
        }
      }
    });
  };
  lakh::run(work());
  EXPECT_EQ(delivered, ran.load());
  EXPECT_EQ(delivered + given_up, 8 * 200);
}

}  // namespace
