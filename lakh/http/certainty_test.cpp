// What a session says of its request after every failure; and what a connection says when the Nth operation of its
// stream fails, for every N.
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/http/client_connection.hpp>
#include <lakh/http/failing_peer_for_test.hpp>
#include <lakh/http/request_failure.hpp>
#include <lakh/http/session.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>

namespace lakh::http {
namespace {

using namespace std::chrono_literals;
using test::failing_peer;
using test::failure_case;
using testing::HasSubstr;

struct said {
  certainty certain = certainty::not_sent;
  error_kind error = error_kind::none;
  std::string text;
  std::string hint;
};

task<said> ask(session& http, std::string url, std::size_t body) {
  said result;
  try {
    co_await http.post(url).body(std::string(body, 'x'));
    result.certain = certainty::answered;
  } catch (const lakh::error& e) {
    result.error = e.kind();
    result.certain = certainty_of(e);
    result.text = e.what();
    result.hint = e.hint();
  }
  co_return result;
}

task<said> play(const failure_case& row) {
  failing_peer peer(row);
  session http(session_options()
                   .connect_timeout(row.cancelled ? 10s : 100ms)
                   .first_byte_timeout(row.cancelled ? 10s : 100ms)
                   .timeout(row.cancelled ? 20s : 300ms)
                   .answer_limit(1000));
  const std::string url = std::string("http://") + (row.host != nullptr ? row.host : peer.address()) + "/";
  if (row.warm) {
    EXPECT_EQ((co_await ask(http, url, 1)).certain, certainty::answered);
    co_await sleep_for(20ms);  // a server that closes behind its answer has done so
  }
  co_return co_await test::as_told(row, ask(http, url, row.body));
}

TEST(certainty, is_told_by_a_session_for_every_failure) {
  for (const failure_case& row : test::failure_cases()) {
    const said result = run(play(row));
    EXPECT_EQ(name(result.certain), name(row.certain)) << row.name << ": " << result.text;
    EXPECT_EQ(name(result.error), name(row.error)) << row.name << ": " << result.text;
    if (result.certain == certainty::maybe_sent && result.error != error_kind::cancelled)
      EXPECT_THAT(result.hint, HasSubstr("it may have been carried out")) << row.name;
  }
}

// The first try on a stale connection may have done it; that the second found nobody does not take that back.
TEST(certainty, of_a_request_that_was_sent_twice_covers_both) {
  const auto all = []() -> task<void> {
    failing_peer peer({[](test::caller& c) { c.read_request().write(test::fine).read_request(); }});
    session http;
    const std::string url = "http://" + peer.address() + "/";
    co_await http.get(url);
    try {
      co_await http.put(url).body("x");
      ADD_FAILURE() << "answered by nobody";
    } catch (const connect_error& e) {
      EXPECT_EQ(certainty_of(e), certainty::maybe_sent);
    }
  };
  run(all());
}

TEST(certainty, of_what_no_session_has_marked_is_cautious) {
  EXPECT_EQ(certainty_of(input_error("no URL")), certainty::not_sent);
  EXPECT_EQ(certainty_of(connect_error(errc::cannot_connect, "refused")), certainty::not_sent);
  EXPECT_EQ(certainty_of(timeout_error("some deadline outside")), certainty::maybe_sent);
}

// A transport that does what is written down, one entry for each operation.
class written_stream final : public net::stream {
 public:
  struct step {
    step() = default;
    explicit step(std::error_code failure, std::size_t taken_by_write = 0) : error(failure), taken(taken_by_write) {}
    explicit step(std::string_view read) : bytes(read) {}
    static step hangs(std::size_t taken_by_write = 0) {
      step s;
      s.taken = taken_by_write;
      s.never = true;
      return s;
    }
    std::error_code error;
    std::string bytes;
    std::size_t taken = 0;
    bool never = false;  // nothing happens until it is cancelled
  };
  std::deque<step> reads;
  std::deque<step> writes;

  std::error_code shutdown_write() noexcept override { return {}; }
  void close() noexcept override {
    cancel_read();
    cancel_write();
  }
  [[nodiscard]] bool is_idle_and_alive() noexcept override { return true; }
  [[nodiscard]] std::string peer() const override { return "written"; }

 protected:
  bool start_read(net::io_operation& op) override {
    const step now = next(reads);
    if (now.never) {
      reading_ = &op;
      return false;
    }
    std::ranges::copy(now.bytes, op.buffer().begin());
    op.finish_now({now.error, now.bytes.size()});
    return true;
  }
  bool start_write(net::io_operation& op) override {
    const step now = next(writes);
    taken_ = now.error || now.never ? now.taken : op.first().size() + op.second().size();
    if (now.never) {
      writing_ = &op;
      return false;
    }
    op.finish_now({now.error, taken_});
    return true;
  }
  void cancel_read() noexcept override { end(std::exchange(reading_, nullptr), 0); }
  void cancel_write() noexcept override { end(std::exchange(writing_, nullptr), taken_); }

 private:
  static step next(std::deque<step>& from) {
    if (from.empty()) return {};
    step first = from.front();
    from.pop_front();
    return first;
  }
  static void end(net::io_operation* op, std::size_t bytes) {
    if (op != nullptr) loop::current().post([op, bytes] { op->finish({errc::cancelled, bytes}); });
  }
  net::io_operation* reading_ = nullptr;
  net::io_operation* writing_ = nullptr;
  std::size_t taken_ = 0;
};

struct written_case {
  const char* name;
  std::deque<written_stream::step> writes;
  std::deque<written_stream::step> reads;
  certainty certain;
  error_kind error;
};

TEST(certainty, follows_from_what_each_operation_of_the_stream_did) {
  using step = written_stream::step;
  const std::error_code reset(ECONNRESET, std::system_category());
  const std::error_code pipe(EPIPE, std::system_category());
  const step ok(test::fine);
  const step half("HTTP/1.1 200");
  const step end;
  const std::vector<written_case> rows = {
      {"refused at the first byte", {step(pipe)}, {ok}, certainty::not_sent, error_kind::closed},
      {"reset at the first byte", {step(reset)}, {end}, certainty::not_sent, error_kind::closed},
      {"no byte taken in time", {step::hangs()}, {step::hangs()}, certainty::not_sent, error_kind::timeout},
      {"one byte taken, then reset", {step(reset, 1)}, {step(reset)}, certainty::maybe_sent, error_kind::closed},
      {"one byte taken, then the end", {step(pipe, 1)}, {end}, certainty::maybe_sent, error_kind::closed},
      {"one byte taken in time", {step::hangs(1)}, {step::hangs()}, certainty::maybe_sent, error_kind::timeout},
      {"one byte taken, and answered", {step(pipe, 1)}, {ok}, certainty::answered, error_kind::none},
      {"all taken, then reset", {}, {step(reset)}, certainty::maybe_sent, error_kind::closed},
      {"all taken, then the end", {}, {end}, certainty::maybe_sent, error_kind::closed},
      {"all taken, then silence", {}, {step::hangs()}, certainty::maybe_sent, error_kind::timeout},
      {"half an answer, then reset", {}, {half, step(reset)}, certainty::maybe_sent, error_kind::closed},
      {"half an answer, then the end", {}, {half, end}, certainty::maybe_sent, error_kind::closed},
      {"half an answer, then silence", {}, {half, step::hangs()}, certainty::maybe_sent, error_kind::timeout},
      {"all taken, and answered", {}, {ok}, certainty::answered, error_kind::none},
  };
  // A small request is written before anything is read, a large one while the answer is read.
  for (const std::size_t body : {std::size_t{10}, std::size_t{1'000'000}}) {
    for (const written_case& row : rows) {
      const auto work = [&]() -> task<exchange_result> {
        auto stream = std::make_unique<written_stream>();
        stream->writes = row.writes;
        stream->reads = row.reads;
        client_connection connection(std::move(stream), client_limits());
        const time_point by = loop::current().now() + 1s;
        const exchange_result result = co_await connection.exchange(
            "POST / HTTP/1.1\r\n\r\n", std::string(body, 'x'), wire::http_method::post, exchange_deadlines(by, by));
        EXPECT_EQ(connection.reusable(), !result.error && row.writes.empty()) << row.name;
        co_return result;
      };
      const exchange_result result = run_virtual(work());
      EXPECT_EQ(name(result.certain), name(row.certain)) << row.name << ", body of " << body;
      EXPECT_EQ(name(kind_of(result.error)), name(row.error)) << row.name << ", body of " << body;
    }
  }
}

TEST(certainty, nothing_is_sent_when_the_time_is_up_already) {
  const auto work = []() -> task<void> {
    for (const std::size_t body : {std::size_t{10}, std::size_t{1'000'000}}) {
      client_connection connection(std::make_unique<written_stream>(), client_limits());
      const time_point now = loop::current().now();
      const exchange_result result = co_await connection.exchange(
          "GET / HTTP/1.1\r\n\r\n", std::string(body, 'x'), wire::http_method::get, exchange_deadlines(now, now + 1s));
      EXPECT_EQ(result.error, errc::timed_out);
      EXPECT_EQ(result.certain, certainty::not_sent);
      EXPECT_FALSE(connection.reusable());
    }
  };
  run_virtual(work());
}

}  // namespace
}  // namespace lakh::http
