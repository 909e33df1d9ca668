#include <lakh/parallel/fair_semaphore.hpp>
#include <lakh/parallel/rendezvous.hpp>
#include <lakh/parallel/thread_event.hpp>
#include <lakh/parallel/thread_pool.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

void until(const auto& condition) {
  while (!condition()) std::this_thread::sleep_for(100us);
}

TEST(fair_semaphore, permits_go_out_in_the_order_of_asking) {
  lakh::fair_semaphore semaphore(0);
  std::vector<int> order;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      semaphore.acquire();
      order.push_back(i);  // one permit: one at a time
      semaphore.release();
    });
    until([&] { return semaphore.waiting() == static_cast<std::size_t>(i) + 1; });
  }
  semaphore.release();
  for (std::thread& one : threads) one.join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(semaphore.available(), 1U);
}

TEST(fair_semaphore, nobody_overtakes_one_who_waits) {
  lakh::fair_semaphore semaphore(1);
  EXPECT_TRUE(semaphore.try_acquire());
  EXPECT_FALSE(semaphore.try_acquire());
  std::thread waits([&] { semaphore.acquire(); });
  until([&] { return semaphore.waiting() == 1; });
  semaphore.release();
  EXPECT_FALSE(semaphore.try_acquire());  // it has been handed over already
  waits.join();
  semaphore.release(2);
  EXPECT_EQ(semaphore.available(), 2U);
}

TEST(fair_semaphore, one_who_gives_up_takes_no_permit) {
  lakh::fair_semaphore semaphore(0);
  EXPECT_FALSE(semaphore.try_acquire_for(2ms));
  EXPECT_EQ(semaphore.waiting(), 0U);
  semaphore.release();
  EXPECT_TRUE(semaphore.try_acquire_until(lakh::clock::now()));
}

TEST(fair_semaphore, never_lets_in_more_than_it_has) {
  lakh::fair_semaphore semaphore(3);
  std::atomic<int> inside{0};
  std::atomic<int> entered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 300; ++i) {
        if (t % 2 == 0) {
          const lakh::fair_permit permit(semaphore);
          EXPECT_LE(++inside, 3);
          --inside;
          ++entered;
        } else if (semaphore.try_acquire_for(30us)) {
          EXPECT_LE(++inside, 3);
          --inside;
          semaphore.release();
        }
      }
    });
  for (std::thread& one : threads) one.join();
  EXPECT_EQ(entered.load(), 4 * 300);
  EXPECT_EQ(semaphore.available(), 3U);
  EXPECT_EQ(semaphore.waiting(), 0U);
}

TEST(deadline, a_limit_that_no_clock_can_count_is_none) {
  lakh::fair_semaphore permits(0);
  lakh::thread_event event;
  lakh::thread_pool pool(1);
  auto result = pool.submit([&] {
    event.set();
    std::this_thread::sleep_for(1ms);
    permits.release();
  });
  EXPECT_TRUE(event.wait_for(lakh::duration::max()));
  EXPECT_TRUE(permits.try_acquire_for(lakh::duration::max()));
  EXPECT_TRUE(result.wait_for(lakh::duration::max()));
  EXPECT_FALSE(permits.try_acquire_for(-1ms));
}

TEST(thread_event, wakes_all_and_stays_set) {
  lakh::thread_event event;
  EXPECT_FALSE(event.wait_for(1ms));
  std::atomic<int> woken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      event.wait();
      ++woken;
    });
  event.set();
  for (std::thread& one : threads) one.join();
  EXPECT_EQ(woken.load(), 4);
  EXPECT_TRUE(event.wait_for(0ms));
  event.clear();
  EXPECT_FALSE(event.is_set());
  EXPECT_FALSE(event.wait_until(lakh::clock::now()));
}

TEST(thread_event, who_waited_is_woken_even_if_it_is_cleared_at_once) {
  lakh::thread_event event;
  std::atomic<bool> waits{false};
  std::thread waiter([&] {
    waits = true;
    EXPECT_TRUE(event.wait_for(1h));
  });
  until([&] { return waits.load(); });
  // Not known to have begun its wait: set and clear until it has been woken once.
  std::atomic<bool> over{false};
  std::thread flasher([&] {
    while (!over) {
      event.set();
      event.clear();
      std::this_thread::yield();
    }
  });
  waiter.join();
  over = true;
  flasher.join();
}

TEST(rendezvous, lets_all_go_on_when_the_last_has_come_again_and_again) {
  constexpr std::size_t parties = 4;
  lakh::rendezvous place(parties);
  std::vector<std::atomic<int>> arrivals(50);
  std::vector<std::atomic<int>> orders(50);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < parties; ++t)
    threads.emplace_back([&] {
      for (std::size_t round = 0; round < arrivals.size(); ++round) {
        ++arrivals[round];
        orders[round] += 1 << (4 * place.arrive_and_wait());
        EXPECT_EQ(arrivals[round].load(), 4);
      }
    });
  for (std::thread& one : threads) one.join();
  for (const auto& order : orders) EXPECT_EQ(order.load(), 0x1111);
  EXPECT_EQ(place.waiting(), 0U);
}

TEST(rendezvous, a_deadline_breaks_it_for_all_until_it_is_reset) {
  lakh::rendezvous place(3);
  std::thread waits([&] { EXPECT_THROW(place.arrive_and_wait(), lakh::broken_rendezvous); });
  until([&] { return place.waiting() == 1; });
  EXPECT_THROW(place.arrive_and_wait_until(lakh::clock::now() + 2ms), lakh::timeout_error);
  waits.join();
  EXPECT_TRUE(place.is_broken());
  EXPECT_THROW(place.arrive_and_wait(), lakh::broken_rendezvous);
  place.reset();
  EXPECT_FALSE(place.is_broken());
  std::thread one([&] { place.arrive_and_wait(); });
  std::thread two([&] { place.arrive_and_wait_until(lakh::clock::now() + 1h); });
  place.arrive_and_wait();
  one.join();
  two.join();
}

TEST(rendezvous, can_be_broken_up_and_reset_while_some_wait) {
  lakh::rendezvous place(2);
  std::thread first([&] { EXPECT_THROW(place.arrive_and_wait(), lakh::broken_rendezvous); });
  until([&] { return place.waiting() == 1; });
  place.reset();
  first.join();
  EXPECT_FALSE(place.is_broken());
  std::thread second([&] { EXPECT_THROW(place.arrive_and_wait(), lakh::broken_rendezvous); });
  until([&] { return place.waiting() == 1; });
  place.break_up();
  second.join();
  EXPECT_TRUE(place.is_broken());
  EXPECT_EQ(place.parties(), 2U);
  EXPECT_THROW(lakh::rendezvous(0), lakh::input_error);
}

}  // namespace
