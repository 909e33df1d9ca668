// Every stream there is, held against the contract in stream.hpp.
#include <lakh/async/gather.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/net/connect.hpp>
#include <lakh/net/listener.hpp>
#include <lakh/net/memory_stream.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>

#include <unistd.h>

namespace {

using lakh::task;
using lakh::net::stream;
using namespace std::chrono_literals;

using pair = std::pair<std::unique_ptr<stream>, std::unique_ptr<stream>>;

task<pair> over(lakh::net::endpoint at) {
  lakh::net::listener listening(at);
  auto accepting = [&]() -> task<std::unique_ptr<stream>> { co_return co_await listening.accept(); };
  auto [client, server] = co_await lakh::gather(lakh::net::connect(listening.local()), accepting());
  co_return pair(std::move(client), std::move(server));
}
task<pair> tcp4() {
  return over(lakh::net::endpoint("127.0.0.1", 0));
}
task<pair> tcp6() {
  return over(lakh::net::endpoint("::1", 0));
}
task<pair> unix_domain() {
  return over(lakh::net::endpoint::unix_domain("/tmp/lakh-stream-test-" + std::to_string(::getpid()) + ".sock"));
}
task<pair> memory() {
  co_return lakh::net::memory_pair();
}

struct transport {
  const char* name;
  task<pair> (*make)();
};
void PrintTo(const transport& t, std::ostream* out) {
  *out << t.name;
}

class any_stream : public testing::TestWithParam<transport> {};

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 31 + i / 977) % 26);
  return text;
}

task<std::string> read_all(stream& from) {
  std::string all;
  std::array<char, 8192> buffer;
  while (const std::size_t n = co_await from.read_some(buffer)) all.append(buffer.data(), n);
  co_return all;
}

TEST_P(any_stream, carries_what_is_written_in_order_to_an_orderly_end) {
  auto work = []() -> task<void> {
    auto [a, b] = co_await GetParam().make();
    const std::string text = pattern(3'000'000);  // more than any buffer on the way
    auto send = [&]() -> task<void> {
      const auto result =
          co_await a->try_write(std::string_view(text).substr(0, 1000), std::string_view(text).substr(1000));
      EXPECT_FALSE(result.error);
      EXPECT_EQ(result.bytes, text.size());
      a->shutdown_write();
    };
    auto received = read_all(*b);
    co_await lakh::in_scope([&](lakh::scope& s) -> task<void> {
      s.spawn(send());
      const std::string all = co_await std::move(received);
      EXPECT_TRUE(all == text);
    });
  };
  lakh::run(work());
}

TEST_P(any_stream, goes_both_ways_at_once) {
  auto work = []() -> task<void> {
    auto [a, b] = co_await GetParam().make();
    const std::string text = pattern(500'000);
    auto send = [&](stream& to) -> task<void> {
      co_await to.write(text);
      to.shutdown_write();
    };
    auto receive = [&](stream& from) -> task<void> { EXPECT_TRUE(co_await read_all(from) == text); };
    co_await lakh::gather(send(*a), send(*b), receive(*a), receive(*b));
  };
  lakh::run(work());
}

// The sanitizers watch what the streams do here between a turn that one of them gave away and the next.
TEST_P(any_stream, many_small_reads_in_a_row_let_others_have_their_turn) {
  auto work = []() -> task<void> {
    auto [a, b] = co_await GetParam().make();
    auto [c, d] = co_await GetParam().make();
    const std::string text = pattern(1000);
    co_await a->write(text);
    co_await c->write(text);
    auto receive = [&](stream& from) -> task<void> {
      std::array<char, 1> one{};
      std::string all;
      while (all.size() < text.size()) {
        const std::size_t got = co_await from.read_some(one);
        if (got != 1) break;
        all += one[0];
      }
      EXPECT_TRUE(all == text);
    };
    co_await lakh::gather(receive(*b), receive(*d));
  };
  lakh::run(work());
}

TEST_P(any_stream, a_read_that_times_out_loses_nothing) {
  auto work = []() -> task<void> {
    auto [a, b] = co_await GetParam().make();
    std::array<char, 16> buffer;
    EXPECT_THROW(co_await lakh::with_timeout(5ms, b->read_some(buffer)), lakh::timeout_error);
    co_await a->write("after");
    const std::size_t n = co_await b->read_some(buffer);
    EXPECT_EQ(std::string_view(buffer.data(), n), "after");
  };
  lakh::run(work());
}

TEST_P(any_stream, cancelling_a_read_leaves_a_write_alone) {
  auto work = []() -> task<void> {
    auto [a, b] = co_await GetParam().make();
    const std::string text = pattern(4'000'000);
    std::array<char, 16> buffer;
    auto send = [&]() -> task<void> {
      co_await a->write(text);
      a->shutdown_write();
    };
    auto receive = [&]() -> task<void> {
      EXPECT_THROW(co_await lakh::with_timeout(2ms, a->read_some(buffer)), lakh::timeout_error);
      EXPECT_TRUE(co_await read_all(*b) == text);
    };
    co_await lakh::gather(send(), receive());
  };
  lakh::run(work());
}

TEST_P(any_stream, closing_ends_what_is_under_way) {
  auto work = []() -> task<void> {
    auto [a, b] = co_await GetParam().make();
    auto reading = [&]() -> task<void> {
      std::array<char, 16> buffer;
      const auto result = co_await a->try_read_some(buffer);
      EXPECT_EQ(result.error, lakh::errc::cancelled);
    };
    auto closing = [&]() -> task<void> {
      co_await lakh::sleep_for(1ms);
      a->close();
    };
    co_await lakh::gather(reading(), closing());
  };
  lakh::run(work());
}

TEST_P(any_stream, writing_to_a_peer_that_is_gone_fails_in_the_end) {
  auto work = []() -> task<void> {
    auto [a, b] = co_await GetParam().make();
    b->close();
    lakh::net::io_result result;
    for (int i = 0; i < 100 && !result.error; ++i) {
      result = co_await a->try_write(pattern(10'000));
      co_await lakh::sleep_for(1ms);
    }
    EXPECT_EQ(lakh::kind_of(result.error), lakh::error_kind::closed);
  };
  lakh::run(work());
}

TEST_P(any_stream, writing_nothing_is_not_the_end) {
  auto work = []() -> task<void> {
    auto [a, b] = co_await GetParam().make();
    auto send = [&]() -> task<void> {
      EXPECT_FALSE((co_await a->try_write("")).error);
      co_await lakh::sleep_for(1ms);
      co_await a->write("x");
    };
    auto receive = [&]() -> task<void> {
      std::array<char, 16> buffer;
      EXPECT_EQ(co_await b->read_some(buffer), 1U);
    };
    co_await lakh::gather(receive(), send());
  };
  lakh::run(work());
}

// A stream that says yes has sent all of it; one that never does so without waiting says no.
TEST_P(any_stream, hands_over_at_once_all_or_says_no) {
  auto work = []() -> task<void> {
    auto [a, b] = co_await GetParam().make();
    const std::string part = pattern(10'000);
    std::string sent;
    while (sent.size() < 50'000'000 && a->write_now(part)) sent += part;
    EXPECT_LT(sent.size(), 50'000'000U) << "nobody reads";
    a->close();
    EXPECT_FALSE(a->write_now(part));
    const std::string all = co_await read_all(*b);
    EXPECT_TRUE(all.starts_with(sent));
    EXPECT_LT(all.size(), sent.size() + part.size());
  };
  lakh::run(work());
}

TEST_P(any_stream, knows_whether_it_is_idle_and_alive_and_when_it_is_worth_asking) {
  auto work = []() -> task<void> {
    auto [a, b] = co_await GetParam().make();
    EXPECT_TRUE(a->is_idle_and_alive());
    co_await b->write("x");
    co_await lakh::sleep_for(1ms);
    EXPECT_TRUE(a->may_have_news());
    EXPECT_FALSE(a->is_idle_and_alive());
    std::array<char, 16> buffer;
    co_await a->read_some(buffer);
    EXPECT_FALSE(a->may_have_news());
    EXPECT_TRUE(a->is_idle_and_alive());
    b->close();
    co_await lakh::sleep_for(1ms);
    EXPECT_TRUE(a->may_have_news());
    EXPECT_FALSE(a->is_idle_and_alive());
  };
  lakh::run(work());
}

INSTANTIATE_TEST_SUITE_P(all, any_stream,
                         testing::Values(transport{"tcp4", tcp4}, transport{"tcp6", tcp6},
                                         transport{"unix", unix_domain}, transport{"memory", memory}),
                         [](const auto& info) { return info.param.name; });

TEST(connect, a_port_on_which_nobody_listens_is_refused_with_a_hint) {
  auto work = []() -> task<void> {
    lakh::net::endpoint free_port;
    {
      lakh::net::listener listening(lakh::net::endpoint("127.0.0.1", 0));
      free_port = listening.local();
    }
    try {
      co_await lakh::net::connect(free_port);
      ADD_FAILURE() << "connected";
    } catch (const lakh::connect_error& e) {
      EXPECT_EQ(e.kind(), lakh::error_kind::connect);
      EXPECT_NE(e.hint().find("running"), std::string::npos);
    }
  };
  lakh::run(work());
}

TEST(connect, a_name_without_an_address_is_a_resolve_error) {
  auto work = []() -> task<void> {
    try {
      co_await lakh::net::connect(lakh::net::endpoint("no-such-host.invalid", 80));
      ADD_FAILURE() << "connected";
    } catch (const lakh::connect_error& e) {
      EXPECT_EQ(e.kind(), lakh::error_kind::resolve);
    }
  };
  lakh::run(work());
}

TEST(connect, localhost_finds_a_server_on_ipv4_only) {
  auto work = []() -> task<void> {
    lakh::net::listener listening(lakh::net::endpoint("127.0.0.1", 0));
    auto client = co_await lakh::net::connect(lakh::net::endpoint("localhost", listening.local().port()));
    EXPECT_NE(client, nullptr);
  };
  lakh::run(work());
}

TEST(listener, a_left_over_socket_file_is_replaced_and_a_live_one_is_not) {
  auto work = []() -> task<void> {
    const auto at = lakh::net::endpoint::unix_domain("/tmp/lakh-listener-test-" + std::to_string(::getpid()) + ".sock");
    {
      lakh::net::listener first(at);
      EXPECT_THROW(lakh::net::listener second(at), lakh::error);
    }
    EXPECT_NE(::access(at.path().c_str(), F_OK), 0);
    co_return;
  };
  lakh::run(work());
}

TEST(listener, a_port_is_shared_by_those_who_join_and_opened_only_where_nobody_listens) {
  using lakh::net::port_sharing;
  auto work = []() -> task<void> {
    const auto with = [](port_sharing how) { return lakh::net::listen_options().share_port(how); };
    struct {
      port_sharing first;
      port_sharing second;
      bool fits;
    } const table[] = {
        {port_sharing::none, port_sharing::none, false},     {port_sharing::none, port_sharing::opened, false},
        {port_sharing::none, port_sharing::joined, false},   {port_sharing::opened, port_sharing::none, false},
        {port_sharing::opened, port_sharing::opened, false}, {port_sharing::opened, port_sharing::joined, true},
        {port_sharing::joined, port_sharing::none, false},   {port_sharing::joined, port_sharing::opened, false},
        {port_sharing::joined, port_sharing::joined, true},
    };
    for (const auto& row : table) {
      const lakh::net::listener first(lakh::net::endpoint("127.0.0.1", 0), with(row.first));
      const auto listen_too = [&] {
        const lakh::net::listener second(first.local(), with(row.second));
        EXPECT_EQ(first.local(), second.local());
      };
      if (row.fits)
        EXPECT_NO_THROW(listen_too()) << static_cast<int>(row.first) << static_cast<int>(row.second);
      else
        EXPECT_THROW(listen_too(), lakh::error) << static_cast<int>(row.first) << static_cast<int>(row.second);
    }
    co_return;
  };
  lakh::run(work());
}

}  // namespace
