#include <lakh/async/event.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/core/error.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

namespace {

using lakh::task;
using namespace std::chrono_literals;

TEST(scope, waits_for_its_children) {
  auto work = []() -> task<int> {
    int done = 0;
    auto child = [&](lakh::duration how_long) -> task<void> {
      co_await lakh::sleep_for(how_long);
      ++done;
    };
    co_await lakh::in_scope([&](lakh::scope& s) -> task<void> {
      s.spawn(child(1s));
      s.spawn(child(2s));
      EXPECT_EQ(s.running(), 2U);
      co_return;
    });
    co_return done;
  };
  EXPECT_EQ(lakh::run_virtual(work()), 2);
}

TEST(scope, a_failing_child_cancels_its_siblings_and_the_body) {
  auto work = []() -> task<int> {
    int cut = 0;
    auto sleeper = [&]() -> task<void> {
      try {
        co_await lakh::sleep_for(1h);
      } catch (const lakh::cancelled&) {
        ++cut;
        throw;
      }
    };
    auto failing = []() -> task<void> {
      co_await lakh::sleep_for(1s);
      throw std::runtime_error("first");
    };
    const auto start = lakh::loop::current().now();
    EXPECT_THROW(co_await lakh::in_scope([&](lakh::scope& s) -> task<void> {
                   s.spawn(sleeper());
                   s.spawn(failing());
                   co_await sleeper();
                 }),
                 std::runtime_error);
    EXPECT_EQ(lakh::loop::current().now() - start, 1s);
    co_return cut;
  };
  EXPECT_EQ(lakh::run_virtual(work()), 2);
}

TEST(scope, cancelled_by_its_owner_it_ends_quietly) {
  auto work = []() -> task<bool> {
    co_await lakh::in_scope([](lakh::scope& s) -> task<void> {
      s.spawn([]() -> task<void> { co_await lakh::sleep_for(1h); }());
      co_await lakh::sleep_for(1s);
      s.cancel();
    });
    co_return true;
  };
  EXPECT_TRUE(lakh::run_virtual(work()));
}

TEST(scope, cancelled_by_its_owner_it_still_reports_another_failure) {
  auto work = []() -> task<void> {
    co_await lakh::in_scope([](lakh::scope& s) -> task<void> {
      s.spawn([]() -> task<void> {
        try {
          co_await lakh::sleep_for(1h);
        } catch (const lakh::cancelled&) {
          throw std::runtime_error("cleaning up failed");
        }
      }());
      co_await lakh::yield();
      co_await lakh::yield();
      s.cancel();
    });
  };
  EXPECT_THROW(lakh::run_virtual(work()), std::runtime_error);
}

TEST(scope, a_cancellation_from_above_reaches_grandchildren) {
  auto work = []() -> task<int> {
    int cut = 0;
    auto nested = [&]() -> task<void> {
      co_await lakh::in_scope([&](lakh::scope& s) -> task<void> {
        s.spawn([](int& count) -> task<void> {
          try {
            co_await lakh::sleep_for(1h);
          } catch (const lakh::error& e) {
            count += e.kind() == lakh::error_kind::timeout ? 1 : 100;
            throw;
          }
        }(cut));
        co_return;
      });
    };
    EXPECT_THROW(co_await lakh::with_timeout(1s, nested()), lakh::timeout_error);
    co_return cut;
  };
  EXPECT_EQ(lakh::run_virtual(work()), 1);
}

TEST(scope, ten_thousand_children_end) {
  auto work = []() -> task<int> {
    int ended = 0;
    co_await lakh::in_scope([&](lakh::scope& s) -> task<void> {
      for (int i = 0; i < 10'000; ++i)
        s.spawn([](int& count, int delay) -> task<void> {
          co_await lakh::sleep_for(std::chrono::milliseconds(delay % 97));
          ++count;
        }(ended, i));
      co_return;
    });
    co_return ended;
  };
  EXPECT_EQ(lakh::run_virtual(work()), 10'000);
}

}  // namespace
