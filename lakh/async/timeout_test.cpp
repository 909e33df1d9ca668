#include <lakh/async/event.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/core/error.hpp>

#include <gtest/gtest.h>

namespace {

using lakh::task;
using namespace std::chrono_literals;

task<int> slow(lakh::duration how_long) {
  co_await lakh::sleep_for(how_long);
  co_return 1;
}

TEST(timeout, work_that_is_in_time_hands_back_its_value) {
  EXPECT_EQ(lakh::run_virtual([]() -> task<int> { co_return co_await lakh::with_timeout(2s, slow(1s)); }()), 1);
}

TEST(timeout, work_that_is_late_ends_with_a_timeout_error_at_the_deadline) {
  auto work = []() -> task<lakh::duration> {
    const auto start = lakh::loop::current().now();
    EXPECT_THROW(co_await lakh::with_timeout(2s, slow(1h)), lakh::timeout_error);
    co_return lakh::loop::current().now() - start;
  };
  EXPECT_EQ(lakh::run_virtual(work()), 2s);
}

TEST(timeout, a_limit_that_no_clock_can_count_is_none) {
  auto work = []() -> task<int> {
    co_await lakh::sleep_for(1s);  // so that now and the limit together are more than a time point holds
    const int value = co_await lakh::with_timeout(lakh::duration::max(), slow(1s));
    bool cut = false;
    try {
      co_await lakh::with_timeout(1h, [&]() -> task<void> { co_await lakh::sleep_for(lakh::duration::max()); }());
    } catch (const lakh::timeout_error&) {
      cut = true;
    }
    EXPECT_TRUE(cut);
    co_return value;
  };
  EXPECT_EQ(lakh::run_virtual(work()), 1);
}

TEST(timeout, an_outer_deadline_cuts_an_inner_one) {
  auto work = []() -> task<lakh::duration> {
    const auto start = lakh::loop::current().now();
    auto inner = []() -> task<int> { co_return co_await lakh::with_timeout(1h, slow(2h)); };
    EXPECT_THROW(co_await lakh::with_timeout(1s, inner()), lakh::timeout_error);
    co_return lakh::loop::current().now() - start;
  };
  EXPECT_EQ(lakh::run_virtual(work()), 1s);
}

TEST(timeout, shielded_work_is_not_cut_but_the_next_wait_is) {
  auto work = []() -> task<int> {
    int done = 0;
    auto inner = [&]() -> task<int> {
      done += co_await lakh::shielded(slow(5s));
      co_await lakh::sleep_for(1s);
      done += 100;
      co_return done;
    };
    EXPECT_THROW(co_await lakh::with_timeout(1s, inner()), lakh::timeout_error);
    co_return done;
  };
  EXPECT_EQ(lakh::run_virtual(work()), 1);
}

TEST(timeout, after_a_deadline_the_enclosing_scope_goes_on) {
  auto work = []() -> task<int> {
    try {
      co_await lakh::with_timeout(1s, slow(2s));
    } catch (const lakh::timeout_error&) {
    }
    co_return co_await slow(1s);
  };
  EXPECT_EQ(lakh::run_virtual(work()), 1);
}

TEST(cancel, ends_each_of_several_waits_that_stand_directly_in_one_scope) {
  auto work = []() -> task<void> {
    lakh::cancel_scope shared;
    int ended = 0;
    int cut = 0;
    auto wait = [&](lakh::duration how_long) -> task<void> {
      try {
        co_await lakh::sleep_for(how_long);
        ++ended;
      } catch (const lakh::cancelled&) {
        ++cut;
      }
    };
    auto under_it = [&](lakh::duration how_long) -> task<void> { co_await wait(how_long).under(shared); };
    co_await lakh::in_scope([&](lakh::scope& s) -> task<void> {
      // The first to come, and one in the middle, are gone before the end comes; another comes later.
      for (const lakh::duration how_long : {1s, 100s, 2s, 100s, 100s}) s.spawn(under_it(how_long));
      co_await lakh::sleep_for(3s);
      s.spawn(under_it(100s));
      co_await lakh::yield();
      shared.cancel();
    });
    EXPECT_EQ(ended, 2);
    EXPECT_EQ(cut, 4);
  };
  lakh::run_virtual(work());
}

TEST(cancel, a_cancelled_scope_refuses_every_later_wait) {
  auto work = []() -> task<int> {
    int refused = 0;
    co_await lakh::in_scope([&](lakh::scope& s) -> task<void> {
      s.cancel();
      for (int i = 0; i < 3; ++i) {
        try {
          co_await lakh::yield();
        } catch (const lakh::cancelled&) {
          ++refused;
        }
      }
    });
    co_return refused;
  };
  EXPECT_EQ(lakh::run_virtual(work()), 3);
}

}  // namespace
