// Serving over real sockets, with the client session of this room.
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/http/app.hpp>
#include <lakh/http/session.hpp>
#include <lakh/net/connect.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <future>
#include <mutex>
#include <set>
#include <thread>

namespace lakh::http {
namespace {

using namespace std::chrono_literals;

serve_options quiet() {
  return serve_options().stop_on_signals(false);
}

// Serves on a free port while `client` runs, then stops and waits for the server's end.
template <class Client> void with_server(app& under_test, const serve_options& options, Client client) {
  const auto work = [&](std::string url) -> task<void> {
    const net::endpoint where = net::endpoint::parse(std::string_view(url).substr(7));
    co_await client(where);
  };
  run(under_test.serve_while(work, options));
}

TEST(serve, requests_in_hand_are_finished_when_it_stops) {
  app slow("Slow", "1");
  slow.get("/slow", []() -> task<std::string> {
    co_await sleep_for(200ms);
    co_return std::string("done");
  });
  with_server(slow, quiet(), [&](const net::endpoint& where) -> task<void> {
    session http;
    const auto body = [&](scope& s) -> task<void> {
      s.spawn([](app& stopped) -> task<void> {
        co_await sleep_for(50ms);
        stopped.stop();
      }(slow));
      const response answer = co_await http.get("http://" + where.text() + "/slow");
      EXPECT_EQ(answer.body(), "done");
      EXPECT_EQ(answer.header("Connection"), "close");
    };
    co_await in_scope(body);
    bool refused = false;
    try {
      co_await http.get("http://" + where.text() + "/slow");
    } catch (const connect_error&) {
      refused = true;
    }
    EXPECT_TRUE(refused);
  });
}

TEST(serve, it_ends_with_the_work_that_it_served_and_throws_what_that_threw) {
  app plain("Plain", "1");
  plain.get("/", [] { return std::string("ok"); });
  std::string seen;
  EXPECT_THROW(run(plain.serve_while([&](std::string url) -> task<void> {
                 session http;
                 seen = (co_await http.get(url)).body();
                 throw std::runtime_error("done");
               })),
               std::runtime_error);
  EXPECT_EQ(seen, "ok");
}

TEST(serve, idle_connections_are_closed_at_once_when_it_stops) {
  app plain("Plain", "1");
  const auto begin = std::chrono::steady_clock::now();
  with_server(plain, quiet().grace(60s), [&](const net::endpoint& where) -> task<void> {
    const auto idle = co_await net::connect(where);
    co_await sleep_for(20ms);
    plain.stop();
    std::array<char, 16> buffer;
    EXPECT_EQ(co_await idle->read_some(buffer), 0U);
  });
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
}

TEST(serve, what_outlives_the_grace_is_cancelled) {
  app stuck("Stuck", "1");
  bool cancelled_inside = false;
  stuck.get("/stuck", [&]() -> task<void> {
    try {
      co_await sleep_for(1h);
    } catch (const cancelled&) {
      cancelled_inside = true;
      throw;
    }
  });
  with_server(stuck, quiet().grace(20ms), [&](const net::endpoint& where) -> task<void> {
    const auto one = co_await net::connect(where);
    co_await one->write("GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n");
    co_await sleep_for(20ms);
    stuck.stop();
    std::array<char, 16> buffer;
    const net::io_result end = co_await one->try_read_some(buffer);
    EXPECT_EQ(end.bytes, 0U);
  });
  EXPECT_TRUE(cancelled_inside);
}

TEST(serve, connections_are_bounded_and_the_rest_wait_their_turn) {
  app bounded("Bounded", "1");
  bounded.get("/", [] { return std::string("ok"); });
  server_limits limits;
  limits.max_connections = 2;
  with_server(bounded, quiet().limits(limits), [&](const net::endpoint& where) -> task<void> {
    const auto one = co_await net::connect(where);
    auto two = co_await net::connect(where);
    co_await sleep_for(20ms);
    const auto three = co_await net::connect(where);  // in the kernel's queue
    co_await three->write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    co_await sleep_for(20ms);
    two->close();
    std::array<char, 512> buffer;
    const std::size_t got = co_await three->read_some(buffer);
    EXPECT_THAT(std::string(buffer.data(), got), testing::StartsWith("HTTP/1.1 200"));
  });
}

// One that writes all of its request before it reads must not find a reset in place of the answer.
TEST(serve, a_body_that_is_refused_is_read_until_the_client_has_seen_why) {
  app small("Small", "1");
  small.post("/", [](raw_body) {});
  with_server(small, quiet(), [&](const net::endpoint& where) -> task<void> {
    const auto one = co_await net::connect(where);
    const std::string body(20'000'000, 'x');
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n";
    EXPECT_FALSE((co_await one->try_write(head, body)).error);
    std::array<char, 512> buffer;
    const std::size_t got = co_await one->read_some(buffer);
    EXPECT_THAT(std::string(buffer.data(), got), testing::StartsWith("HTTP/1.1 413"));
  });
}

TEST(serve, threads_share_a_port_and_end_together) {
  app shared("Shared", "1");
  std::mutex mutex;
  std::set<std::thread::id> seen;
  shared.get("/", [&] {
    const std::scoped_lock lock(mutex);
    seen.insert(std::this_thread::get_id());
    return std::string("ok");
  });
  std::promise<net::endpoint> bound;
  std::thread server([&] {
    shared.serve_threads("127.0.0.1:0", 3,
                         quiet().on_listening([&](const net::endpoint& where) { bound.set_value(where); }));
  });
  const std::string url = "http://" + bound.get_future().get().text() + "/";
  const auto ask = [&]() -> task<void> {
    for (int i = 0; i < 60; ++i) {  // a new connection each, so that the kernel deals them out
      session http;
      EXPECT_EQ((co_await http.get(url)).body(), "ok");
    }
  };
  run(ask());
  shared.stop();
  server.join();
  EXPECT_EQ(seen.size(), 3U);
}

TEST(serve, a_port_that_is_taken_is_told_with_a_hint) {
  app plain("Plain", "1");
  const auto all = [&]() -> task<void> {
    const net::listener taken(net::endpoint("127.0.0.1", 0));
    const std::string where = taken.local().text();
    std::thread([&] { EXPECT_THROW(plain.serve_threads(where, 2, quiet()), error); }).join();
    co_return;
  };
  run(all());
  EXPECT_THROW(plain.serve_threads("unix:/tmp/x.sock", 2, quiet()), input_error);
}

TEST(serve, threads_do_not_join_a_port_that_another_server_shares_out) {
  app first("First", "1");
  std::promise<net::endpoint> bound;
  std::thread server([&] {
    first.serve_threads("127.0.0.1:0", 2,
                        quiet().on_listening([&](const net::endpoint& where) { bound.set_value(where); }));
  });
  const std::string where = bound.get_future().get().text();
  app second("Second", "1");
  try {
    second.serve_threads(where, 2, quiet().on_listening([&](const net::endpoint&) { second.stop(); }));
    ADD_FAILURE() << "two servers on one port";
  } catch (const error& refused) {
    EXPECT_THAT(refused.what(), testing::HasSubstr("cannot listen on " + where));
    EXPECT_THAT(refused.hint(), testing::HasSubstr("is another program using it?"));
  }
  first.stop();
  server.join();
}

TEST(serve, threads_end_when_the_one_who_hears_that_they_listen_throws) {
  app plain("Plain", "1");
  const serve_options throwing =
      quiet().on_listening([](const net::endpoint&) { throw storage_error(errc::storage_failure, "no such folder"); });
  EXPECT_THROW(plain.serve_threads("127.0.0.1:0", 3, throwing), storage_error);
}

}  // namespace
}  // namespace lakh::http
