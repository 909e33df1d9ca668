#include <lakh/async/event.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/core/error.hpp>
#include <lakh/parallel/manager_for_test.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace lakh;
using namespace lakh::manager_test;
using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(manager, that_dies_is_a_clear_error_and_another_one_is_the_users_choice) {
  const net::endpoint at = fresh_name();
  manager_client client(at, key);
  try {
    client.ping();
    ADD_FAILURE();
  } catch (const connect_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("unix:@lakh-test"));
  }
  {
    forked server = manager_in_a_process(at);
    client.counter("c").set(5);
    const manager_hold held = client.lock("l").take();
    EXPECT_TRUE(held.valid());
    std::thread killer([&] {
      manager_client own(at, key);
      own.ping();
      server.kill();
    });
    EXPECT_THROW((void)client.queue("q").pop(), closed_error);  // waits for it
    killer.join();
    EXPECT_FALSE(held.valid());
    EXPECT_THROW(client.ping(), connect_error);
  }
  forked server = manager_in_a_process(at);
  try {
    (void)client.counter("c").get();
    ADD_FAILURE();
  } catch (const closed_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("not the one that was there before"));
    EXPECT_THAT(e.hint(), HasSubstr("reconnect()"));
  }
  client.reconnect();
  EXPECT_EQ(client.counter("c").get(), 0);
}

TEST(manager, coroutines_of_one_client_call_at_the_same_time) {
  const running_manager server;
  const auto work = [&]() -> task<void> {
    manager_client client = server.client();
    const auto all = [&](scope& s) -> task<void> {
      s.spawn([](manager_client& with) -> task<void> {
        manager_queue queue = with.queue("q", 1);
        for (int i = 0; i < 50; ++i) EXPECT_TRUE(co_await queue.async_push(integer(i)));
        co_await queue.async_close();
      }(client));
      for (int consumer = 0; consumer < 3; ++consumer)
        s.spawn([](manager_client& with) -> task<void> {
          manager_queue queue = with.queue("q", 1);
          for (;;) {
            const auto item = co_await queue.async_pop();
            if (!item) co_return;
            const manager_hold held = co_await with.lock("l").async_take();
            co_await with.counter("sum").async_add(std::get<std::int64_t>(*item));
            co_await with.dict("seen").async_set(std::to_string(std::get<std::int64_t>(*item)), true);
          }
        }(client));
      co_return;
    };
    co_await in_scope(all);
    EXPECT_EQ(co_await client.counter("sum").async_get(), 50 * 49 / 2);
    EXPECT_EQ(co_await client.dict("seen").async_size(), 50U);
  };
  run(work());
}

TEST(manager, a_client_is_awaited_on_its_own_loop_alone) {
  const running_manager server;
  const manager_client client = server.client();
  EXPECT_EQ(client.counter("c").add(), 1);
  EXPECT_THROW(run(client.counter("c").async_add()), input_error);
  const auto blocks_in_a_coroutine = [&]() -> task<void> {
    EXPECT_EQ(client.counter("c").add(), 2);
    co_return;
  };
  run(blocks_in_a_coroutine());
}

TEST(manager, is_reached_over_tcp_and_socket_files) {
  const running_manager tcp(manager_limits(), net::endpoint::parse("127.0.0.1:0"));
  EXPECT_EQ(tcp.client().counter("c").add(3), 3);
  const auto file = std::filesystem::temp_directory_path() / ("lakh_manager_" + std::to_string(::getpid()));
  {
    const running_manager local(manager_limits(), net::endpoint::unix_domain(file));
    EXPECT_EQ(local.client().counter("c").add(4), 4);
    EXPECT_TRUE(std::filesystem::exists(file));
  }
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(manager, a_ping_is_answered_by_the_manager_itself) {
  const net::endpoint at = fresh_name();
  const forked server = manager_in_a_process(at);
  manager_client client(at, key, 1 << 20U, 50ms);
  client.ping();
  ::kill(server.id(), SIGSTOP);
  EXPECT_THROW(client.ping(), timeout_error);
}

TEST(manager, a_call_that_outlives_reconnect_does_not_bring_back_the_old_manager) {
  const auto file = std::filesystem::temp_directory_path() / ("lakh_reconnect_" + std::to_string(::getpid()));
  const auto aside = file.string() + "_old";
  const running_manager old(manager_limits(), net::endpoint::unix_domain(file));
  manager_client of_the_old(net::endpoint::unix_domain(aside), key);
  const auto work = [&]() -> task<void> {
    manager_client client(net::endpoint::unix_domain(file), key);
    co_await client.counter("which").async_set(1);
    const auto both = [&](scope& s) -> task<void> {
      event popped;
      s.spawn([](manager_client& with, event& done) -> task<void> {
        EXPECT_EQ(text_in(co_await with.queue("q").async_pop()), "late");
        done.set();
      }(client, popped));
      co_await sleep_for(5ms);  // it waits
      std::filesystem::rename(file, aside);
      const running_manager fresh(manager_limits(), net::endpoint::unix_domain(file));
      client.reconnect();
      of_the_old.queue("q").push("late");
      co_await popped.wait();
      EXPECT_EQ(co_await client.counter("which").async_get(), 0);
    };
    co_await in_scope(both);
  };
  run(work());
  std::filesystem::remove(aside);
}

// Both ends are in this process.
int connections_that_ask_for_silent_peers(std::uint16_t port) {
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(entry.path().filename());
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0 || peer.sin_family != AF_INET) continue;
    if (ntohs(peer.sin_port) != port) continue;
    unsigned int limit = 0;
    size = sizeof limit;
    if (::getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, &size) == 0 && limit != 0) ++found;
  }
  return found;
}

TEST(manager, a_client_notices_that_the_managers_machine_went_without_a_word) {
  const running_manager server(manager_limits(), net::endpoint::parse("127.0.0.1:0"));
  manager_client client = server.client();
  client.ping();
  EXPECT_EQ(connections_that_ask_for_silent_peers(server.where().port()), 1);
}

}  // namespace
