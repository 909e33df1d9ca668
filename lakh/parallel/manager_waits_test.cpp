#include <lakh/async/sleep.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/core/error.hpp>
#include <lakh/parallel/manager_for_test.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <unistd.h>

namespace {

using namespace lakh;
using namespace lakh::manager_test;
using namespace std::chrono_literals;

template <class T> task<bool> runs_out_of_time(task<T> work) {
  try {
    (void)co_await with_timeout(5ms, std::move(work));
  } catch (const timeout_error&) {
    co_return true;
  }
  co_return false;
}

TEST(manager, gives_a_lock_back_when_its_holder_is_killed) {
  const net::endpoint at = fresh_name();
  forked server = manager_in_a_process(at);
  auto [mine, theirs] = message_pipe::make();
  forked holder([&] {
    manager_client client(at, key);
    const manager_hold held = client.lock("one").take();
    theirs.send("held");
    for (;;) ::pause();
    return 0;
  });
  theirs.close();
  ASSERT_EQ(mine.receive(), "held");
  manager_client client(at, key);
  EXPECT_THROW((void)client.lock("one").take(clock::now() + 5ms), timeout_error);
  forked waits([&] {
    manager_client own(at, key);
    const manager_hold held = own.lock("one").take();
    return held.valid() ? 7 : 8;
  });
  holder.kill();
  EXPECT_EQ(waits.wait(), 7);
  const manager_hold free_again = client.lock("one").take();
  EXPECT_TRUE(free_again.valid());
}

TEST(manager, its_queues_are_bounded_and_close) {
  const running_manager server;
  manager_client client = server.client();
  manager_queue queue = client.queue("jobs", 2);
  EXPECT_TRUE(queue.push("a"));
  EXPECT_TRUE(queue.push("b"));
  EXPECT_THROW((void)queue.push("c", clock::now() + 5ms), timeout_error);
  EXPECT_EQ(queue.size(), 2U);
  std::thread other([&] {
    manager_client own = server.client();
    EXPECT_TRUE(own.queue("jobs").push("c"));  // waits for room
  });
  EXPECT_EQ(text_in(queue.pop()), "a");
  other.join();
  EXPECT_EQ(text_in(queue.pop()), "b");
  EXPECT_EQ(text_in(queue.pop()), "c");
  EXPECT_THROW((void)queue.pop(clock::now() + 5ms), timeout_error);
  std::thread waits([&] {
    manager_client own = server.client();
    EXPECT_EQ(own.queue("jobs").pop(), std::nullopt);  // until it is closed
  });
  queue.close();
  waits.join();
  EXPECT_FALSE(queue.push("late"));
}

TEST(manager, an_item_that_did_not_arrive_goes_back_to_the_front) {
  const running_manager server;
  manager_client client = server.client();
  manager_queue queue = client.queue("jobs");
  queue.push("first");
  queue.push("second");
  const auto die_with_it = [&]() -> task<void> {
    const auto over = co_await raw_connection(server.where());
    co_await over->send(pack(a_request(detail::manager_verb::queue_pop, "jobs")));
    (void)co_await over->receive();
  };
  run(die_with_it());
  EXPECT_EQ(text_in(queue.pop(clock::now() + 20s)), "first");
  EXPECT_EQ(text_in(queue.pop(clock::now() + 20s)), "second");
}

TEST(manager, a_wait_that_was_cancelled_has_taken_nothing) {
  const running_manager server;
  const auto work = [&]() -> task<void> {
    manager_client client = server.client();
    manager_queue queue = client.queue("q", 1);
    EXPECT_TRUE(co_await runs_out_of_time(queue.async_pop()));
    EXPECT_TRUE(co_await queue.async_push("one"));
    EXPECT_TRUE(co_await runs_out_of_time(queue.async_push("two")));
    {
      const manager_hold held = co_await client.lock("l").async_take();
      EXPECT_TRUE(co_await runs_out_of_time(client.lock("l").async_take()));
    }
    const manager_hold again = co_await client.lock("l").async_take();
    EXPECT_EQ(text_in(co_await queue.async_pop()), "one");
    EXPECT_EQ(co_await queue.async_size(), 0U);
    cancel_scope gone(co_await this_scope());
    gone.cancel();
    bool stopped = false;
    try {
      co_await client.counter("c").async_add().under(gone);
    } catch (const cancelled&) {
      stopped = true;
    }
    EXPECT_TRUE(stopped);
    EXPECT_EQ(co_await client.counter("c").async_get(), 0);
  };
  run(work());
}

TEST(manager, a_queue_is_made_by_its_first_push_and_not_by_those_who_wait) {
  running_manager server;
  {
    manager_client client = server.client();
    EXPECT_THROW((void)client.queue("jobs").pop(clock::now() + 5ms), timeout_error);
    std::thread waits([&] {
      manager_client own = server.client();
      EXPECT_EQ(text_in(own.queue("jobs", 1000).pop()), "a");
    });
    EXPECT_TRUE(client.queue("jobs", 1).push("a"));
    waits.join();
    EXPECT_TRUE(client.queue("jobs", 1000).push("b"));
    EXPECT_THROW((void)client.queue("jobs", 1000).push("c", clock::now() + 5ms), timeout_error);
    EXPECT_TRUE(client.forget("jobs"));
    EXPECT_FALSE(client.forget("jobs"));
    EXPECT_THROW((void)client.queue("jobs", 0), input_error);
    EXPECT_THROW((void)client.queue("jobs", SIZE_MAX), input_error);
    EXPECT_THROW((void)client.queue("jobs", 2'000'000), input_error);
    EXPECT_THROW((void)client.queue("nobody's").pop(clock::now() + 5ms), timeout_error);
  }
  server.stop();
  EXPECT_EQ(server.memory(), 0U);
}

TEST(manager, a_closed_queue_has_not_ended_while_its_last_item_may_come_back) {
  const running_manager server;
  manager_client client = server.client();
  for (const bool arrives : {false, true}) {
    manager_queue queue = client.queue(arrives ? "arrives" : "comes back");
    queue.push("last");
    const auto work = [&]() -> task<void> {
      const std::string name = arrives ? "arrives" : "comes back";
      auto over = co_await raw_connection(server.where());
      co_await over->send(pack(a_request(detail::manager_verb::queue_pop, name)));
      (void)co_await over->receive();
      queue.close();
      EXPECT_THROW((void)queue.pop(clock::now() + 5ms), timeout_error);
      if (arrives) co_await over->send(pack(a_request(detail::manager_verb::queue_took, name)));
      over.reset();
    };
    run(work());
    EXPECT_EQ(queue.pop(clock::now() + 20s), arrives ? std::nullopt : std::optional<manager_value>("last"));
    EXPECT_EQ(queue.pop(clock::now() + 20s), std::nullopt);
  }
}

// One item, one wake: whoever is woken and goes has to pass it on.
TEST(manager, one_who_goes_when_his_item_comes_leaves_it_to_the_next) {
  const running_manager server;
  const auto work = [&]() -> task<void> {
    for (int round = 0; round < 100; ++round) {
      auto goes = co_await raw_connection(server.where());
      const auto stays = co_await raw_connection(server.where());
      const auto gives = co_await raw_connection(server.where());
      co_await goes->send(pack(a_request(detail::manager_verb::queue_pop, "q")));
      co_await stays->send(pack(a_request(detail::manager_verb::queue_pop, "q")));
      co_await yield();
      detail::manager_request item = a_request(detail::manager_verb::queue_push, "q");
      item.value = integer(round);
      co_await gives->send(pack(item));
      goes.reset();
      const auto answer = co_await with_timeout(20s, stays->receive());
      EXPECT_EQ(unpack<detail::manager_reply>(*answer).value, manager_value(integer(round)));
      co_await stays->send(pack(a_request(detail::manager_verb::queue_took, "q")));
    }
  };
  run(work());
}

TEST(manager, locks_that_are_held_one_after_the_other_take_one_connection) {
  const running_manager server(manager_limits().connections(1));
  const auto work = [&]() -> task<void> {
    manager_client client = server.client();
    for (int i = 0; i < 50; ++i) {
      const manager_hold held = co_await client.lock("l").async_take();
      EXPECT_TRUE(held.valid());
    }
    EXPECT_EQ(co_await client.counter("c").async_add(), 1);
  };
  run(work());
  manager_client client = server.client();
  for (int i = 0; i < 50; ++i) const manager_hold held = client.lock("l").take();
  EXPECT_EQ(client.counter("c").add(), 2);
}

}  // namespace
