#include <lakh/async/barrier.hpp>
#include <lakh/async/condition.hpp>
#include <lakh/async/event.hpp>
#include <lakh/async/gather.hpp>
#include <lakh/async/mutex.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/semaphore.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/core/error.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace {

using lakh::task;
using namespace std::chrono_literals;

TEST(semaphore, serves_in_the_order_of_asking) {
  auto work = []() -> task<std::vector<int>> {
    lakh::semaphore one(1);
    std::vector<int> order;
    auto user = [&](int id) -> task<void> {
      auto held = co_await one.acquire();
      order.push_back(id);
      co_await lakh::sleep_for(1ms);
    };
    co_await lakh::gather(user(1), user(2), user(3));
    EXPECT_EQ(one.available(), 1U);
    co_return order;
  };
  EXPECT_EQ(lakh::run_virtual(work()), (std::vector<int>{1, 2, 3}));
}

TEST(semaphore, a_cancelled_waiter_takes_no_permit) {
  auto work = []() -> task<std::size_t> {
    lakh::semaphore one(1);
    {
      auto held = co_await one.acquire();
      auto waits = [&]() -> task<void> { auto never = co_await one.acquire(); };
      EXPECT_THROW(co_await lakh::with_timeout(1s, waits()), lakh::timeout_error);
    }
    co_return one.available();
  };
  EXPECT_EQ(lakh::run_virtual(work()), 1U);
}

TEST(semaphore, a_permit_handed_over_just_before_a_cancellation_is_not_lost) {
  auto work = []() -> task<std::size_t> {
    lakh::semaphore one(1);
    auto held = co_await one.acquire();
    co_await lakh::in_scope([&](lakh::scope& s) -> task<void> {
      s.spawn([](lakh::semaphore& from) -> task<void> { auto mine = co_await from.acquire(); }(one));
      co_await lakh::sleep_for(1ms);
      held.release();  // hands it to the child, which has not run yet
      s.cancel();
    });
    co_return one.available();
  };
  EXPECT_EQ(lakh::run_virtual(work()), 1U);
}

TEST(mutex, keeps_others_out_across_a_wait) {
  auto work = []() -> task<int> {
    lakh::mutex m;
    int inside = 0;
    int most = 0;
    auto user = [&]() -> task<void> {
      for (int i = 0; i < 10; ++i) {
        auto held = co_await m.lock();
        most = std::max(most, ++inside);
        co_await lakh::yield();
        --inside;
      }
    };
    co_await lakh::gather(user(), user(), user());
    co_return most;
  };
  EXPECT_EQ(lakh::run_virtual(work()), 1);
}

TEST(event, wakes_all_and_stays_set) {
  auto work = []() -> task<int> {
    lakh::event go;
    int woken = 0;
    auto waits = [&]() -> task<void> {
      co_await go.wait();
      ++woken;
    };
    co_await lakh::in_scope([&](lakh::scope& s) -> task<void> {
      s.spawn(waits());
      s.spawn(waits());
      co_await lakh::sleep_for(1ms);
      EXPECT_EQ(woken, 0);
      go.set();
      co_await waits();
    });
    co_return woken;
  };
  EXPECT_EQ(lakh::run_virtual(work()), 3);
}

TEST(condition, hands_an_item_to_a_consumer_that_waits) {
  auto work = []() -> task<int> {
    lakh::mutex m;
    lakh::condition changed;
    int stock = 0;
    int taken = 0;
    auto consumer = [&]() -> task<void> {
      auto held = co_await m.lock();
      co_await changed.wait_until(m, held, [&] { return stock > 0; });
      --stock;
      ++taken;
    };
    auto producer = [&]() -> task<void> {
      for (int i = 0; i < 2; ++i) {
        co_await lakh::sleep_for(1s);
        auto held = co_await m.lock();
        ++stock;
        changed.notify_one();
      }
    };
    co_await lakh::gather(consumer(), consumer(), producer());
    co_return taken;
  };
  EXPECT_EQ(lakh::run_virtual(work()), 2);
}

TEST(condition, a_cancelled_wait_holds_the_mutex_again) {
  auto work = []() -> task<bool> {
    lakh::mutex m;
    lakh::condition never;
    auto held = co_await m.lock();
    EXPECT_THROW(co_await lakh::with_timeout(1s, never.wait(m, held)), lakh::timeout_error);
    co_return m.is_locked();
  };
  EXPECT_TRUE(lakh::run_virtual(work()));
}

TEST(barrier, lets_all_through_together_round_after_round) {
  auto work = []() -> task<std::vector<int>> {
    lakh::barrier meet(3);
    std::vector<int> log;
    auto party = [&](lakh::duration pace) -> task<void> {
      for (int round = 0; round < 3; ++round) {
        co_await lakh::sleep_for(pace);
        co_await meet.arrive_and_wait();
        log.push_back(round);
      }
    };
    co_await lakh::gather(party(1s), party(2s), party(3s));
    co_return log;
  };
  EXPECT_EQ(lakh::run_virtual(work()), (std::vector<int>{0, 0, 0, 1, 1, 1, 2, 2, 2}));
}

TEST(barrier, one_who_is_cancelled_has_not_arrived) {
  auto work = []() -> task<bool> {
    lakh::barrier meet(2);
    auto arrives = [&]() -> task<void> { co_await meet.arrive_and_wait(); };
    EXPECT_THROW(co_await lakh::with_timeout(1s, arrives()), lakh::timeout_error);
    co_await lakh::gather(arrives(), arrives());
    co_return true;
  };
  EXPECT_TRUE(lakh::run_virtual(work()));
}

}  // namespace
