#include <lakh/async/gather.hpp>
#include <lakh/async/run.hpp>
#include <lakh/core/error.hpp>
#include <lakh/parallel/as_completed.hpp>
#include <lakh/parallel/process_pool.hpp>
#include <lakh/parallel/process_pool_for_test.hpp>
#include <lakh/parallel/process_testing.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <ranges>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

namespace pool_things {

struct parcel {
  std::string name;
  int quantity = 0;
  bool operator==(const parcel&) const = default;
};
BOOST_DESCRIBE_STRUCT(parcel, (), (name, quantity))

// A function object that takes along what it needs.
struct add {
  int amount = 0;
  int operator()(int n) const { return n + amount; }
};
BOOST_DESCRIBE_STRUCT(add, (), (amount))

}  // namespace pool_things

namespace {

using lakh::chunk;
using lakh::pool_options;
using lakh::process_pool;
using lakh::testing::hang;
using lakh::testing::square;
using namespace std::chrono_literals;

class process_pool_test : public lakh::testing::process_test {};

std::string repeat(std::string_view text, int times) {
  std::string all;
  while (times-- > 0) all += text;
  return all;
}
void nothing(int /*n*/) {}
pid_t who(int /*n*/) {
  return ::getpid();
}
int fail_at_multiples_of_7(int n) {
  if (n % 7 == 0) throw std::out_of_range("seven divides " + std::to_string(n));
  return n;
}
const lakh::worker_function named_square("process_pool_test.square", square);

TEST_F(process_pool_test, calls_functions_of_every_kind_with_what_they_need) {
  process_pool pool(2);
  EXPECT_EQ(pool.apply(square, 3), 9);
  EXPECT_EQ(pool.apply(&square, 4), 16);
  EXPECT_EQ(pool.apply([](int a, double b) { return a * b; }, 2, 1.5), 3.0);
  EXPECT_EQ(pool.apply(repeat, "ab", 3), "ababab");
  EXPECT_EQ(pool.apply(pool_things::add{5}, 6), 11);
  EXPECT_EQ(pool.apply(named_square, 5), 25);
  EXPECT_EQ(pool.apply([](auto text) { return text + "!"; }, std::string("generic")), "generic!");
  const auto doubled =
      pool.apply([](const pool_things::parcel& p) { return pool_things::parcel{p.name, p.quantity * 2}; },
                 pool_things::parcel{"tea", 4});
  EXPECT_EQ(doubled, (pool_things::parcel{"tea", 8}));
  pool.apply(nothing, 1);
  EXPECT_NE(pool.apply(who, 0), ::getpid());
}

TEST_F(process_pool_test, hands_back_ten_thousand_results) {
  process_pool pool(4);
  std::vector<lakh::future<int>> results;
  for (int i = 0; i < 10'000; ++i) results.push_back(pool.submit(square, i));
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(results[static_cast<std::size_t>(i)].get(), i * i);
  EXPECT_EQ(pool.progress().done, 10'000U);
}

TEST_F(process_pool_test, maps_in_order_in_chunks_of_any_size) {
  process_pool pool(3);
  const auto numbers = std::views::iota(0, 10'000);
  std::vector<int> squares(10'000);
  std::ranges::transform(numbers, squares.begin(), square);
  EXPECT_EQ(pool.map(square, numbers), squares);
  EXPECT_EQ(pool.map(square, numbers, chunk(7)), squares);
  EXPECT_EQ(pool.map_async(square, numbers, chunk(100'000)).get(), squares);
  EXPECT_EQ(pool.map(square, std::vector<int>{}), std::vector<int>{});
  EXPECT_EQ(pool.map([](int n) { return n % 2 == 0; }, std::vector<int>{1, 2}), (std::vector<bool>{false, true}));
  pool.map(nothing, numbers);
  // Larger in sum than one message may be.
  const std::vector<std::string> texts(300, std::string(10'000, 'x'));
  EXPECT_EQ(pool.map([](std::string text) { return text; }, texts, chunk(1000)), texts);
}

TEST_F(process_pool_test, every_worker_takes_part) {
  process_pool pool(3);
  std::set<pid_t> seen;
  // Each waits until another has been seen, so that none can do it all.
  while (seen.size() < 3)
    for (const pid_t one : pool.map(
             [](int) {
               std::this_thread::sleep_for(1ms);
               return ::getpid();
             },
             std::views::iota(0, 12), chunk(1)))
      seen.insert(one);
  const auto ids = pool.worker_ids();
  EXPECT_EQ(seen, std::set<pid_t>(ids.begin(), ids.end()));
}

TEST_F(process_pool_test, streams_results_of_an_endless_range_in_order_and_as_they_come) {
  process_pool pool(2);
  int expected = 0;
  for (const int one : pool.imap(square, std::views::iota(0))) {
    ASSERT_EQ(one, expected * expected);
    if (++expected == 500) break;
  }
  std::set<int> seen;
  for (const int one : pool.imap_unordered(square, std::views::iota(0), chunk(10))) {
    EXPECT_TRUE(seen.insert(one).second);
    if (seen.size() == 500) break;
  }
  std::vector<int> all;
  auto finite = pool.imap_unordered(square, std::vector<int>{1, 2, 3}, chunk(2));
  while (const auto one = finite.next()) all.push_back(*one);
  std::ranges::sort(all);
  EXPECT_EQ(all, (std::vector<int>{1, 4, 9}));
}

TEST_F(process_pool_test, a_stream_takes_no_more_of_its_range_than_its_lead) {
  process_pool pool(2);
  int taken = 0;
  auto counted = std::views::iota(0) | std::views::transform([&taken](int n) {
                   ++taken;
                   return n;
                 });
  auto results = pool.imap(square, counted);
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(results.next(), i * i);
    ASSERT_LE(taken, i + 1 + 64);
  }
}

TEST_F(process_pool_test, a_stream_goes_on_behind_an_element_that_fails) {
  process_pool pool(2);
  auto results = pool.imap(fail_at_multiples_of_7, std::views::iota(1, 21), chunk(4));
  for (int n = 1; n < 21; ++n) {
    if (n % 7 != 0)
      EXPECT_EQ(results.next(), n);
    else
      EXPECT_THROW((void)results.next(), lakh::remote_error);
  }
  EXPECT_EQ(results.next(), std::nullopt);
}

TEST_F(process_pool_test, a_stream_of_a_pool_that_is_closed_gives_what_was_taken_and_then_says_so) {
  for (const bool in_order : {true, false}) {
    process_pool pool(2);
    auto stream = in_order ? pool.imap(square, std::views::iota(0), chunk(3))
                           : pool.imap_unordered(square, std::views::iota(0), chunk(3));
    std::vector<int> came;
    for (int i = 0; i < 10; ++i) came.push_back(*stream.next());
    pool.close();
    EXPECT_THROW(
        {
          while (const auto one = stream.next()) came.push_back(*one);
        },
        lakh::closed_error);
    EXPECT_EQ(stream.next(), std::nullopt);
    std::ranges::sort(came);
    for (std::size_t i = 0; i < came.size(); ++i) ASSERT_EQ(came[i], static_cast<int>(i * i));
    EXPECT_EQ(came.size() % 3, 0U);
    pool.join();
  }
}

TEST_F(process_pool_test, exceptions_keep_their_class_code_text_and_hint) {
  process_pool pool(1);
  try {
    pool.apply([] { throw lakh::storage_error(std::error_code(ENOSPC, std::system_category()), "disk", "buy one"); });
    FAIL();
  } catch (const lakh::storage_error& e) {
    EXPECT_STREQ(e.what(), "disk");
    EXPECT_EQ(e.hint(), "buy one");
    EXPECT_EQ(e.code(), std::errc::no_space_on_device);
    EXPECT_EQ(e.kind(), lakh::error_kind::storage);
  }
  try {
    pool.apply([] { throw lakh::status_error(503, "busy"); });
    FAIL();
  } catch (const lakh::status_error& e) {
    EXPECT_EQ(e.status(), 503);
  }
  EXPECT_THROW(pool.apply([] { throw lakh::timeout_error("late"); }), lakh::timeout_error);
  EXPECT_THROW(pool.apply([] { throw lakh::cancelled(); }), lakh::cancelled);
  try {
    pool.apply(fail_at_multiples_of_7, 14);
    FAIL();
  } catch (const lakh::remote_error& e) {
    EXPECT_STREQ(e.what(), "seven divides 14");
    EXPECT_EQ(e.type(), "std::out_of_range");
  }
  try {
    pool.apply([] { throw 5; });
    FAIL();
  } catch (const lakh::remote_error& e) {
    EXPECT_EQ(e.type(), "int");
  }
  EXPECT_EQ(pool.apply(square, 2), 4);  // the worker is as good as before
}

TEST_F(process_pool_test, map_throws_the_failure_of_the_first_element_that_failed) {
  process_pool pool(4);
  try {
    pool.map(fail_at_multiples_of_7, std::views::iota(1, 1000), chunk(3));
    FAIL();
  } catch (const lakh::remote_error& e) {
    EXPECT_STREQ(e.what(), "seven divides 7");
  }
}

// What fills one message, then a failure that needs the next, then an element that is left out.
TEST_F(process_pool_test, a_failure_behind_a_message_that_is_full_is_told_as_any_other) {
  process_pool pool(1);
  const auto large_then_fail = [](int n) {
    if (n == 1) throw std::runtime_error(std::string(1000, 'x'));
    return std::string(256 * 1024 - 200, 'y');
  };
  try {
    (void)pool.map(large_then_fail, std::vector<int>{0, 1, 2}, chunk(3));
    FAIL();
  } catch (const lakh::remote_error& e) {
    EXPECT_EQ(e.what(), std::string(1000, 'x'));
  }
  EXPECT_EQ(pool.progress().deaths, 0U);
}

TEST_F(process_pool_test, results_can_be_awaited_by_coroutines_of_a_loop) {
  lakh::fork_server server;
  process_pool pool(server, 2);
  lakh::run([](process_pool& in) -> lakh::task<void> {
    EXPECT_EQ(co_await in.submit(square, 6), 36);
    const std::vector<int> all = co_await in.map_async(square, std::views::iota(1, 4));
    EXPECT_EQ(all, (std::vector<int>{1, 4, 9}));
    auto stream = in.imap(square, std::views::iota(0, 100));
    int expected = 0;
    while (const auto one = co_await stream.async_next()) {
      EXPECT_EQ(*one, expected * expected);
      ++expected;
    }
    EXPECT_EQ(expected, 100);
  }(pool));
  std::vector<lakh::future<int>> futures;
  for (int i = 0; i < 100; ++i) futures.push_back(pool.apply_async(square, i));
  long sum = 0;
  for (auto& [index, result] : lakh::as_completed(std::move(futures))) sum += result.get();
  EXPECT_EQ(sum, 328'350);
}

TEST_F(process_pool_test, a_future_is_cancelled_while_no_worker_has_its_task) {
  process_pool pool(1);
  auto busy = pool.submit(hang);
  while (pool.progress().running == 0) std::this_thread::yield();
  auto waits = pool.submit(square, 1);
  auto mapped = pool.map_async(square, std::views::iota(0, 100));
  EXPECT_FALSE(busy.cancel());
  EXPECT_TRUE(waits.cancel());
  EXPECT_TRUE(mapped.cancel());
  EXPECT_THROW(waits.get(), lakh::cancelled);
  EXPECT_THROW((void)mapped.get(), lakh::cancelled);
  pool.terminate();
  EXPECT_THROW(busy.get(), lakh::cancelled);
}

TEST_F(process_pool_test, what_is_too_large_is_an_error_of_its_task_and_of_nothing_else) {
  process_pool pool(pool_options().workers(1).message_limit(100'000));
  const auto code_of = [](auto call) {
    try {
      call();
      return std::error_code();
    } catch (const lakh::error& e) {
      return e.code();
    }
  };
  EXPECT_EQ(code_of([&] { pool.apply(repeat, "x", 200'000); }), lakh::errc::too_large);
  EXPECT_EQ(code_of([&] { pool.apply([](const std::string&) {}, std::string(200'000, 'x')); }), lakh::errc::too_large);
  EXPECT_EQ(
      code_of([&] { pool.map([](const std::string&) {}, std::vector<std::string>(3, std::string(200'000, 'x'))); }),
      lakh::errc::too_large);
  EXPECT_EQ(pool.apply(repeat, "x", 90'000).size(), 90'000U);
  auto stream =
      pool.imap([](int n) { return std::string(static_cast<std::size_t>(n), 'x'); }, std::vector<int>{1, 200'000, 3});
  EXPECT_EQ(stream.next(), "x");
  EXPECT_EQ(code_of([&] { (void)stream.next(); }), lakh::errc::too_large);
  EXPECT_EQ(stream.next(), "xxx");
}

TEST_F(process_pool_test, options_beyond_all_measure_are_bounded) {
  constexpr std::size_t endless = std::numeric_limits<std::size_t>::max();
  process_pool pool(pool_options().workers(1).message_limit(endless));
  EXPECT_EQ(pool.apply(square, 3), 9);
  for (const std::size_t size : {endless, std::size_t{1} << 58U}) {
    int count = 0;
    for (const int one : pool.imap(square, std::views::iota(0, 100), chunk(size))) {
      EXPECT_EQ(one, count * count);
      ++count;
    }
    EXPECT_EQ(count, 100);
    EXPECT_EQ(pool.map(square, std::views::iota(0, 4), chunk(size)), (std::vector<int>{0, 1, 4, 9}));
  }
}

TEST_F(process_pool_test, workers_are_renewed_after_so_many_messages) {
  process_pool pool(pool_options().workers(1).renew_after(3));
  std::vector<pid_t> ids = pool.map(who, std::views::iota(0, 12), chunk(1));
  for (std::size_t i = 0; i < 12; i += 3) EXPECT_TRUE(ids[i] == ids[i + 1] && ids[i] == ids[i + 2]);
  EXPECT_EQ(std::set<pid_t>(ids.begin(), ids.end()).size(), 4U);
  EXPECT_EQ(pool.progress().deaths, 0U);
}

TEST_F(process_pool_test, results_that_nobody_wants_are_dropped) {
  process_pool pool(2);
  for (int i = 0; i < 1000; ++i) (void)pool.submit(square, i);
  for (int i = 0; i < 10; ++i) {
    auto stream = pool.imap_unordered(square, std::views::iota(0), chunk(5));
    EXPECT_TRUE(stream.next());
  }
  (void)pool.map_async(square, std::views::iota(0, 1000));
  EXPECT_EQ(pool.apply(square, 9), 81);
  pool.join();
  EXPECT_EQ(pool.progress().waiting, 0U);
}

TEST_F(process_pool_test, what_a_range_throws_reaches_the_caller) {
  process_pool pool(2);
  auto broken = std::views::iota(0, 100) | std::views::transform([](int n) {
                  if (n == 50) throw std::runtime_error("no more");
                  return n;
                });
  EXPECT_THROW(pool.map(square, broken), std::runtime_error);
  auto stream = pool.imap(square, broken);
  for (int n = 0; n < 50; ++n) EXPECT_EQ(stream.next(), n * n);
  EXPECT_THROW((void)stream.next(), std::runtime_error);
  EXPECT_EQ(stream.next(), std::nullopt);
}

TEST_F(process_pool_test, several_threads_share_a_pool) {
  process_pool pool(3);
  std::vector<std::thread> givers;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t)
    givers.emplace_back([&] {
      for (int i = 0; i < 200; ++i)
        if (pool.apply(square, i) != i * i) ++wrong;
      if (pool.map(square, std::views::iota(0, 500)).size() != 500) ++wrong;
    });
  for (auto& one : givers) one.join();
  EXPECT_EQ(wrong, 0);
}

TEST(parts_in_hand, are_so_many_as_keep_a_worker_busy_for_two_milliseconds) {
  using lakh::detail::parts_in_hand;
  EXPECT_EQ(parts_in_hand(0ns), 1U);
  EXPECT_EQ(parts_in_hand(1s), 1U);
  EXPECT_EQ(parts_in_hand(2ms), 1U);
  EXPECT_EQ(parts_in_hand(1ms), 2U);
  EXPECT_EQ(parts_in_hand(100us), 20U);
  EXPECT_EQ(parts_in_hand(1ns), 64U);
}

TEST(usual_chunk, makes_sixteen_messages_for_each_worker) {
  using lakh::detail::usual_chunk;
  EXPECT_EQ(usual_chunk(0, 4), 1U);
  EXPECT_EQ(usual_chunk(10, 4), 1U);
  EXPECT_EQ(usual_chunk(64, 4), 1U);
  EXPECT_EQ(usual_chunk(65, 4), 2U);
  EXPECT_EQ(usual_chunk(64'000, 4), 1000U);
  EXPECT_EQ(usual_chunk(100, 0), 2U);
  EXPECT_EQ(usual_chunk(1000, 10), 7U);
}

}  // namespace
