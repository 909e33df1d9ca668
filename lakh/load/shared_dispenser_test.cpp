// Items handed out from shared memory: each once, also when processes are killed at every single instruction of taking.
#include <lakh/core/unique_fd.hpp>
#include <lakh/load/shared_dispenser.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <map>
#include <random>
#include <thread>
#include <vector>

#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lakh::load {
namespace {

constexpr state_set anything_but_done = item_state::unclaimed | item_state::claimed;

// Everything that is left, by taker 0, and how often each item came.
std::map<std::uint64_t, int> take_all(shared_dispenser& from, std::uint32_t writer, std::uint64_t want = 7) {
  std::map<std::uint64_t, int> times;
  while (const auto range = from.take(0, writer, want))
    for (std::uint64_t item = range->first; item < range->end(); ++item) ++times[item];
  return times;
}

void expect_each_once(const std::map<std::uint64_t, int>& times, std::uint64_t first, std::uint64_t end) {
  ASSERT_EQ(times.size(), end - first);
  std::uint64_t item = first;
  for (const auto& [number, count] : times) {
    ASSERT_EQ(number, item++);
    ASSERT_EQ(count, 1) << "item " << number;
  }
}

TEST(shared_dispenser, hands_out_every_item_once_in_ranges_of_at_most_what_was_wanted) {
  shared_dispenser items(100, 2);
  EXPECT_EQ(items.remaining(), 100U);
  EXPECT_EQ(items.take(0, 0, 30), item_range(0, 30));
  EXPECT_EQ(items.take(1, 0, 30), item_range(30, 30));
  EXPECT_EQ(items.take(0, 0, 0), item_range(60, 1));
  EXPECT_EQ(items.remaining(), 39U);
  EXPECT_EQ(items.take(1, 0, 1000), item_range(61, 39));
  EXPECT_EQ(items.take(0, 0, 1), std::nullopt);
  EXPECT_EQ(items.remaining(), 0U);
}

TEST(shared_dispenser, gives_nothing_after_stop) {
  shared_dispenser items(100, 1);
  items.stop();
  EXPECT_EQ(items.take(0, 0, 1), std::nullopt);
  EXPECT_EQ(items.remaining(), 0U);
}

TEST(shared_dispenser, without_a_number_has_as_many_as_a_ledger_may_name_and_takes_no_memory_for_them) {
  shared_dispenser items(std::nullopt, 1);
  EXPECT_EQ(items.remaining(), std::nullopt);
  EXPECT_EQ(items.take(0, 0, 5), item_range(0, 5));
  EXPECT_FALSE(items.in_doubt(4'000'000'000));
}

TEST(shared_dispenser, a_resume_hands_out_what_is_wanted_and_knows_what_is_in_doubt) {
  item_states before(10);
  for (const std::uint64_t item : {0, 1, 2}) before.set(item, item_state::confirmed);
  for (const std::uint64_t item : {3, 4}) before.set(item, item_state::claimed);
  before.set(5, item_state::failed);
  before.set(6, item_state::unknown);
  shared_dispenser items(12, 1);
  items.resume(before, item_state::unclaimed | item_state::claimed | item_state::unknown, 12);
  EXPECT_EQ(items.remaining(), 8U);
  EXPECT_TRUE(items.in_doubt(3));
  EXPECT_TRUE(items.in_doubt(6));
  EXPECT_FALSE(items.in_doubt(7));
  std::vector<std::uint64_t> order;
  while (const auto range = items.take(0, 0, 4))
    for (std::uint64_t item = range->first; item < range->end(); ++item) order.push_back(item);
  EXPECT_EQ(order, (std::vector<std::uint64_t>{3, 4, 6, 7, 8, 9, 10, 11}));
}

TEST(shared_dispenser, a_resume_can_be_told_where_to_end) {
  shared_dispenser items(std::nullopt, 1);
  items.resume(item_states(3), item_state::unclaimed, 3);
  EXPECT_EQ(items.remaining(), 3U);
  expect_each_once(take_all(items, 0), 0, 3);
  items.resume(item_states(5), item_state::claimed, 5);
  EXPECT_EQ(items.take(0, 0, 1), std::nullopt);
}

TEST(shared_dispenser, of_a_dead_process_others_get_what_it_took_and_never_claimed) {
  shared_dispenser items(100, 4);
  (void)items.take(2, 5, 10);  // claimed, as its ledger says
  (void)items.take(2, 5, 10);  // 10 … 19: never
  (void)items.take(3, 5, 10);  // 20 … 29: claimed, two settled
  (void)items.take(0, 0, 10);  // somebody else's
  item_states ledger(100);
  for (std::uint64_t item = 0; item < 10; ++item) ledger.set(item, item_state::confirmed);
  for (std::uint64_t item = 20; item < 30; ++item) ledger.set(item, item_state::claimed);
  ledger.set(20, item_state::confirmed);
  ledger.set(21, item_state::failed);
  items.counters().positions = 40;
  const auto back = items.reclaim(2, 2, 5, ledger, {}, true);
  EXPECT_EQ(back.not_claimed, 10U);
  EXPECT_EQ(back.in_doubt, 8U);
  EXPECT_EQ(items.counters().positions, 22U) << "what is started again takes its place in the schedule again";
  EXPECT_FALSE(items.in_doubt(15));
  EXPECT_TRUE(items.in_doubt(25));

  // Who began before the dead one must not settle what the dead one's later file calls doubtful.
  auto times = take_all(items, 5);
  EXPECT_EQ(times.size(), 70U);
  for (std::uint64_t item = 10; item < 20; ++item) EXPECT_EQ(times[item], 1);
  EXPECT_EQ(items.remaining(), 8U);
  expect_each_once(take_all(items, 6), 22, 30);
}

TEST(shared_dispenser, what_cannot_be_repeated_stays_where_it_is) {
  shared_dispenser items(10, 1);
  (void)items.take(0, 0, 10);
  item_states ledger(10);
  for (std::uint64_t item = 0; item < 6; ++item) ledger.set(item, item_state::claimed);
  const auto back = items.reclaim(0, 1, 0, ledger, {}, false);
  EXPECT_EQ(back.in_doubt, 6U);
  expect_each_once(take_all(items, 9), 6, 10);
}

TEST(shared_dispenser, what_was_claimed_and_never_begun_goes_to_later_processes_as_if_it_were_new) {
  shared_dispenser items(30, 2);
  (void)items.take(1, 5, 10);  // claimed: 0 and 1 begun, 0 settled
  (void)items.take(1, 5, 10);  // 10 … 19: claimed, none begun; and its last
  item_states ledger(30);
  for (std::uint64_t item = 0; item < 20; ++item) ledger.set(item, item_state::claimed);
  ledger.set(0, item_state::confirmed);
  items.counters().positions = 20;
  const std::vector<item_range> never_begun{{2, 8}, {10, 10}, {25, 4000}};  // of the last the claim was never durable
  const auto back = items.reclaim(1, 1, 5, ledger, never_begun, false);
  EXPECT_EQ(back.not_begun, 18U);
  EXPECT_EQ(back.not_claimed, 0U);
  EXPECT_EQ(back.in_doubt, 1U);
  EXPECT_EQ(items.counters().positions, 2U);
  EXPECT_FALSE(items.in_doubt(2));
  expect_each_once(take_all(items, 4), 20, 30);  // the dead one's file speaks after this one's
  expect_each_once(take_all(items, 6), 2, 20);
}

TEST(shared_dispenser, a_process_takes_through_a_taker_for_each_loop) {
  shared_dispenser items(100, 4);
  process_dispenser mine(items, 2, 2, 0);
  EXPECT_EQ(mine.for_loop(0).take(10), item_range(0, 10));
  EXPECT_EQ(mine.for_loop(1).take(10), item_range(10, 10));
  EXPECT_EQ(items.reclaim(3, 1, 0, item_states(0), {}, true).not_claimed, 10U);
  EXPECT_EQ(mine.remaining(), 90U);
  EXPECT_FALSE(mine.in_doubt(1));
  mine.stop();
  EXPECT_EQ(mine.for_loop(0).take(10), std::nullopt);
}

TEST(shared_dispenser, threads_take_side_by_side) {
  constexpr unsigned takers = 4;
  shared_dispenser items(200'000, takers);
  std::array<std::vector<item_range>, takers> taken;
  {
    std::vector<std::jthread> threads;
    for (unsigned taker = 0; taker < takers; ++taker)
      threads.emplace_back([&, taker] {
        while (const auto range = items.take(taker, 0, 1 + taker * 3)) taken[taker].push_back(*range);
      });
  }
  std::vector<item_range> all;
  for (const auto& one : taken) all.insert(all.end(), one.begin(), one.end());
  std::ranges::sort(all, {}, &item_range::first);
  std::uint64_t next = 0;
  for (const item_range& one : all) {
    ASSERT_EQ(one.first, next);
    next = one.end();
  }
  EXPECT_EQ(next, 200'000U);
}

// --- deaths --------------------------------------------------------------------------------------------------------

struct told {
  std::uint64_t first;
  std::uint64_t count;
};

// Takes and tells; what it has told counts as claimed and settled.
[[noreturn]] void take_until_killed(shared_dispenser& items, unsigned taker, std::uint32_t writer, int file,
                                    std::uint64_t seed) {
  std::mt19937_64 random(seed);
  while (const auto range = items.take(taker, writer, 1 + random() % 3)) {
    const told text{range->first, range->count};
    if (::write(file, &text, sizeof text) != sizeof text) ::_exit(3);
  }
  ::_exit(0);
}

TEST(shared_dispenser, processes_killed_at_random_lose_nothing_and_double_nothing) {
  constexpr std::uint64_t count = 2'000'000;
  constexpr unsigned takers = 3;
  shared_dispenser items(count, takers);
  std::mt19937_64 random(20261122);
  std::vector<std::uint8_t> times(count);
  struct living {
    pid_t id = 0;
    std::uint32_t writer = 0;
    unique_fd file;  // what it has told: memory that stays when it is killed
    [[nodiscard]] std::vector<told> said() const {
      std::vector<told> list(static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_END)) / sizeof(told));
      EXPECT_EQ(::pread(file.get(), list.data(), list.size() * sizeof(told), 0),
                static_cast<ssize_t>(list.size() * sizeof(told)));
      return list;
    }
  };
  std::array<living, takers> all;
  std::uint32_t writers = 0;
  const auto begin = [&](unsigned taker) {
    living& one = all[taker];
    one.file.reset(::memfd_create("told", MFD_CLOEXEC));
    one.writer = writers++;
    const std::uint64_t seed = random();
    one.id = ::fork();
    ASSERT_GE(one.id, 0);
    if (one.id == 0) take_until_killed(items, taker, one.writer, one.file.get(), seed);
  };
  for (unsigned taker = 0; taker < takers; ++taker) begin(taker);
  int kills = 0;
  for (unsigned at = 0; items.remaining() != 0 && kills < 40; at = (at + 1) % takers) {
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 800));
    living& one = all[at];
    ::kill(one.id, SIGKILL);
    ::waitpid(one.id, nullptr, 0);
    ++kills;
    item_states ledger(count);
    for (const told& range : one.said())
      for (std::uint64_t item = range.first; item < range.first + range.count; ++item) {
        ledger.set(item, item_state::confirmed);
        ++times[item];
      }
    items.reclaim(at, 1, one.writer, ledger, {}, true);
    begin(at);
  }
  EXPECT_GT(kills, 5);
  for (unsigned taker = 0; taker < takers; ++taker) {
    living& one = all[taker];
    int status = 0;
    ::waitpid(one.id, &status, 0);
    EXPECT_EQ(status, 0);
    for (const told& range : one.said())
      for (std::uint64_t item = range.first; item < range.first + range.count; ++item) ++times[item];
  }
  // What the last kill gave back nobody may have been there to take.
  for (const auto& [item, more] : take_all(items, writers)) times[item] += static_cast<std::uint8_t>(more);
  for (std::uint64_t item = 0; item < count; ++item) ASSERT_EQ(times[item], 1) << "item " << item;
}

// Lets a child do `steps` instructions of one take(), then kills it. False if it had ended by then.
bool killed_within(shared_dispenser& items, std::uint64_t steps) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    (void)items.take(1, 1, 5);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  for (std::uint64_t i = 0; i < steps && WIFSTOPPED(status); ++i) {
    if (::ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) != 0) break;
    ::waitpid(child, &status, 0);
  }
  if (!WIFSTOPPED(status)) return false;
  ::kill(child, SIGKILL);
  while (::waitpid(child, &status, 0) == child && !WIFSIGNALED(status)) {
  }
  return true;
}

TEST(shared_dispenser, a_process_killed_at_any_instruction_of_taking_loses_nothing_and_doubles_nothing) {
  item_states before(20);
  for (const std::uint64_t item : {3, 4, 5, 9}) before.set(item, item_state::claimed);
  for (const std::uint64_t item : {0, 1, 2, 6, 7, 8}) before.set(item, item_state::confirmed);
  // Instructions of each kind of taking, spread over all: stepping is slow, and sanitizers take ten times as many.
  const auto dies_at = [&](std::uint64_t steps, bool from_pool) {
    shared_dispenser items(30, 2);
    if (from_pool) items.resume(before, anything_but_done, 30);
    const bool killed = killed_within(items, steps);
    items.reclaim(1, 1, 1, item_states(0), {}, true);
    auto times = take_all(items, 2);
    const std::uint64_t all = from_pool ? 24 : 30;
    EXPECT_EQ(times.size(), all) << "killed after " << steps << " instructions";
    for (const auto& [item, count] : times) EXPECT_EQ(count, 1) << "item " << item << ", " << steps << " instructions";
    EXPECT_EQ(items.remaining(), 0U);
    return killed;
  };
  for (const bool from_pool : {false, true}) {
    std::uint64_t end = 256;
    while (end < 65536 && dies_at(end, from_pool)) end *= 2;
    if (end == 256) GTEST_SKIP() << "a child cannot be stepped here";
    const std::uint64_t stride = end / std::clamp<std::uint64_t>(100'000 / end, 8, 48);
    for (std::uint64_t steps = 1; steps < end && !::testing::Test::HasFailure(); steps += stride)
      if (!dies_at(steps, from_pool)) break;
  }
}

}  // namespace
}  // namespace lakh::load
