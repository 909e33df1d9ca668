#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/random.hpp>
#include <lakh/parallel/forked_for_test.hpp>
#include <lakh/parallel/process_queue.hpp>
#include <lakh/parallel/shared_memory.hpp>
#include <lakh/parallel/stepped_for_test.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace {

using namespace lakh;
using namespace std::chrono_literals;

std::vector<unique_fd> copies_of(const auto& descriptors) {
  std::vector<unique_fd> copies;
  for (const int descriptor : descriptors) copies.emplace_back(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
  return copies;
}

template <class T> std::vector<T> drained(process_queue<T>& queue) {
  std::vector<T> items;
  while (auto item = queue.try_pop()) items.push_back(std::move(*item));
  return items;
}

TEST(process_queue, is_first_in_first_out_and_bounded) {
  process_queue<int> queue(3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue.try_push(i));
  EXPECT_FALSE(queue.try_push(3));
  EXPECT_EQ(queue.size(), 3U);
  EXPECT_EQ(queue.try_push_until(3, clock::now() + 1ms), errc::timed_out);
  EXPECT_EQ(queue.pop(), 0);
  EXPECT_TRUE(queue.push(3));
  EXPECT_EQ(drained(queue), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(queue.try_pop_until(clock::now() + 1ms).error(), errc::timed_out);
}

TEST(process_queue, close_is_the_end_of_the_input) {
  process_queue<std::string> queue(3);
  EXPECT_TRUE(queue.push("last"));
  queue.close();
  EXPECT_TRUE(queue.is_closed());
  EXPECT_FALSE(queue.push("late"));
  EXPECT_FALSE(queue.try_push("late"));
  EXPECT_EQ(queue.try_push_until("late", clock::now() + 10s), errc::queue_closed);
  EXPECT_EQ(queue.pop(), "last");
  EXPECT_EQ(queue.pop(), std::nullopt);
  EXPECT_EQ(queue.try_pop_until(clock::now() + 10s).error(), errc::queue_closed);
}

TEST(process_queue, close_wakes_those_who_wait_for_items_and_for_room) {
  process_queue<int> empty(1);
  process_queue<int> full(1);
  ASSERT_TRUE(full.push(1));
  forked pops([&] { return empty.pop() ? 1 : 0; });
  forked pushes([&] { return full.push(2) ? 1 : 0; });
  forked waits([&] { return run(empty.async_pop()) ? 1 : 0; });
  std::this_thread::sleep_for(5ms);
  empty.close();
  full.close();
  EXPECT_EQ(pops.wait(), 0);
  EXPECT_EQ(pushes.wait(), 0);
  EXPECT_EQ(waits.wait(), 0);
}

TEST(process_queue, behaves_as_a_queue_of_bytes_whatever_their_sizes) {
  process_queue<std::string> queue(8, 1000);
  std::deque<std::string> model;
  std::size_t inside = 0;
  random_sequence random(mix(7, "sizes"));
  for (int i = 0; i < 20'000; ++i) {
    if (random.below(2) == 0) {
      const std::string item(random.below(400), static_cast<char>('a' + random.below(26)));
      const bool fits = model.size() < 8 && inside + item.size() <= 1000;
      ASSERT_EQ(queue.try_push(item), fits) << i;
      if (fits) {
        model.push_back(item);
        inside += item.size();
      }
    } else {
      const auto item = queue.try_pop();
      ASSERT_EQ(item.has_value(), !model.empty()) << i;
      if (!item) continue;
      ASSERT_EQ(*item, model.front()) << i;
      inside -= item->size();
      model.pop_front();
    }
  }
}

TEST(process_queue, what_never_fits_is_an_error) {
  process_queue<std::string> queue(8, 100);
  const auto refused = [](auto&& push) {
    try {
      (void)push(std::string(101, 'x'));
    } catch (const error& e) {
      return e.code() == errc::too_large;
    }
    return false;
  };
  // An empty queue has room for all but this.
  EXPECT_TRUE(refused([&](auto item) { return queue.try_push(item); }));
  EXPECT_TRUE(refused([&](auto item) { return queue.try_push_until(item, clock::now()); }));
  EXPECT_TRUE(refused([&](auto item) { return queue.push(item); }));
  EXPECT_TRUE(refused([&](auto item) { return run(queue.async_push(item)); }));
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_TRUE(queue.try_push(std::string(100, 'x')));
  EXPECT_TRUE(refused([&](auto item) { return queue.try_push(item); }));
  EXPECT_EQ(queue.pop(), std::string(100, 'x'));
  EXPECT_THROW(process_queue<int>(0), input_error);
}

TEST(process_queue, is_joined_by_its_descriptors_and_by_nothing_else) {
  process_queue<int> queue(3);
  ASSERT_TRUE(queue.push(7));
  {
    auto ends = copies_of(queue.descriptors());
    process_queue<int> joined(ends);
    EXPECT_EQ(joined.pop(), 7);
    EXPECT_EQ(joined.capacity(), 3U);
  }
  auto ends = copies_of(queue.descriptors());
  EXPECT_THROW(process_queue<std::string>{ends}, input_error);  // of another type
  ends = copies_of(queue.descriptors());
  std::swap(ends[0], ends[1]);
  EXPECT_THROW(process_queue<int>{ends}, input_error);
  ends = copies_of(queue.descriptors());
  ends[2] = unique_fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_THROW(process_queue<int>{ends}, input_error);
  ends.pop_back();
  EXPECT_THROW(process_queue<int>{ends}, input_error);
}

// Each pushes its numbers, each takes what it can; the sum and the count tell.
TEST(process_queue, many_threads_and_processes_share_it) {
  constexpr std::uint64_t each = 3000;
  process_queue<std::uint64_t> queue(16);
  process_queue<std::pair<std::uint64_t, std::uint64_t>> results(16);
  const auto produce = [&] {
    for (std::uint64_t i = 1; i <= each; ++i) queue.push(i);
    return 0;
  };
  const auto consume = [&] {
    std::pair<std::uint64_t, std::uint64_t> seen;
    while (const auto item = queue.pop()) {
      ++seen.first;
      seen.second += *item;
    }
    results.push(seen);
    return 0;
  };
  const auto consume_on_a_loop = [&] {
    const auto work = [&]() -> task<void> {
      std::pair<std::uint64_t, std::uint64_t> seen;
      const auto both = [&](scope& s) -> task<void> {
        for (int i = 0; i < 2; ++i)
          s.spawn([](auto& from, auto& to) -> task<void> {
            for (;;) {
              const auto item = co_await from.async_pop();
              if (!item) co_return;
              ++to.first;
              to.second += *item;
            }
          }(queue, seen));
        co_return;
      };
      co_await in_scope(both);
      co_await results.async_push(seen);
    };
    run(work());
    return 0;
  };
  const auto produce_on_a_loop = [&] {
    const auto work = [&]() -> task<void> {
      for (std::uint64_t i = 1; i <= each; ++i) co_await queue.async_push(i);
    };
    run(work());
    return 0;
  };
  std::vector<forked> consumers;
  consumers.emplace_back(consume);
  consumers.emplace_back(consume_on_a_loop);
  forked producer(produce);
  forked other_producer(produce_on_a_loop);
  {
    std::vector<std::thread> threads;
    threads.emplace_back(produce);
    threads.emplace_back(produce_on_a_loop);
    std::thread pops(consume);
    std::thread pops_on_a_loop(consume_on_a_loop);
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(producer.wait(), 0);
    EXPECT_EQ(other_producer.wait(), 0);
    queue.close();
    pops.join();
    pops_on_a_loop.join();
  }
  for (forked& consumer : consumers) EXPECT_EQ(consumer.wait(), 0);
  std::uint64_t count = 0;
  std::uint64_t sum = 0;
  for (const auto& [number, total] : drained(results)) {
    count += number;
    sum += total;
  }
  EXPECT_EQ(count, 4 * each);
  EXPECT_EQ(sum, 4 * each * (each + 1) / 2);
}

TEST(process_queue, a_wait_that_was_cancelled_has_pushed_and_taken_nothing) {
  process_queue<int> queue(1);
  const auto talk = [&]() -> task<void> {
    int late = 0;
    try {
      co_await with_timeout(1ms, queue.async_pop());
    } catch (const timeout_error&) {
      ++late;
    }
    EXPECT_TRUE(co_await queue.async_push(1));
    try {
      co_await with_timeout(1ms, queue.async_push(2));
    } catch (const timeout_error&) {
      ++late;
    }
    EXPECT_EQ(late, 2);
    cancel_scope gone(co_await this_scope());
    gone.cancel();
    bool stopped = false;
    try {
      co_await queue.async_pop().under(gone);
    } catch (const cancelled&) {
      stopped = true;
    }
    EXPECT_TRUE(stopped);
  };
  run(talk());
  EXPECT_EQ(drained(queue), std::vector<int>{1});
}

// --- death

using words = std::vector<std::string>;

// One dies in `work` at each of its deadly steps; after that, what is in the queue, and whether it still works for
// others.
template <class Work> void die_everywhere_in(Work work, const std::vector<words>& allowed) {
  const auto with_queue = [](auto use) {
    process_queue<std::string> queue(4, 64);
    (void)queue.push("one");
    (void)queue.push("two");
    return use(queue);
  };
  const std::vector<long> steps = with_queue([&](auto& queue) {
    const shared_memory memory(std::move(copies_of(queue.descriptors())[0]));
    return deadly_steps([&] { work(queue); }, memory.bytes());
  });
  if (steps.empty()) GTEST_SKIP() << "processes cannot be traced here";
  for (const long step : steps)
    with_queue([&](auto& queue) {
      (void)kill_after_steps([&] { work(queue); }, step);
      forked other([&] { return queue.push("last") ? 0 : 1; });
      EXPECT_EQ(other.wait(), 0) << step;
      words found = drained(queue);
      EXPECT_FALSE(found.empty()) << step;
      if (found.empty()) return 0;
      EXPECT_EQ(found.back(), "last") << step;
      found.pop_back();
      EXPECT_NE(std::ranges::find(allowed, found), allowed.end()) << step << ": " << testing::PrintToString(found);
      return 0;
    });
}

TEST(process_queue_death, at_any_instruction_of_a_push_it_is_there_or_not) {
  const std::string item = "three";
  die_everywhere_in([&](auto& queue) { (void)queue.push(item); }, {{"one", "two"}, {"one", "two", "three"}});
}

TEST(process_queue_death, at_any_instruction_of_a_pop_it_is_taken_or_not) {
  die_everywhere_in([](auto& queue) { (void)queue.pop(); }, {{"one", "two"}, {"two"}});
}

TEST(process_queue_death, at_any_instruction_of_close_the_items_stay) {
  const auto with_queue = [](auto use) {
    process_queue<std::string> queue(4, 64);
    (void)queue.push("one");
    return use(queue);
  };
  const std::vector<long> steps = with_queue([](auto& queue) {
    const shared_memory memory(std::move(copies_of(queue.descriptors())[0]));
    return deadly_steps([&] { queue.close(); }, memory.bytes());
  });
  for (const long step : steps)
    with_queue([&](auto& queue) {
      (void)kill_after_steps([&] { queue.close(); }, step);
      queue.close();
      EXPECT_EQ(drained(queue), words{"one"}) << step;
      EXPECT_EQ(queue.pop(), std::nullopt) << step;
      return 0;
    });
}

TEST(process_queue_death, one_who_sleeps_is_served_whichever_instruction_of_a_push_was_the_last) {
  const std::string first = "first";
  const auto try_with = [&](auto dies) {
    process_queue<std::string> queue(4, 64);
    process_queue<std::string> answers(4);
    forked sleeps([&] {
      while (const auto item = queue.pop()) (void)answers.push(*item);
      return 0;
    });
    std::this_thread::sleep_for(1ms);
    dies(queue);
    (void)queue.push("second");
    queue.close();
    EXPECT_EQ(sleeps.wait(), 0);
    const words found = drained(answers);
    EXPECT_TRUE(found == words{"second"} || found == (words{"first", "second"})) << testing::PrintToString(found);
  };
  std::vector<long> steps;
  try_with([&](auto& queue) {
    const shared_memory memory(std::move(copies_of(queue.descriptors())[0]));
    steps = deadly_steps([&] { (void)queue.push(first); }, memory.bytes());
  });
  if (steps.empty()) GTEST_SKIP() << "processes cannot be traced here";
  for (const long step : steps)
    try_with([&](auto& queue) { (void)kill_after_steps([&] { (void)queue.push(first); }, step); });
}

// What the processes of the next test tell each other: in plain shared memory, each word with one writer or atomic.
struct tally {
  static constexpr std::size_t producers = 2;
  static constexpr std::size_t most = 200'000;
  std::array<std::atomic<std::uint32_t>, producers> begun{};   // pushes that have begun
  std::array<std::atomic<std::uint32_t>, producers> pushed{};  // the last one that returned
  std::array<std::array<std::atomic<std::uint8_t>, most>, producers> certain{};
  std::array<std::array<std::atomic<std::uint8_t>, most>, producers> got{};
};

TEST(process_queue_death, of_killed_producers_and_consumers_loses_only_what_they_held) {
  const std::uint64_t seed = 20261122;
  random_sequence random(mix(seed, "queue kills"));
  const shared_memory pages(sizeof(tally));
  auto& told = *new (pages.bytes().data()) tally;
  using item = std::pair<std::uint32_t, std::uint32_t>;
  process_queue<item> queue(8, 256);

  const auto produce = [&](std::uint32_t self) {
    for (;;) {
      const std::uint32_t number = told.begun[self].fetch_add(1);
      if (number >= tally::most) return 0;
      if (!queue.push({self, number})) return 0;
      told.certain[self][number].store(1);
    }
  };
  const auto consume = [&] {
    while (const auto one = queue.pop()) told.got[one->first][one->second].fetch_add(1);
    return 0;
  };
  const auto consume_on_a_loop = [&] {
    const auto work = [&]() -> task<void> {
      for (;;) {
        const auto one = co_await queue.async_pop();
        if (!one) co_return;
        told.got[one->first][one->second].fetch_add(1);
      }
    };
    run(work());
    return 0;
  };
  const auto start = [&](std::size_t which) {
    if (which < tally::producers) return forked([&] { return produce(static_cast<std::uint32_t>(which)); });
    return which == tally::producers ? forked(consume) : forked(consume_on_a_loop);
  };
  std::vector<forked> crew;
  for (std::size_t i = 0; i < 4; ++i) crew.push_back(start(i));
  std::size_t consumers_killed = 0;
  for (int kill = 0; kill < 150; ++kill) {
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(4000)));
    const std::size_t which = random.below(crew.size());
    if (which >= tally::producers) ++consumers_killed;
    crew[which].kill();
    crew[which] = start(which);
  }
  queue.close();
  for (forked& one : crew) EXPECT_EQ(one.wait(), 0);  // nobody waits for the dead

  std::size_t missing = 0;
  std::size_t delivered = 0;
  for (std::size_t producer = 0; producer < tally::producers; ++producer)
    for (std::size_t number = 0; number < tally::most; ++number) {
      const auto times = told.got[producer][number].load();
      ASSERT_LE(times, 1) << "twice: " << producer << " " << number << ", seed " << seed;
      delivered += times;
      if (times == 0 && told.certain[producer][number].load() != 0) ++missing;
    }
  EXPECT_LE(missing, consumers_killed) << "seed " << seed;
  EXPECT_GT(delivered, 0U);
}

TEST(process_queue_death, nothing_is_left_of_a_queue_whose_processes_were_killed) {
  const auto open = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  };
  const auto before = open();
  {
    process_queue<int> queue(2);
    forked waits([&] { return queue.pop() ? 1 : 0; });
    forked waits_too([&] { return run(queue.async_pop()) ? 1 : 0; });
    std::this_thread::sleep_for(2ms);
    waits.kill();
    waits_too.kill();
    EXPECT_TRUE(queue.push(1));
    EXPECT_EQ(queue.pop(), 1);
  }
  EXPECT_EQ(open(), before);
}

}  // namespace
