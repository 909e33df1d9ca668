// Exchanges over an in-memory stream: every kind of answer in every split, and what is certain after each failure.
#include <lakh/async/gather.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/http/client_connection.hpp>
#include <lakh/net/memory_stream.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using lakh::certainty;
using lakh::task;
using lakh::http::client_connection;
using lakh::http::exchange_deadlines;
using lakh::http::exchange_result;
using lakh::wire::http_method;
using namespace std::chrono_literals;

constexpr std::string_view request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

exchange_deadlines in(lakh::duration limit) {
  const auto by = lakh::loop::current().now() + limit;
  return {by, by};
}

struct outcome {
  exchange_result result;
  int status = 0;
  std::string body;
  bool reusable = false;
};

// Plays a server that reads the request and sends `pieces`, then closes if told to.
outcome play(std::vector<std::string> pieces, bool closes, http_method method = http_method::get) {
  return lakh::run_virtual([](std::vector<std::string> parts, bool close, http_method m) -> task<outcome> {
    auto [client, server] = lakh::net::memory_pair();
    client_connection connection(std::move(client), {});
    outcome seen;
    auto serve = [&]() -> task<void> {
      std::string got;
      std::array<char, 256> buffer;
      while (got.size() < request.size()) got.append(buffer.data(), co_await server->read_some(buffer));
      EXPECT_EQ(got, request);
      for (const std::string& piece : parts) {
        co_await server->write(piece);
        co_await lakh::sleep_for(1ms);
      }
      if (close) server->close();
    };
    auto ask = [&]() -> task<void> {
      seen.result = co_await connection.exchange(request, {}, m, in(10s));
      if (!seen.result.error) {
        seen.status = connection.answer().status;
        seen.body = connection.body();
      }
      seen.reusable = connection.reusable();
    };
    co_await lakh::gather(serve(), ask());
    co_return seen;
  }(std::move(pieces), closes, method));
}

struct answer_case {
  const char* name;
  std::string bytes;
  bool closes;
  int status;
  std::string body;
  bool reusable;
};

std::vector<answer_case> answers() {
  const std::string large(200'000, 'x');
  return {
      {"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, 200, "hello", true},
      {"empty", "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", false, 201, "", true},
      {"no_content", "HTTP/1.1 204 No Content\r\n\r\n", false, 204, "", true},
      {"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", false,
       200, "hello", true},
      {"until_close", "HTTP/1.1 200 OK\r\n\r\nhello", true, 200, "hello", false},
      {"says_close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", true, 200, "ok", false},
      {"http10", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", true, 200, "ok", false},
      {"interim", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false,
       200, "ok", true},
      {"extra_bytes", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n", false, 200, "ok", false},
      {"large", "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + large, false, 200, large, true},
      {"middling", "HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n" + large.substr(0, 30000), false, 200,
       large.substr(0, 30000), true},
      {"large_chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n30d40\r\n" + large + "\r\n0\r\n\r\n",
       false, 200, large, true},
      {"large_until_close", "HTTP/1.1 200 OK\r\n\r\n" + large, true, 200, large, false},
  };
}

void expect(const answer_case& wanted, const outcome& seen, const std::string& how) {
  EXPECT_FALSE(seen.result.error) << wanted.name << " " << how << ": " << seen.result.error.message();
  EXPECT_EQ(seen.result.certain, certainty::answered) << wanted.name << " " << how;
  EXPECT_EQ(seen.status, wanted.status) << wanted.name << " " << how;
  EXPECT_TRUE(seen.body == wanted.body) << wanted.name << " " << how << " got " << seen.body.size() << " bytes";
  if (how == "whole") EXPECT_EQ(seen.reusable, wanted.reusable) << wanted.name;
}

TEST(client_connection, understands_every_answer_whole_in_two_pieces_and_byte_by_byte) {
  for (const answer_case& each : answers()) {
    expect(each, play({each.bytes}, each.closes), "whole");
    const std::size_t step = each.bytes.size() < 300 ? 1 : 4999;
    for (std::size_t cut = 1; cut < each.bytes.size(); cut += step)
      expect(each, play({each.bytes.substr(0, cut), each.bytes.substr(cut)}, each.closes),
             "cut at " + std::to_string(cut));
    if (each.bytes.size() < 300) {
      std::vector<std::string> bytes;
      for (const char c : each.bytes) bytes.emplace_back(1, c);
      expect(each, play(bytes, each.closes), "byte by byte");
    }
  }
}

TEST(client_connection, an_answer_to_head_has_no_body) {
  const auto seen = play({"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"}, false, http_method::head);
  EXPECT_FALSE(seen.result.error);
  EXPECT_EQ(seen.body, "");
  EXPECT_TRUE(seen.reusable);
}

TEST(client_connection, a_connection_that_ends_before_or_within_the_answer_leaves_the_request_in_doubt) {
  const std::string whole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    const auto seen = play({whole.substr(0, cut)}, true);
    EXPECT_EQ(lakh::kind_of(seen.result.error), lakh::error_kind::closed) << cut;
    EXPECT_EQ(seen.result.certain, certainty::maybe_sent) << cut;
    EXPECT_FALSE(seen.reusable);
  }
}

TEST(client_connection, a_malformed_answer_is_a_protocol_violation_that_says_what_was_wrong) {
  const auto seen = play({"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"}, false);
  EXPECT_EQ(seen.result.error, lakh::errc::protocol_violation);
  EXPECT_NE(seen.result.malformed, lakh::wire::http1_error::none);
  EXPECT_EQ(seen.result.certain, certainty::maybe_sent);
}

TEST(client_connection, endless_interim_answers_are_refused) {
  std::string endless;
  for (int i = 0; i < 100; ++i) endless += "HTTP/1.1 102 Processing\r\n\r\n";
  EXPECT_EQ(play({endless}, false).result.error, lakh::errc::protocol_violation);
}

TEST(client_connection, an_answer_beyond_the_limit_is_refused_whatever_its_framing) {
  for (const char* head : {"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"}) {
    const auto result = lakh::run_virtual([](std::string bytes) -> task<exchange_result> {
      auto [client, server] = lakh::net::memory_pair();
      lakh::http::client_limits limits;
      limits.body.max_body = 100;
      client_connection connection(std::move(client), limits);
      co_await server->write(bytes);
      co_return co_await connection.exchange(request, {}, http_method::get, in(1s));
    }(head + std::string(101, 'x')));
    EXPECT_EQ(result.error, lakh::errc::too_large);
  }
}

TEST(client_connection, silence_ends_at_the_first_byte_deadline_and_a_trickle_at_the_total) {
  auto work = []() -> task<void> {
    for (const bool trickles : {false, true}) {
      auto [client, server] = lakh::net::memory_pair();
      client_connection connection(std::move(client), {});
      const auto start = lakh::loop::current().now();
      co_await lakh::in_scope([&](lakh::scope& s) -> task<void> {
        if (trickles)
          s.spawn([](lakh::net::stream& to) -> task<void> {
            for (;;) {
              co_await to.write("H");
              co_await lakh::sleep_for(500ms);
            }
          }(*server));
        const auto result =
            co_await connection.exchange(request, {}, http_method::get, exchange_deadlines(start + 2s, start + 5s));
        EXPECT_EQ(result.error, lakh::errc::timed_out);
        EXPECT_EQ(result.certain, certainty::maybe_sent);
        s.cancel();
      });
      EXPECT_EQ(lakh::loop::current().now() - start, trickles ? 5s : 2s);
    }
  };
  lakh::run_virtual(work());
}

TEST(client_connection, nothing_was_sent_on_a_connection_that_was_already_closed) {
  auto work = []() -> task<void> {
    auto [client, server] = lakh::net::memory_pair();
    client_connection connection(std::move(client), {});
    server->close();
    const auto result = co_await connection.exchange(request, {}, http_method::get, in(1s));
    EXPECT_EQ(lakh::kind_of(result.error), lakh::error_kind::closed);
    EXPECT_EQ(result.certain, certainty::not_sent);
  };
  lakh::run_virtual(work());
}

TEST(client_connection, a_request_cut_in_the_middle_may_have_been_sent) {
  auto work = []() -> task<void> {
    auto [client, server] = lakh::net::memory_pair(100);
    client_connection connection(std::move(client), {});
    const std::string body(1000, 'x');
    const auto result = co_await connection.exchange(request, body, http_method::post, in(1s));
    EXPECT_EQ(result.error, lakh::errc::timed_out);
    EXPECT_EQ(result.certain, certainty::maybe_sent);
  };
  lakh::run_virtual(work());
}

TEST(client_connection, exchanges_follow_each_other_on_one_connection) {
  auto work = []() -> task<void> {
    auto [client, server] = lakh::net::memory_pair();
    client_connection connection(std::move(client), {});
    for (int i = 0; i < 10; ++i) {
      const std::string body = std::to_string(i * 111);
      co_await server->write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
      const auto result = co_await connection.exchange(request, {}, http_method::get, in(1s));
      EXPECT_FALSE(result.error);
      EXPECT_EQ(connection.body(), body);
      EXPECT_TRUE(connection.still_alive());
    }
    EXPECT_EQ(connection.exchanges(), 10U);
  };
  lakh::run_virtual(work());
}

}  // namespace
