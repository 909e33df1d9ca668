#include <lakh/async/event.hpp>
#include <lakh/async/gather.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/signals.hpp>
#include <lakh/async/sleep.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <thread>
#include <vector>

namespace {

using lakh::task;
using namespace std::chrono_literals;

TEST(loop, virtual_time_jumps_from_timer_to_timer) {
  auto work = []() -> task<std::vector<int>> {
    std::vector<int> order;
    const auto start = lakh::loop::current().now();
    auto after = [&](lakh::duration delay, int id) -> task<void> {
      co_await lakh::sleep_for(delay);
      order.push_back(id);
    };
    co_await lakh::gather(after(3h, 3), after(1h, 1), after(2h, 2));
    EXPECT_EQ(lakh::loop::current().now() - start, 3h);
    co_return order;
  };
  EXPECT_EQ(lakh::run_virtual(work()), (std::vector<int>{1, 2, 3}));
}

TEST(loop, a_sleep_lasts_at_least_as_long_as_asked) {
  auto work = []() -> task<lakh::duration> {
    const auto start = lakh::clock::now();
    co_await lakh::sleep_for(5ms);
    co_return lakh::clock::now() - start;
  };
  EXPECT_GE(lakh::run(work()), 5ms);
}

TEST(loop, an_earlier_timer_armed_later_still_fires_first) {
  auto work = []() -> task<std::vector<int>> {
    std::vector<int> order;
    auto after = [&](lakh::duration delay, int id) -> task<void> {
      co_await lakh::sleep_for(delay);
      order.push_back(id);
    };
    co_await lakh::gather(after(40ms, 2), after(5ms, 1));
    co_return order;
  };
  EXPECT_EQ(lakh::run(work()), (std::vector<int>{1, 2}));
}

TEST(loop, what_is_posted_from_other_threads_all_arrives) {
  auto work = []() -> task<int> {
    lakh::loop& here = lakh::loop::current();
    lakh::event all;
    int arrived = 0;
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i)
          here.post([&] {
            if (++arrived == 4000) all.set();
          });
      });
    co_await all.wait();
    co_return arrived;
  };
  EXPECT_EQ(lakh::run(work()), 4000);
}

TEST(loop, a_coroutine_that_yields_lets_the_others_run) {
  auto work = []() -> task<std::vector<int>> {
    std::vector<int> order;
    auto turn = [&](int id) -> task<void> {
      for (int i = 0; i < 2; ++i) {
        order.push_back(id);
        co_await lakh::yield();
      }
    };
    co_await lakh::gather(turn(1), turn(2));
    co_return order;
  };
  EXPECT_EQ(lakh::run(work()), (std::vector<int>{1, 2, 1, 2}));
}

TEST(loop, coroutines_that_never_rest_leave_timers_and_other_threads_their_turn) {
  auto work = []() -> task<void> {
    lakh::loop& here = lakh::loop::current();
    bool woken = false;
    bool told = false;
    auto restless = [&]() -> task<void> {
      while (!woken || !told) co_await lakh::yield();
    };
    auto sleeper = [&]() -> task<void> {
      co_await lakh::sleep_for(1ms);
      woken = true;
    };
    const std::jthread teller([&] { here.post([&] { told = true; }); });
    co_await lakh::gather(restless(), restless(), sleeper());
  };
  lakh::run(work());
}

TEST(signals, one_that_arrives_between_two_waits_is_not_lost) {
  auto work = []() -> task<int> {
    lakh::signal_watch watch({SIGUSR1, SIGUSR2});
    std::raise(SIGUSR1);
    const int first = co_await watch.next();
    std::raise(SIGUSR2);
    co_await lakh::sleep_for(10ms);
    co_return first * 1000 + co_await watch.next();
  };
  EXPECT_EQ(lakh::run(work()), SIGUSR1 * 1000 + SIGUSR2);
}

}  // namespace
