#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/core/error.hpp>
#include <lakh/net/connect.hpp>
#include <lakh/net/listener.hpp>
#include <lakh/parallel/forked_for_test.hpp>
#include <lakh/parallel/framed.hpp>
#include <lakh/parallel/manager.hpp>
#include <lakh/parallel/manager_client.hpp>
#include <lakh/parallel/manager_process.hpp>
#include <lakh/parallel/message_pipe.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <future>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace lakh;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

const shared_key key("the key of the tests");

std::int64_t integer(std::int64_t value) {
  return value;
}
std::string text_in(const std::optional<manager_value>& value) {
  return value ? std::get<std::string>(*value) : "(nothing)";
}

net::endpoint fresh_name() {
  static std::atomic<int> number{0};
  return net::endpoint::parse("unix:@lakh-test-" + std::to_string(::getpid()) + "-" + std::to_string(++number));
}

// A manager on a thread of its own.
class running_manager {
 public:
  explicit running_manager(const manager_limits& limits = manager_limits(), net::endpoint at = fresh_name())
      : thread_([this, limits, at] {
          const auto serve = [&]() -> task<void> {
            net::listener listening(at);
            manager shared(key, limits);
            shared.on_refusal([this](std::string_view line) { refusals_.emplace_back(line); });
            scope_ = &co_await this_scope();
            where_ = listening.local();
            ready_.set_value();
            try {
              co_await shared.serve(listening);
            } catch (const cancelled&) {  // by stop()
            }
            memory_ = shared.memory();
            connections_ = shared.connections();
          };
          cancel_scope root;
          run_on(loop_, root, serve());
        }) {
    ready_.get_future().wait();
  }
  ~running_manager() { stop(); }
  void stop() {
    if (!thread_.joinable()) return;
    loop_.post([this] { scope_->cancel(); });
    thread_.join();
  }
  [[nodiscard]] const net::endpoint& where() const { return where_; }
  [[nodiscard]] manager_client client() const { return manager_client(where_, key); }
  // After stop().
  [[nodiscard]] const std::vector<std::string>& refusals() const { return refusals_; }
  [[nodiscard]] std::size_t memory() const { return memory_; }
  [[nodiscard]] std::size_t connections() const { return connections_; }

 private:
  loop loop_;
  std::promise<void> ready_;
  cancel_scope* scope_ = nullptr;
  net::endpoint where_;
  std::vector<std::string> refusals_;
  std::size_t memory_ = 0;
  std::size_t connections_ = 0;
  std::thread thread_;
};

// A manager in a process, to be killed.
forked manager_in_a_process(const net::endpoint& at) {
  auto [mine, theirs] = message_pipe::make();
  forked child([&] {
    const auto serve = [&]() -> task<void> {
      net::listener listening(at);
      manager shared(key);
      theirs.send("ready");
      co_await shared.serve(listening);
    };
    run(serve());
    return 0;
  });
  theirs.close();
  EXPECT_EQ(mine.receive(), "ready");
  return child;
}

TEST(manager, keeps_dicts) {
  const running_manager server;
  manager_client client = server.client();
  manager_dict dict = client.dict("settings");
  EXPECT_EQ(dict.get("a"), std::nullopt);
  dict.set("a", integer(1));
  dict.set("b", std::string("\0bytes\xff", 7));
  dict.set("c", 2.5);
  dict.set("d", true);
  EXPECT_EQ(dict.get("a"), manager_value(integer(1)));
  EXPECT_EQ(text_in(dict.get("b")), std::string("\0bytes\xff", 7));
  EXPECT_EQ(dict.size(), 4U);
  EXPECT_EQ(dict.add("a", 41), 42);
  EXPECT_EQ(dict.add("new", -1), -1);
  EXPECT_THROW(dict.add("b", 1), input_error);
  dict.set("most", std::numeric_limits<std::int64_t>::max());
  EXPECT_THROW(dict.add("most", 1), input_error);
  EXPECT_TRUE(dict.replace("a", integer(42), integer(43)));
  EXPECT_FALSE(dict.replace("a", integer(42), integer(44)));
  EXPECT_FALSE(dict.replace("a", std::nullopt, integer(44)));
  EXPECT_TRUE(dict.replace("z", std::nullopt, manager_value()));
  EXPECT_TRUE(dict.erase("most"));
  EXPECT_FALSE(dict.erase("most"));
  std::vector<std::string> keys;
  for (const auto& [name, value] : dict.items()) keys.push_back(name);
  EXPECT_THAT(keys, ElementsAre("a", "b", "c", "d", "new", "z"));
  EXPECT_EQ(server.client().dict("another").size(), 0U);
}

TEST(manager, keeps_lists_and_counters) {
  const running_manager server;
  manager_client client = server.client();
  manager_list list = client.list("steps");
  EXPECT_EQ(list.push_back("b"), 1U);
  EXPECT_EQ(list.push_back("c"), 2U);
  EXPECT_EQ(list.push_front("a"), 3U);
  EXPECT_EQ(text_in(list.get(1)), "b");
  EXPECT_EQ(list.get(3), std::nullopt);
  EXPECT_TRUE(list.set(1, "B"));
  EXPECT_FALSE(list.set(3, "D"));
  EXPECT_THAT(list.items(), ElementsAre(manager_value("a"), manager_value("B"), manager_value("c")));
  EXPECT_EQ(text_in(list.pop_front()), "a");
  EXPECT_EQ(text_in(list.pop_back()), "c");
  EXPECT_EQ(text_in(list.pop_back()), "B");
  EXPECT_EQ(list.pop_back(), std::nullopt);
  EXPECT_EQ(list.size(), 0U);

  manager_counter counter = client.counter("hits");
  EXPECT_EQ(counter.add(), 1);
  EXPECT_EQ(counter.add(-5), -4);
  counter.set(100);
  EXPECT_EQ(client.counter("hits").get(), 100);
}

TEST(manager, hands_out_large_collections_in_pages) {
  const running_manager server(manager_limits().message(4096));
  manager_client client(server.where(), key, 4096);
  manager_dict dict = client.dict("large");
  manager_list list = client.list("large");
  for (int i = 0; i < 100; ++i) {
    dict.set(std::to_string(1000 + i), std::string(300, 'x'));
    list.push_back(integer(i));
  }
  const auto entries = dict.items();
  ASSERT_EQ(entries.size(), 100U);
  EXPECT_EQ(entries.front().first, "1000");
  EXPECT_EQ(entries.back().first, "1099");
  const auto values = list.items();
  ASSERT_EQ(values.size(), 100U);
  EXPECT_EQ(values.back(), manager_value(integer(99)));
}

TEST(manager, carries_out_what_many_processes_ask_for_one_after_the_other) {
  const net::endpoint at = fresh_name();
  forked server = manager_in_a_process(at);
  std::vector<forked> children;
  for (int i = 0; i < 3; ++i)
    children.emplace_back([&] {
      manager_client client(at, key);
      manager_counter counter = client.counter("sum");
      manager_dict dict = client.dict("sums");
      for (int n = 0; n < 200; ++n) {
        counter.add();
        dict.add("one", 2);
        // What is no single call stands under a lock.
        const manager_hold alone = client.lock("twice").take();
        const std::int64_t before = client.counter("read").get();
        client.counter("read").set(before + 1);
      }
      return 0;
    });
  for (forked& child : children) EXPECT_EQ(child.wait(), 0);
  manager_client client(at, key);
  EXPECT_EQ(client.counter("sum").get(), 600);
  EXPECT_EQ(client.dict("sums").get("one"), manager_value(integer(1200)));
  EXPECT_EQ(client.counter("read").get(), 600);
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

// A client that stops where it likes: connected and authenticated.
task<std::unique_ptr<framed_stream>> raw_connection(const net::endpoint& where) {
  auto over = std::make_unique<framed_stream>(co_await net::connect(where));
  co_await authenticate(*over, key, handshake_side::connecting, std::string(detail::manager_purpose));
  (void)co_await over->receive();
  co_return over;
}
detail::manager_request a_request(detail::manager_verb verb, std::string name) {
  detail::manager_request request;
  request.verb = verb;
  request.name = std::move(name);
  request.number = 10;
  return request;
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

TEST(manager, refuses_another_key_and_says_so_on_both_sides) {
  running_manager server;
  manager_client stranger(server.where(), shared_key("not the key of the tests"));
  try {
    stranger.ping();
    ADD_FAILURE();
  } catch (const authentication_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("refused our proof"));
    EXPECT_FALSE(e.hint().empty());
  }
  EXPECT_NO_THROW(server.client().ping());
  server.stop();
  ASSERT_EQ(server.refusals().size(), 1U);
  EXPECT_THAT(server.refusals().front(), HasSubstr("another key"));
}

TEST(manager, refuses_a_handshake_that_was_overheard) {
  running_manager server;
  const auto replay = [&]() -> task<void> {
    // What a client with the key says to a challenge; then the same words on another connection.
    framed_stream first(co_await net::connect(server.where()));
    handshake honest(key, handshake_side::connecting, detail::manager_purpose);
    const auto challenge = co_await first.receive();
    const std::string proof = honest.take(*challenge);
    co_await first.send(proof);
    (void)co_await first.receive();
    framed_stream second(co_await net::connect(server.where()));
    (void)co_await second.receive();
    co_await second.send(proof);
    EXPECT_EQ(co_await second.receive(), "R");
    EXPECT_EQ(co_await second.receive(), std::nullopt);
  };
  run(replay());
  server.stop();
  EXPECT_EQ(server.refusals().size(), 1U);
}

TEST(manager, drops_who_breaks_the_protocol_and_goes_on) {
  running_manager server(manager_limits().message(1000).handshake(20ms));
  const auto misbehave = [&]() -> task<void> {
    {
      framed_stream silent(co_await net::connect(server.where()));
      (void)co_await silent.receive();                     // the challenge
      EXPECT_EQ(co_await silent.receive(), std::nullopt);  // it lost patience
    }
    {
      const auto over = co_await raw_connection(server.where());
      co_await over->send("no request");
      EXPECT_EQ(co_await over->receive(), std::nullopt);
    }
    {
      const auto over = co_await raw_connection(server.where());
      co_await over->send(std::string(1001, 'x'));
      bool ended = false;
      try {
        ended = !(co_await over->receive()).has_value();
      } catch (const closed_error&) {
        ended = true;
      }
      EXPECT_TRUE(ended);
    }
    {
      const auto over = co_await raw_connection(server.where());
      co_await over->send(pack(a_request(detail::manager_verb::queue_pop, "empty")));
      co_await over->send(pack(a_request(detail::manager_verb::queue_pop, "empty")));  // does not wait
      EXPECT_EQ(co_await over->receive(), std::nullopt);
    }
  };
  run(misbehave());
  EXPECT_NO_THROW(server.client().ping());
  server.stop();
  EXPECT_EQ(server.refusals().size(), 4U) << testing::PrintToString(server.refusals());
  EXPECT_EQ(server.connections(), 0U);
}

TEST(manager, says_that_it_is_full_and_has_room_again) {
  running_manager server(manager_limits().memory(10'000));
  {
    manager_client client = server.client();
    manager_dict dict = client.dict("d");
    int kept = 0;
    std::error_code code;
    try {
      for (; kept < 100; ++kept) dict.set(std::to_string(kept), std::string(1000, 'x'));
    } catch (const error& e) {
      code = e.code();
    }
    EXPECT_EQ(code, errc::too_large);
    EXPECT_GT(kept, 5);
    EXPECT_LT(kept, 10);
    EXPECT_THROW(client.list("l").push_back(std::string(5000, 'x')), error);
    EXPECT_TRUE(dict.erase("0"));
    dict.set("again", std::string(900, 'x'));
    dict.set("again", "small");
    EXPECT_TRUE(client.forget("d"));
    EXPECT_TRUE(client.forget("l"));
    manager_queue queue = client.queue("q");
    queue.push(std::string(3000, 'x'));
    queue.push(std::string(3000, 'x'));
    EXPECT_THROW(queue.push(std::string(4000, 'x')), error);
    (void)queue.pop();
    queue.push(std::string(3000, 'x'));
    EXPECT_TRUE(client.forget("q"));
    EXPECT_FALSE(client.forget("q"));
    const manager_hold held = client.lock("m").take();
  }
  server.stop();
  EXPECT_EQ(server.memory(), 0U);
}

TEST(manager, closes_connections_above_its_limit) {
  running_manager server(manager_limits().connections(1));
  manager_client one = server.client();
  one.ping();
  manager_client other = server.client();
  EXPECT_THROW(other.ping(), closed_error);
  EXPECT_EQ(one.counter("c").add(), 1);
}

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

template <class T> task<bool> runs_out_of_time(task<T> work) {
  try {
    (void)co_await with_timeout(5ms, std::move(work));
  } catch (const timeout_error&) {
    co_return true;
  }
  co_return false;
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

// Whether one of this process's connections accepted at that port has the kernel ask for a silent peer.
bool asks_for_silent_peers(std::uint16_t port) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(entry.path().filename());
    sockaddr_in own{};
    sockaddr_in peer{};
    socklen_t size = sizeof own;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) != 0 || own.sin_family != AF_INET) continue;
    if (ntohs(own.sin_port) != port) continue;
    size = sizeof peer;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
    int on = 0;
    size = sizeof on;
    if (::getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, &size) == 0 && on != 0) return true;
  }
  return false;
}

TEST(manager, notices_machines_that_went_without_a_word) {
  const auto work = [](net::listen_options options, bool expected) -> task<void> {
    net::listener listening(net::endpoint::parse("127.0.0.1:0"), options);
    const auto one = co_await net::connect(listening.local());
    const auto other = co_await listening.accept();
    EXPECT_EQ(asks_for_silent_peers(listening.local().port()), expected);
  };
  run(work(net::listen_options().keep_alive(30s), true));
  run(work(net::listen_options(), false));
}

TEST(manager_process, serves_and_goes_with_its_owner) {
  fork_server processes;
  pid_t id = 0;
  {
    manager_process keeper(processes, shared_key::random());
    manager_client client = keeper.client();
    EXPECT_EQ(client.counter("c").add(), 1);
    id = keeper.child().id();
    EXPECT_EQ(::kill(id, 0), 0);
  }
  while (::kill(id, 0) == 0) std::this_thread::yield();
  EXPECT_EQ(errno, ESRCH);
  const auto taken = fresh_name();
  const running_manager other(manager_limits(), taken);
  EXPECT_THROW(manager_process(processes, key, taken), error);
}

TEST(manager_process, leaves_nothing_when_its_program_is_killed) {
  auto [mine, theirs] = message_pipe::make();
  forked program([&] {
    mine.close();
    fork_server processes;
    manager_process keeper(processes, shared_key::random());
    keeper.client().ping();
    theirs.send(pack(static_cast<std::int64_t>(keeper.child().id()), keeper.where().text()));
    for (;;) ::pause();
    return 0;
  });
  theirs.close();
  const auto told = mine.receive();
  ASSERT_TRUE(told);
  const auto [id, where] = unpack<std::int64_t, std::string>(*told);
  EXPECT_TRUE(where.starts_with("unix:@lakh-manager-"));
  program.kill();
  // Its end is seen when the last copy of the pipe's other end is gone: of the program, its server and the manager.
  EXPECT_EQ(mine.receive(), std::nullopt);
  manager_client client(net::endpoint::parse(where), key);
  EXPECT_THROW(client.ping(), connect_error);
}

}  // namespace
