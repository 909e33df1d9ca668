#include <lakh/async/gather.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/json.hpp>
#include <lakh/http/connection_pool.hpp>
#include <lakh/http/session.hpp>
#include <lakh/net/listener.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace {

using lakh::task;
using namespace std::chrono_literals;

// Answers each request on each connection by what `script` says for its request line; "" closes the connection.
class scripted_server {
 public:
  using script = std::function<std::string(const std::string& head)>;
  explicit scripted_server(script answers)
      : answers_(std::move(answers)), listener_(lakh::net::endpoint("127.0.0.1", 0)) {}
  [[nodiscard]] std::string base() const { return "http://" + listener_.local().text(); }
  int connections = 0;
  std::vector<std::string> requests;

  task<void> serve(lakh::scope& s) {
    for (;;) s.spawn(handle(co_await listener_.accept()));
  }

 private:
  task<void> handle(std::unique_ptr<lakh::net::stream> peer) {
    ++connections;
    std::string bytes;
    std::array<char, 4096> buffer;
    for (;;) {
      std::size_t end = std::string::npos;
      while ((end = bytes.find("\r\n\r\n")) == std::string::npos) {
        const auto got = co_await peer->try_read_some(buffer);
        if (got.error || got.bytes == 0) co_return;
        bytes.append(buffer.data(), got.bytes);
      }
      const std::string head = bytes.substr(0, end + 4);
      std::size_t body = 0;
      if (const auto at = head.find("Content-Length: "); at != std::string::npos)
        body = std::stoul(head.substr(at + 16));
      while (bytes.size() < end + 4 + body) {
        const auto got = co_await peer->try_read_some(buffer);
        if (got.error || got.bytes == 0) co_return;
        bytes.append(buffer.data(), got.bytes);
      }
      requests.push_back(bytes.substr(0, end + 4 + body));
      bytes.erase(0, end + 4 + body);
      const std::string answer = answers_(requests.back());
      if (answer.empty()) co_return;
      co_await peer->write(answer);
    }
  }
  script answers_;
  lakh::net::listener listener_;
};

std::string ok(const std::string& body, const std::string& more = {}) {
  return "HTTP/1.1 200 OK\r\n" + more + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Runs `client` against a server with that script.
void with_server(scripted_server::script answers,
                 std::function<task<void>(scripted_server&, lakh::http::session&)> client,
                 const lakh::http::session_options& options = {}) {
  lakh::run([](scripted_server::script script, std::function<task<void>(scripted_server&, lakh::http::session&)> body,
               lakh::http::session_options given) -> task<void> {
    scripted_server server(std::move(script));
    lakh::http::session http(std::move(given));
    co_await lakh::in_scope([&](lakh::scope& s) -> task<void> {
      s.spawn(server.serve(s));
      co_await body(server, http);
      s.cancel();
    });
  }(std::move(answers), std::move(client), options));
}

TEST(session, gets_json_with_a_query_and_reuses_its_connection) {
  with_server([](const std::string&) { return ok(R"({"name":"茶"})"); },
              [](scripted_server& server, lakh::http::session& http) -> task<void> {
                for (int i = 0; i < 3; ++i) {
                  auto answer = co_await http.get(server.base() + "/items").query("q", "a b&c").query("page", i);
                  EXPECT_EQ(answer.json().at("name").as_string(), "茶");
                  EXPECT_EQ(answer.times().reused, i > 0);
                  EXPECT_GT(answer.times().total.count(), 0);
                }
                EXPECT_EQ(server.connections, 1);
                EXPECT_TRUE(server.requests[1].starts_with("GET /items?q=a+b%26c&page=1 HTTP/1.1\r\n"))
                    << server.requests[1];
              });
}

TEST(session, posts_json_forms_and_bytes) {
  with_server([](const std::string&) { return ok("{}"); },
              [](scripted_server& server, lakh::http::session& http) -> task<void> {
                const lakh::json::value order{{"a", 1}};  // g++ 12 fails on a braced list inside co_await
                co_await http.post(server.base()).json(order);
                co_await http.post(server.base()).form("a", "1 2").form("b", "ü");
                co_await http.put(server.base()).body("xyz", "text/plain").idempotency_key("k\"1");
                EXPECT_TRUE(server.requests[0].ends_with("\r\n\r\n{\"a\":1}")) << server.requests[0];
                EXPECT_NE(server.requests[0].find("Content-Type: application/json\r\n"), std::string::npos);
                EXPECT_TRUE(server.requests[1].ends_with("\r\n\r\na=1+2&b=%C3%BC")) << server.requests[1];
                EXPECT_NE(server.requests[2].find("Idempotency-Key: \"k\\\"1\"\r\n"), std::string::npos);
              });
}

TEST(session, follows_redirects_turns_post_into_get_and_keeps_credentials_at_home) {
  scripted_server* other = nullptr;
  lakh::run([](scripted_server*& second) -> task<void> {
    scripted_server elsewhere([](const std::string&) { return ok("there"); });
    second = &elsewhere;
    scripted_server home([&](const std::string& request) -> std::string {
      if (request.starts_with("POST /start"))
        return "HTTP/1.1 303 See Other\r\nLocation: next?a=1\r\nContent-Length: 0\r\n\r\n";
      return "HTTP/1.1 302 Found\r\nLocation: " + elsewhere.base() + "/x\r\nContent-Length: 0\r\n\r\n";
    });
    lakh::http::session http;
    co_await lakh::in_scope([&](lakh::scope& s) -> task<void> {
      s.spawn(elsewhere.serve(s));
      s.spawn(home.serve(s));
      auto answer = co_await http.post(home.base() + "/start").bearer("secret").json_text("{}");
      EXPECT_EQ(answer.body(), "there");
      EXPECT_EQ(answer.redirects(), 2);
      EXPECT_EQ(answer.url(), elsewhere.base() + "/x");
      EXPECT_TRUE(home.requests[1].starts_with("GET /next?a=1 ")) << home.requests[1];
      EXPECT_NE(home.requests[1].find("secret"), std::string::npos);
      EXPECT_EQ(elsewhere.requests[0].find("secret"), std::string::npos);
      EXPECT_EQ(elsewhere.requests[0].find("Content-Length"), std::string::npos);
      s.cancel();
    });
  }(other));
}

TEST(session, redirects_that_never_end_are_an_error) {
  with_server([](const std::string&) { return "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"; },
              [](scripted_server& server, lakh::http::session& http) -> task<void> {
                EXPECT_THROW(co_await http.get(server.base()), lakh::protocol_error);
                auto answer = co_await http.get(server.base()).redirects(0);
                EXPECT_EQ(answer.status(), 302);
              });
}

TEST(session, a_refusal_becomes_a_status_error_that_says_what_the_server_said) {
  with_server(
      [](const std::string&) {
        const std::string body = R"({"title":"Bad","detail":"quantity must be at least 1"})";
        return "HTTP/1.1 422 Unprocessable Content\r\nContent-Type: application/problem+json\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + body;
      },
      [](scripted_server& server, lakh::http::session& http) -> task<void> {
        auto answer = co_await http.get(server.base());
        try {
          answer.raise_for_status();
          ADD_FAILURE();
        } catch (const lakh::status_error& e) {
          EXPECT_EQ(e.status(), 422);
          EXPECT_EQ(e.hint(), "quantity must be at least 1");
        }
      });
}

TEST(session, a_stale_connection_is_replaced_unless_the_request_could_happen_twice) {
  auto answers = [count = std::make_shared<int>(0)](const std::string&) -> std::string {
    return ++*count == 2 ? "" : ok("x");  // the second request on the kept connection is met by a close
  };
  with_server(answers, [](scripted_server& server, lakh::http::session& http) -> task<void> {
    co_await http.get(server.base());
    auto answer = co_await http.get(server.base());
    EXPECT_EQ(answer.body(), "x");
    EXPECT_EQ(server.requests.size(), 3U);
  });
  auto again = [count = std::make_shared<int>(0)](const std::string&) -> std::string {
    return ++*count == 2 ? "" : ok("x");
  };
  with_server(again, [](scripted_server& server, lakh::http::session& http) -> task<void> {
    co_await http.get(server.base());
    EXPECT_THROW(co_await http.post(server.base()).json_text("{}"), lakh::closed_error);
    EXPECT_EQ(server.requests.size(), 2U);
  });
}

TEST(session, a_request_may_be_added_to_step_by_step) {
  with_server([](const std::string&) { return ok("x"); },
              [](scripted_server& server, lakh::http::session& http) -> task<void> {
                auto request = http.get(server.base() + "/a-path-longer-than-any-small-string-buffer");
                for (const char* name : {"X-One", "X-Two"}) request = std::move(request).header(name, "1");
                co_await std::move(request);
                EXPECT_TRUE(server.requests[0].starts_with("GET /a-path-longer")) << server.requests[0];
                EXPECT_NE(server.requests[0].find("X-One: 1\r\nX-Two: 1\r\n"), std::string::npos);
              });
}

TEST(session, many_at_once_stay_within_the_connections_allowed) {
  with_server([](const std::string&) { return ok("x"); },
              [](scripted_server& server, lakh::http::session& http) -> task<void> {
                std::vector<std::string> urls(200, server.base());
                auto bodies =
                    co_await lakh::gather(urls, lakh::limit(64), [&](const auto& url) { return http.get(url); });
                EXPECT_EQ(bodies.size(), 200U);
                EXPECT_LE(server.connections, 5);
              },
              lakh::http::session_options().connections_per_host(5));
}

TEST(session, times_out_while_the_server_is_silent) {
  lakh::run([]() -> task<void> {
    lakh::net::listener silent(lakh::net::endpoint("127.0.0.1", 0));
    lakh::http::session http;
    const auto start = lakh::clock::now();
    EXPECT_THROW(co_await http.get("http://" + silent.local().text()).timeout(30ms), lakh::timeout_error);
    EXPECT_GE(lakh::clock::now() - start, 30ms);
  }());
}

TEST(session, what_cannot_be_sent_is_refused_before_anything_is) {
  lakh::run([]() -> task<void> {
    lakh::http::session http;
    EXPECT_THROW(http.get("http://a").header("X", "a\r\nEvil: 1"), lakh::input_error);
    EXPECT_THROW(http.get("http://a").header("X Y", "a"), lakh::input_error);
    EXPECT_THROW(co_await http.get("https://127.0.0.1"), lakh::input_error);
    EXPECT_THROW(co_await http.get("gopher://127.0.0.1"), lakh::input_error);
    EXPECT_THROW(co_await http.request("GE T", "http://127.0.0.1"), lakh::input_error);
    EXPECT_THROW(co_await http.get("http://exa mple"), lakh::error);
  }());
}

TEST(session, a_host_of_ones_own_is_sent_and_a_framing_of_ones_own_is_not) {
  with_server(
      [](const std::string&) { return ok("x"); },
      [](scripted_server& server, lakh::http::session& http) -> task<void> {
        co_await http.get(server.base()).header("Host", "shop.example");
        EXPECT_TRUE(server.requests[0].starts_with("GET / HTTP/1.1\r\nHost: shop.example\r\n")) << server.requests[0];
        EXPECT_EQ(server.requests[0].find("127.0.0.1"), std::string::npos) << server.requests[0];
        EXPECT_THROW(co_await http.post(server.base()).body("x").header("Transfer-Encoding", "chunked"),
                     lakh::input_error);
        co_await http.put(server.base()).header("Content-Length", "7");
        EXPECT_NE(server.requests[1].find("\r\nContent-Length: 0\r\n"), std::string::npos) << server.requests[1];
        EXPECT_EQ(server.requests.size(), 2U);
      });
}

TEST(session, a_body_that_a_redirect_drops_takes_its_type_along) {
  with_server(
      [](const std::string& request) {
        return request.starts_with("POST") ? "HTTP/1.1 303 See Other\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"
                                           : ok("x");
      },
      [](scripted_server& server, lakh::http::session& http) -> task<void> {
        co_await http.post(server.base()).header("Content-Type", "text/csv").body("a,b");
        EXPECT_NE(server.requests[0].find("Content-Type: text/csv"), std::string::npos);
        EXPECT_EQ(server.requests[1].find("Content-"), std::string::npos) << server.requests[1];
      });
}

TEST(session, limits_at_their_ends_are_no_limit_or_an_error) {
  with_server(
      [](const std::string& request) {
        return request.starts_with("GET /again") ? "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"
                                                 : ok("x");
      },
      [](scripted_server& server, lakh::http::session& http) -> task<void> {
        constexpr auto ever = std::chrono::nanoseconds::max();
        auto answer = co_await http.get(server.base()).timeout(ever).connect_timeout(ever).first_byte_timeout(ever);
        EXPECT_EQ(answer.body(), "x");
        EXPECT_THROW(co_await http.get(server.base()).timeout(std::chrono::nanoseconds::min()), lakh::timeout_error);
        EXPECT_EQ((co_await http.get(server.base() + "/again").redirects(-1)).status(), 302);
      });
  EXPECT_THROW(lakh::http::session_options().connections_per_host(0), lakh::input_error);
}

TEST(session, credentials_in_a_url_are_neither_sent_nor_shown) {
  lakh::run([]() -> task<void> {
    lakh::http::session http;
    try {
      co_await http.get("http://user:geheim@127.0.0.1:1/");
      ADD_FAILURE();
    } catch (const lakh::input_error& e) {
      EXPECT_EQ(std::string(e.what()).find("geheim"), std::string::npos) << e.what();
    }
    EXPECT_THROW(http.get("http://a").basic_auth("a:b", "c"), lakh::input_error);
    EXPECT_THROW(http.get("http://a").idempotency_key("schlüssel"), lakh::input_error);
  }());
}

TEST(connection_pool, keeps_a_bounded_number_of_idle_connections_and_forgets_servers) {
  lakh::run([]() -> task<void> {
    using pool_type = lakh::http::connection_pool;
    const lakh::net::listener everywhere(lakh::net::endpoint("0.0.0.0", 0));
    const auto connect_and_keep = [&](pool_type& pool, int number) -> task<void> {
      const lakh::net::endpoint to("127.0." + std::to_string(number / 200) + "." + std::to_string(number % 200 + 1),
                                   everywhere.local().port());
      auto taken = co_await pool.take(to, lakh::clock::now() + 10s, false);
      EXPECT_TRUE(taken.has_value());
      if (taken) pool.put_back(to, std::move(*taken));
    };
    pool_type pool(10, 30s, {});
    for (int i = 0; i < 600; ++i) co_await connect_and_keep(pool, i);
    EXPECT_EQ(pool.idle(), pool_type::most_idle);
    EXPECT_LE(pool.servers(), pool_type::most_idle + 1);

    pool_type brief(10, 1ms, {});
    for (int i = 0; i < 50; ++i) co_await connect_and_keep(brief, i);
    co_await lakh::sleep_for(20ms);
    co_await connect_and_keep(brief, 0);
    EXPECT_EQ(brief.idle(), 1U);
    EXPECT_EQ(brief.servers(), 1U);
  }());
}

}  // namespace
