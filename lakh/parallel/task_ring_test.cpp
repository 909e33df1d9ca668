#include <lakh/parallel/task_ring.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <thread>
#include <vector>

namespace {

using lakh::detail::task_ring;

TEST(task_ring, is_first_in_first_out_at_every_capacity) {
  for (std::size_t capacity = 1; capacity <= 9; ++capacity) {
    std::vector<int> items(100);
    task_ring ring(capacity);
    std::size_t in = 0;
    std::size_t out = 0;
    while (out < items.size()) {
      while (in < items.size() && ring.push(&items[in]) == task_ring::pushed::yes) ++in;
      EXPECT_EQ(ring.size(), std::min(capacity, items.size() - out));
      EXPECT_EQ(ring.has_room(), in - out < capacity);
      EXPECT_TRUE(ring.has_item());
      EXPECT_EQ(ring.pop(), &items[out++]);
    }
    EXPECT_EQ(ring.pop(), nullptr);
    EXPECT_FALSE(ring.has_item());
  }
}

TEST(task_ring, closing_keeps_what_is_in_it) {
  int item = 0;
  task_ring ring(4);
  EXPECT_EQ(ring.push(&item), task_ring::pushed::yes);
  ring.close();
  EXPECT_EQ(ring.push(&item), task_ring::pushed::closed);
  EXPECT_FALSE(ring.is_drained());
  EXPECT_EQ(ring.size(), 1U);
  EXPECT_EQ(ring.pop(), &item);
  EXPECT_TRUE(ring.is_drained());
  EXPECT_EQ(ring.pop(), nullptr);
}

// Every item that was accepted, also while it was being closed, is popped once.
TEST(task_ring, loses_and_doubles_nothing_between_threads) {
  for (const std::size_t capacity : {1U, 3U, 64U}) {
    constexpr std::size_t each = 4000;
    constexpr std::size_t producers = 3;
    std::vector<std::atomic<int>> popped(each * producers);
    std::vector<char> accepted(each * producers);
    task_ring ring(capacity);
    std::atomic<std::size_t> taken{0};
    std::vector<std::thread> threads;
    for (std::size_t p = 0; p < producers; ++p)
      threads.emplace_back([&, p] {
        for (std::size_t i = p * each; i < (p + 1) * each; ++i) {
          task_ring::pushed result = task_ring::pushed::full;
          while ((result = ring.push(&popped[i])) == task_ring::pushed::full) std::this_thread::yield();
          accepted[i] = result == task_ring::pushed::yes ? 1 : 0;
        }
      });
    for (int c = 0; c < 2; ++c)
      threads.emplace_back([&] {
        while (!ring.is_drained()) {
          if (void* const item = ring.pop()) {
            static_cast<std::atomic<int>*>(item)->fetch_add(1);
            if (taken.fetch_add(1) == each * producers / 2) ring.close();
          } else {
            std::this_thread::yield();
          }
        }
      });
    for (std::thread& one : threads) one.join();
    std::size_t in = 0;
    for (std::size_t i = 0; i < popped.size(); ++i) {
      EXPECT_EQ(popped[i].load(), accepted[i]) << i;
      in += static_cast<std::size_t>(accepted[i]);
    }
    EXPECT_EQ(in, taken.load());
  }
}

}  // namespace
