// How workers and pools end: orderly, by force, by their own fault or somebody else's; and what becomes of the work.
#include <lakh/core/error.hpp>
#include <lakh/core/random.hpp>
#include <lakh/parallel/process_pool.hpp>
#include <lakh/parallel/process_pool_for_test.hpp>
#include <lakh/parallel/process_testing.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <ranges>
#include <string>
#include <thread>
#include <vector>

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using lakh::chunk;
using lakh::pool_options;
using lakh::process_pool;
using lakh::testing::hang;
using lakh::testing::is_gone_soon;
using lakh::testing::square;
using namespace std::chrono_literals;

class process_pool_end_test : public lakh::testing::process_test {
 protected:
  // Those that lost their parent are this program's now: waits until they have ended.
  static void wait_for_orphans() {
    while (::waitpid(-1, nullptr, 0) > 0) {
    }
  }
};

// Seen by all processes forked after it was made.
template <class T> class shared {
 public:
  explicit shared(std::size_t count)
      : size_(count * sizeof(T)),
        values_(static_cast<T*>(::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
  shared(const shared&) = delete;
  shared& operator=(const shared&) = delete;
  ~shared() { ::munmap(values_, size_); }
  T& operator[](std::size_t i) { return values_[i]; }

 private:
  std::size_t size_;
  T* values_;
};
shared<std::atomic<int>>* calls = nullptr;

int count_call(int n) {
  ++(*calls)[static_cast<std::size_t>(n)];
  return n;
}

TEST_F(process_pool_end_test, a_worker_that_exits_or_is_killed_is_reported_and_replaced) {
  process_pool pool(1);
  try {
    pool.apply([](int code) { ::_exit(code); }, 3);
    FAIL();
  } catch (const lakh::worker_died& e) {
    ASSERT_TRUE(e.status());
    EXPECT_EQ(e.status()->code(), 3);
    EXPECT_NE(std::string(e.what()).find("ended with exit code 3 with item 0 of a task"), std::string::npos)
        << e.what();
  }
  try {
    pool.map(
        [](int n) {
          if (n == 5) ::raise(SIGKILL);
        },
        std::views::iota(0, 8), chunk(4));
    FAIL();
  } catch (const lakh::worker_died& e) {
    ASSERT_TRUE(e.status());
    EXPECT_EQ(e.status()->signal(), SIGKILL);
    EXPECT_NE(std::string(e.what()).find("items 4 to 7"), std::string::npos) << e.what();
  }
  EXPECT_EQ(pool.apply(square, 3), 9);
  EXPECT_EQ(pool.progress().deaths, 2U);
}

TEST_F(process_pool_end_test, a_death_is_noticed_also_where_something_that_the_worker_started_holds_its_socket) {
  shared<std::atomic<int>> here(1);
  calls = &here;
  process_pool pool(1);
  EXPECT_THROW(pool.apply([] {
    const pid_t left_behind = ::fork();
    if (left_behind == 0) hang();
    (*calls)[0] = left_behind;
    ::raise(SIGKILL);
  }),
               lakh::worker_died);
  EXPECT_EQ(pool.apply(square, 3), 9);
  pool.join();
  EXPECT_EQ(::kill(here[0], SIGKILL), 0);
  EXPECT_TRUE(is_gone_soon(here[0]));
}

TEST_F(process_pool_end_test, workers_that_cannot_be_replaced_at_once_are_replaced_later) {
  for (const std::size_t count : {1U, 2U}) {
    lakh::fork_server server;
    process_pool pool(server, count);
    EXPECT_EQ(pool.apply(square, 3), 9);
    ::rlimit before{};
    ASSERT_EQ(::prlimit(server.id(), RLIMIT_NOFILE, nullptr, &before), 0);
    const ::rlimit no_more{3, before.rlim_max};  // poll(2) of three descriptors is refused below
    ASSERT_EQ(::prlimit(server.id(), RLIMIT_NOFILE, &no_more, nullptr), 0);
    ::kill(pool.worker_ids().front(), SIGKILL);
    while (pool.worker_ids().size() == count) std::this_thread::sleep_for(1ms);
    auto later = pool.submit(square, 4);
    ASSERT_EQ(::prlimit(server.id(), RLIMIT_NOFILE, &before, nullptr), 0);
    while (pool.worker_ids().size() < count) std::this_thread::sleep_for(1ms);
    EXPECT_EQ(later.get(), 16);
  }
}

TEST_F(process_pool_end_test, a_task_whose_worker_died_is_handed_out_again_so_often_as_is_allowed) {
  shared<std::atomic<int>> here(2);
  calls = &here;
  process_pool pool(pool_options().workers(2).retry_on_death(2));
  const auto die_twice = [](int n) {
    if (++(*calls)[0] <= 2) ::raise(SIGKILL);
    return n;
  };
  EXPECT_EQ(pool.apply(die_twice, 8), 8);
  EXPECT_EQ(here[0], 3);
  EXPECT_THROW(pool.apply([] {
    ++(*calls)[1];
    ::_exit(1);
  }),
               lakh::worker_died);
  EXPECT_EQ(here[1], 3);
}

TEST_F(process_pool_end_test, what_was_only_on_its_way_to_a_worker_that_died_is_not_lost_and_not_done_twice) {
  shared<std::atomic<int>> here(3000);
  calls = &here;
  process_pool pool(2);  // no retries
  std::vector<lakh::future<int>> results;
  for (int i = 0; i < 3000; ++i)
    results.push_back(pool.submit(
        [](int n) {
          if (n % 300 == 299) ::raise(SIGKILL);
          return count_call(n);
        },
        i));
  for (int i = 0; i < 3000; ++i) {
    auto& one = results[static_cast<std::size_t>(i)];
    if (i % 300 == 299) {
      EXPECT_THROW(one.get(), lakh::worker_died);
    } else {
      EXPECT_EQ(one.get(), i);
      EXPECT_EQ(here[static_cast<std::size_t>(i)], 1) << i;
    }
  }
}

TEST_F(process_pool_end_test, a_map_is_complete_and_each_result_there_once_while_workers_are_killed) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    process_pool pool(pool_options().workers(3).retry_on_death(1000));
    std::atomic<bool> done{false};
    std::jthread killer([&] {
      lakh::random_sequence dice(seed);
      for (int kills = 0; kills < 20 && !done; ++kills) {
        std::this_thread::sleep_for(std::chrono::microseconds(10'000 + dice.below(20'000)));
        const auto ids = pool.worker_ids();
        if (!ids.empty()) ::kill(ids[dice.below(ids.size())], SIGKILL);
      }
    });
    std::vector<int> expected(20'000);
    std::ranges::transform(std::views::iota(0, 20'000), expected.begin(), square);
    for (int rounds = 0; rounds < 3; ++rounds)
      EXPECT_EQ(pool.map(square, std::views::iota(0, 20'000), chunk(20)), expected);
    std::vector<int> streamed;
    for (const int one : pool.imap_unordered(square, std::views::iota(0, 2000), chunk(8))) streamed.push_back(one);
    std::ranges::sort(streamed);
    EXPECT_TRUE(std::ranges::equal(streamed, expected | std::views::take(2000)));
    done = true;
    killer.join();
  }
}

TEST_F(process_pool_end_test, an_initializer_runs_once_in_each_worker_and_ends_the_pool_if_it_throws) {
  static int prepared = 0;
  {
    process_pool pool(pool_options().workers(2).initializer([](int by) { prepared += by; }, 5));
    for (const int one : pool.map([](int) { return prepared; }, std::views::iota(0, 50), chunk(1))) EXPECT_EQ(one, 5);
  }
  EXPECT_EQ(prepared, 0);
  {
    process_pool pool(pool_options().workers(2).initializer([] { throw lakh::input_error("no such table"); }));
    EXPECT_THROW(pool.apply(square, 1), lakh::input_error);
    EXPECT_THROW(pool.map(square, std::views::iota(0, 9)), lakh::input_error);
  }
  process_pool pool(pool_options().workers(2).initializer([] { ::_exit(9); }));
  EXPECT_THROW(pool.apply(square, 1), lakh::worker_died);
}

TEST_F(process_pool_end_test, workers_that_are_killed_before_they_are_ready_are_replaced) {
  shared<std::atomic<int>> here(1);
  calls = &here;
  process_pool pool(pool_options().workers(1).initializer([] {
    if (++(*calls)[0] <= 6) ::raise(SIGKILL);
  }));
  EXPECT_EQ(pool.apply(square, 3), 9);
  EXPECT_EQ(here[0], 7);
}

TEST_F(process_pool_end_test, close_takes_nothing_more_and_join_waits_for_what_was_taken) {
  process_pool pool(2);
  auto all = pool.map_async(square, std::views::iota(0, 5000), chunk(10));
  pool.close();
  EXPECT_THROW((void)pool.submit(square, 1), lakh::closed_error);
  pool.join();
  EXPECT_TRUE(all.done());
  EXPECT_EQ(all.get().size(), 5000U);
  EXPECT_TRUE(pool.worker_ids().empty());
  pool.join();
}

TEST_F(process_pool_end_test, terminate_ends_workers_that_hang_and_what_waits) {
  process_pool pool(2);
  std::vector<lakh::future<void>> hanging;
  for (int i = 0; i < 5; ++i) hanging.push_back(pool.submit(hang));
  while (pool.progress().running < 2) std::this_thread::yield();
  pool.terminate();
  for (auto& one : hanging) EXPECT_THROW(one.get(), lakh::cancelled);
  EXPECT_THROW((void)pool.submit(square, 1), lakh::closed_error);
  pool.join();
}

TEST_F(process_pool_end_test, terminate_ends_a_join_that_waits_for_a_worker_that_hangs) {
  process_pool pool(2);
  auto one = pool.submit(hang);
  std::thread waits([&] { pool.join(); });
  while (pool.progress().running == 0) std::this_thread::yield();
  pool.terminate();
  waits.join();
  EXPECT_THROW(one.get(), lakh::cancelled);
}

TEST_F(process_pool_end_test, terminate_ends_a_join_that_waits_for_a_worker_that_does_not_go) {
  process_pool pool(2);
  EXPECT_EQ(pool.apply(square, 3), 9);
  ::kill(pool.worker_ids().front(), SIGSTOP);
  std::thread waits([&] { pool.join(); });
  std::thread waits_too([&] { pool.join(); });
  while (pool.worker_ids().size() > 1) std::this_thread::sleep_for(1ms);  // the other went home
  pool.terminate();
  waits.join();
  waits_too.join();
  EXPECT_TRUE(pool.worker_ids().empty());
}

TEST_F(process_pool_end_test, a_pool_that_dies_ends_what_is_outstanding) {
  std::optional<process_pool> pool(std::in_place, 2);
  auto one = pool->submit(hang);
  auto all = pool->map_async(
      [](int n) {
        std::this_thread::sleep_for(1ms);
        return n;
      },
      std::views::iota(0, 100'000));
  auto stream = pool->imap(square, std::views::iota(0));
  pool.reset();
  EXPECT_THROW(one.get(), lakh::cancelled);
  EXPECT_THROW((void)all.get(), lakh::cancelled);
  EXPECT_THROW((void)stream.next(), lakh::closed_error);
}

TEST_F(process_pool_end_test, no_worker_is_left_when_its_program_is_killed) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const pid_t program = ::fork();
  if (program == 0) {
    process_pool pool(3);
    for (int i = 0; i < 3; ++i) (void)pool.submit(hang);
    while (pool.progress().running < 3) std::this_thread::yield();
    for (const pid_t one : pool.worker_ids()) (void)!::write(ends[1], &one, sizeof one);
    hang();
  }
  ::close(ends[1]);
  std::vector<pid_t> workers(3);
  for (pid_t& one : workers) ASSERT_EQ(::read(ends[0], &one, sizeof one), static_cast<ssize_t>(sizeof one));
  ::close(ends[0]);
  ::kill(program, SIGKILL);
  ::waitpid(program, nullptr, 0);
  for (const pid_t one : workers) EXPECT_TRUE(is_gone_soon(one));
  wait_for_orphans();  // the fork server
}

TEST_F(process_pool_end_test, a_pool_whose_fork_server_is_killed_says_so) {
  {
    lakh::fork_server server;
    process_pool pool(server, 2);
    EXPECT_EQ(pool.apply(square, 3), 9);
    ::kill(server.id(), SIGKILL);
    // The workers go with it, and none can be made.
    EXPECT_THROW(
        {
          while (true) pool.apply(square, 1);
        },
        lakh::error);
  }
  wait_for_orphans();
}

}  // namespace
