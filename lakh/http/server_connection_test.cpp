#include <lakh/async/sleep.hpp>
#include <lakh/http/exchange_for_test.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lakh::http {
namespace {

using namespace std::chrono_literals;
using test::body_of;
using test::client;
using test::exchange;
using test::outcome;
using test::statuses;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class server_connection_test : public testing::Test {
 protected:
  server_connection_test() {
    app_.get("/now/{n}", [](path<"n"> n) { return *n; });
    app_.get("/later/{n}", [](path<"n"> n) -> task<std::string> {
      co_await sleep_for(100ms);
      co_return *n;
    });
    app_.get("/soon/{n}", [](path<"n"> n) -> task<std::string> { co_return *n; });
    app_.post("/echo", [](raw_body content) { return std::string(*content); });
    app_.post("/lazy", [](request& in) -> task<std::string> {
      co_await sleep_for(10ms);
      const std::string head(in.header("X-Mark").value_or("-"));
      const std::string content(co_await in.body());
      co_return head + content + std::string(in.header("X-Mark").value_or("-"));  // the head has stayed where it was
    });
    app_.post("/ignore", [] { return std::string("ignored"); });
    app_.get("/large", [] { return std::string(300'000, 'x'); });
  }
  // What comes back, with the answers' dates left out.
  std::string ask(const std::string& bytes, std::size_t piece = std::string::npos,
                  server_limits limits = server_limits()) {
    std::string out = exchange(app_, client(bytes, piece), limits).bytes;
    for (std::size_t at = 0; (at = out.find("Date: ")) != std::string::npos;) out.erase(at, 37);
    return out;
  }
  app app_{"Test", "1"};
};

std::string post(const std::string& path, const std::string& content, const std::string& more = {}) {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\n" + more + "Content-Length: " + std::to_string(content.size()) +
         "\r\n\r\n" + content;
}
std::string chunked(const std::string& path, const std::string& chunks, const std::string& more = {}) {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\n" + more + "Transfer-Encoding: chunked\r\n\r\n" + chunks;
}
std::string get(const std::string& path, const std::string& more = {}) {
  return "GET " + path + " HTTP/1.1\r\nHost: a\r\n" + more + "\r\n";
}
std::string text(const std::string& content) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: " +
         std::to_string(content.size()) + "\r\n\r\n" + content;
}

TEST_F(server_connection_test, any_split_of_the_bytes_gives_the_same_answers) {
  const std::string conversation =
      get("/now/1") + post("/echo", "hello") + chunked("/echo", "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: u\r\n\r\n") +
      get("/soon/2") + post("/lazy", "content", "X-Mark: m\r\n") +
      chunked("/lazy", "1\r\nx\r\n1\r\ny\r\n0\r\n\r\n", "X-Mark: n\r\n") + get("/later/3") +
      post("/ignore", "not read") + chunked("/ignore", "4\r\nnot \r\n4\r\nread\r\n0\r\n\r\n") + get("/now/4");
  const std::string expected = text("1") + text("hello") + text("abcde") + text("2") + text("mcontentm") +
                               text("nxyn") + text("3") + text("ignored") + text("ignored") + text("4");
  EXPECT_EQ(ask(conversation), expected);
  for (std::size_t piece = 1; piece < 40; ++piece) EXPECT_EQ(ask(conversation, piece), expected) << piece;
  for (std::size_t piece = 40; piece < conversation.size(); piece += 13)
    EXPECT_EQ(ask(conversation, piece), expected) << piece;
}

TEST_F(server_connection_test, a_request_cut_in_two_anywhere_is_answered) {
  const std::string bytes = chunked("/echo", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n") + get("/now/1");
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) EXPECT_EQ(ask(bytes, cut), text("abcde") + text("1")) << cut;
}

// A client that has sent all at once, and takes all at once: counts the writes that a server makes.
class scripted_stream final : public net::stream {
 public:
  scripted_stream(std::string sent, int& writes) : sent_(std::move(sent)), writes_(writes) {}
  std::error_code shutdown_write() noexcept override { return {}; }
  void close() noexcept override {}
  [[nodiscard]] bool is_idle_and_alive() noexcept override { return false; }
  [[nodiscard]] std::string peer() const override { return "script"; }

 protected:
  bool start_read(net::io_operation& op) override {
    const std::size_t n = std::min(sent_.size(), op.buffer().size());
    std::copy_n(sent_.begin(), n, op.buffer().begin());
    sent_.erase(0, n);
    op.finish_now({{}, n});
    return true;
  }
  bool start_write(net::io_operation& op) override {
    ++writes_;
    op.finish_now({{}, op.first().size() + op.second().size()});
    return true;
  }
  void cancel_read() noexcept override {}
  void cancel_write() noexcept override {}

 private:
  std::string sent_;
  int& writes_;
};

TEST_F(server_connection_test, answers_to_requests_that_came_together_leave_together) {
  const auto writes_for = [&](const std::string& bytes) {
    int writes = 0;
    run_virtual(app_.serve(std::make_unique<scripted_stream>(bytes, writes)));
    return writes;
  };
  EXPECT_EQ(writes_for(get("/now/1") + get("/now/2") + get("/now/3")), 1);
  EXPECT_EQ(writes_for(get("/now/1") + get("/soon/2") + post("/echo", "x") + get("/soon/4")), 1);
  EXPECT_EQ(writes_for(get("/now/1") + get("/later/2") + get("/now/3")), 2) << "what is ready does not wait";
}

TEST_F(server_connection_test, keep_alive_is_by_the_version_and_the_connection_field) {
  EXPECT_EQ(statuses(ask(get("/now/1", "Connection: close\r\n") + get("/now/2"))), "200");
  EXPECT_THAT(ask(get("/now/1", "Connection: close\r\n")), HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(ask("GET /now/1 HTTP/1.0\r\n\r\nGET /now/2 HTTP/1.0\r\n\r\n"), HasSubstr("Connection: close\r\n"));
  const std::string old = "GET /now/1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  EXPECT_EQ(statuses(ask(old + old)), "200 200");
  EXPECT_THAT(ask(old), HasSubstr("Connection: keep-alive\r\n"));
}

TEST_F(server_connection_test, continue_is_sent_when_the_body_is_wanted_and_not_before) {
  const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_THAT(ask(head + "hello", head.size()), StartsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(statuses(ask(head + "hello")), "200") << "the body is here already";
  const std::string unknown = "POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
  const std::string refused = ask(unknown + "hello", unknown.size());
  EXPECT_EQ(statuses(refused), "404");
  EXPECT_THAT(refused, HasSubstr("Connection: close\r\n"));
  const std::string large = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_EQ(statuses(ask(large)), "413");
}

TEST_F(server_connection_test, bodies_have_a_limit_however_they_are_framed) {
  server_limits limits;
  limits.max_body = 10;
  EXPECT_EQ(statuses(ask(post("/echo", "1234567890"), std::string::npos, limits)), "200");
  EXPECT_EQ(statuses(ask(post("/echo", "12345678901") + get("/now/1"), std::string::npos, limits)), "413");
  EXPECT_EQ(statuses(ask(post("/lazy", "12345678901") + get("/now/1"), std::string::npos, limits)), "413");
  const std::string over = chunked("/echo", "8\r\n12345678\r\n3\r\n901\r\n0\r\n\r\n") + get("/now/1");
  for (std::size_t piece : {std::string::npos, std::size_t{1}, std::size_t{70}})
    EXPECT_EQ(statuses(ask(over, piece, limits)), "413") << piece;
}

TEST_F(server_connection_test, a_large_body_comes_whole) {
  std::string content;
  for (int i = 0; i < 200'000; ++i) content += static_cast<char>('a' + i % 23);
  EXPECT_EQ(body_of(ask(post("/echo", content), 60'000)), content);
  std::string chunks;
  for (std::size_t at = 0; at < content.size(); at += 7001) {
    const std::string piece = content.substr(at, 7001);
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    chunks += size + piece + "\r\n";
  }
  EXPECT_EQ(ask(chunked("/echo", chunks + "0\r\n\r\n") + get("/now/1"), 50'000), text(content) + text("1"));
}

TEST_F(server_connection_test, a_body_that_nobody_reads_is_dropped_if_short_and_ends_the_connection_if_long) {
  EXPECT_EQ(statuses(ask(post("/ignore", std::string(60'000, 'x')) + get("/now/1"), 1000)), "200 200");
  const std::string got = ask(post("/ignore", std::string(90'000, 'x')) + get("/now/1"), 1000);
  EXPECT_EQ(statuses(got), "200");
  EXPECT_THAT(got, HasSubstr("Connection: close\r\n"));
  const std::string endless = "2000\r\n" + std::string(0x2000, 'x') + "\r\n";
  std::string chunks;
  for (int i = 0; i < 20; ++i) chunks += endless;
  EXPECT_EQ(statuses(ask(chunked("/ignore", chunks + "0\r\n\r\n") + get("/now/1"), 1000)), "200");
}

TEST_F(server_connection_test, a_large_answer_arrives_whole) {
  const std::string got = ask(get("/large") + get("/now/1"));
  EXPECT_EQ(got, text(std::string(300'000, 'x')) + text("1"));
}

struct malformed {
  const char* bytes;
  const char* status;
};

class malformed_requests : public server_connection_test, public testing::WithParamInterface<malformed> {};

TEST_P(malformed_requests, are_answered_once_and_the_connection_closes) {
  const std::string bytes = GetParam().bytes;
  for (const std::size_t piece : {std::string::npos, std::size_t{1}}) {
    // A good request follows, and the client goes on sending: neither must be answered, nor keep the server waiting.
    const outcome out = exchange(app_, client(bytes + get("/now/1"), piece).stay());
    EXPECT_EQ(statuses(out.bytes), GetParam().status) << bytes;
    EXPECT_THAT(out.bytes, HasSubstr("Connection: close\r\n")) << bytes;
    EXPECT_THAT(out.bytes, HasSubstr("Content-Type: application/problem+json\r\n")) << bytes;
    EXPECT_TRUE(out.closed) << bytes;
    EXPECT_LT(out.took, 25s) << bytes;
  }
}

INSTANTIATE_TEST_SUITE_P(
    table, malformed_requests,
    testing::Values(
        malformed{"\x16\x03\x01\x02\x01", "400"}, malformed{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"},
        malformed{"GET / HTTP/2.0\r\n\r\n", "505"}, malformed{"GET  /now/1 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
        malformed{"GET /now/1\r\n\r\n", "400"}, malformed{"GET now/1 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
        malformed{"GET /now/1 HTTP/1.1\r\n\r\n", "400"},
        malformed{"GET /now/1 HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400"},
        malformed{"GET /now/1 HTTP/1.1\nHost: a\n\n", "400"},
        malformed{"GET /now/1 HTTP/1.1\r\nHost : a\r\n\r\n", "400"},
        malformed{"GET /now/1 HTTP/1.1\r\nHost: a\r\n X: y\r\n\r\n", "400"},
        malformed{"GET /now/1 HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", "400"},
        malformed{"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400"},
        malformed{"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", "400"},
        malformed{"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                  "400"},
        malformed{"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "400"},
        malformed{"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501"},
        malformed{"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
        malformed{"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "400"},
        malformed{"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", "400"},
        malformed{"POST /lazy HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", "400"}));

TEST_F(server_connection_test, heads_have_limits) {
  server_limits limits;
  limits.head.max_head = 400;
  limits.head.max_target = 100;
  limits.head.max_fields = 5;
  EXPECT_EQ(statuses(ask(get("/now/" + std::string(200, 'x')), std::string::npos, limits)), "414");
  EXPECT_EQ(statuses(ask(get("/now/1", "X: " + std::string(400, 'x') + "\r\n"), 100, limits)), "431");
  EXPECT_EQ(statuses(ask(get("/now/1", "A: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\nA: 5\r\n"), 100, limits)), "431");
  EXPECT_EQ(statuses(ask(std::string(1000, 'G'), std::string::npos, limits)), "414");
}

TEST_F(server_connection_test, half_a_request_is_not_waited_for_forever) {
  const outcome silent = exchange(app_, client("").stay());
  EXPECT_EQ(silent.bytes, "");
  EXPECT_GE(silent.took, 10s);
  EXPECT_LT(silent.took, 11s);

  const outcome half = exchange(app_, client("GET /now/1 HTTP/1.1\r\nHos").stay());
  EXPECT_EQ(statuses(half.bytes), "408");
  EXPECT_GE(half.took, 10s);
  EXPECT_LT(half.took, 14s);

  const outcome body = exchange(app_, client("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab").stay());
  EXPECT_EQ(statuses(body.bytes), "408");
  EXPECT_THAT(body.bytes, HasSubstr("Connection: close\r\n"));
  EXPECT_GE(body.took, 20s);
  EXPECT_LT(body.took, 24s);
}

TEST_F(server_connection_test, a_client_that_drips_is_cut_off) {
  const std::string bytes = "GET /now/1 HTTP/1.1\r\nX: " + std::string(20'000, 'x');  // a byte per millisecond
  const outcome head = exchange(app_, client(bytes, 1).stay());
  EXPECT_EQ(statuses(head.bytes), "408");
  EXPECT_LT(head.took, 14s);
}

TEST_F(server_connection_test, an_idle_connection_is_closed_in_silence) {
  const outcome out = exchange(app_, client(get("/now/1")).stay());
  EXPECT_EQ(statuses(out.bytes), "200");
  EXPECT_TRUE(out.closed);
  EXPECT_GE(out.took, 75s);
  EXPECT_LT(out.took, 76s);
}

TEST_F(server_connection_test, a_handler_may_take_its_time) {
  app_.get("/slow", []() -> task<std::string> {
    co_await sleep_for(10min);
    co_return std::string("done");
  });
  EXPECT_EQ(body_of(ask(get("/slow"))), "done");
}

TEST_F(server_connection_test, a_client_that_does_not_read_is_given_up) {
  const auto work = [&]() -> task<void> {
    auto [ours, theirs] = net::memory_pair(1000);
    const time_point begin = loop::current().now();
    const auto body = [&](scope& s) -> task<void> {
      s.spawn([](net::stream& to) -> task<void> { co_await to.write(get("/large")); }(*ours));
      co_await app_.serve(std::move(theirs));
    };
    co_await in_scope(body);
    const duration took = loop::current().now() - begin;
    EXPECT_GE(took, 30s);
    EXPECT_LT(took, 10min);
  };
  run_virtual(work());
}

TEST_F(server_connection_test, a_client_that_vanishes_is_forgotten) {
  for (const std::string& bytes :
       {std::string(), std::string("GET /no"), post("/echo", "abc").substr(0, post("/echo", "abc").size() - 1)}) {
    const outcome out = exchange(app_, client(bytes));
    EXPECT_TRUE(out.closed);
    EXPECT_LT(out.took, 3s);
    EXPECT_EQ(statuses(out.bytes), bytes.starts_with("POST") ? "400" : "");
  }
}

TEST_F(server_connection_test, limits_may_be_none) {
  server_limits none;
  none.head_time = none.body_time = none.idle_time = none.write_time = none.linger_time = duration::max();
  none.body_rate = 0;
  const std::string content(1000, 'x');
  EXPECT_EQ(ask(post("/echo", content) + get("/now/1"), 10, none), text(content) + text("1"));
}

TEST_F(server_connection_test, an_answer_can_be_cut_on_purpose_without_harm_to_those_before_it) {
  app_.get("/cut/{n}", [](request& in, path<"n", std::uint64_t> n) {
    in.cut_answer(*n);
    return std::string("content");
  });
  app_.get("/refused", [](request& in) -> task<std::string> {
    co_await sleep_for(1ms);
    in.cut_answer(9);
    throw problem(503, "not now");
  });
  const std::string whole = text("content");
  EXPECT_EQ(ask(get("/now/1") + get("/cut/0") + get("/now/2")), text("1")) << "the connection ends with it";
  const std::string dated = exchange(app_, client(get("/now/1"))).bytes;
  const std::size_t size = dated.size() - 1 + std::string_view("content").size();
  for (const std::size_t cut : {std::size_t{1}, std::size_t{30}, size - 1, size, size + 1'000}) {
    const outcome out = exchange(app_, client(get("/cut/" + std::to_string(cut)) + get("/now/2")).stay());
    EXPECT_EQ(out.bytes.size(), std::min(cut, size - 1));
    EXPECT_THAT(out.bytes, Not(HasSubstr("Connection: close"))) << "nothing announces it";
    EXPECT_TRUE(out.closed);
  }
  EXPECT_EQ(ask(get("/now/1") + get("/refused") + get("/now/2")), text("1") + "HTTP/1.1 ");
}

}  // namespace
}  // namespace lakh::http
