// What a step of a plan becomes on the wire, seen by a server on the same loop.
#include <lakh/actions/registry.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/core/error.hpp>
#include <lakh/load/action.hpp>
#include <lakh/net/listener.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace {

using namespace lakh;
using testing::HasSubstr;
using testing::Not;

config text(const std::string& value) {
  return config::scalar(value);
}

load::plan plan_of(config settings, std::string key = {}) {
  load::plan p;
  p.target = "http://127.0.0.1:1";
  p.key = std::move(key);
  load::plan_step step;
  step.name = "step1";
  step.action = "http";
  step.settings = std::move(settings);
  p.steps.push_back(step);
  return p;
}

struct seen {
  std::vector<std::string> requests;
  std::vector<load::attempt_report> reports;
  bool keyed = false;
  bool idempotent = false;
};

// Sends item 7 twice, as a retry would, to a server that answers 201.
seen send(load::plan p) {
  return run([](load::plan given) -> task<seen> {
    seen result;
    net::listener at(net::endpoint("127.0.0.1", 0));
    given.target = "http://" + at.local().text();
    load::template_scope names;
    names.set_target(given.target);
    const auto steps = actions::compile(given, names);
    result.keyed = steps[0].act->keyed();
    result.idempotent = steps[0].act->idempotent();
    auto serve = [&]() -> task<void> {
      auto peer = co_await at.accept();
      std::array<char, 8192> buffer;
      while (const std::size_t n = co_await peer->read_some(buffer)) {
        result.requests.emplace_back(buffer.data(), n);
        co_await peer->write("HTTP/1.1 201 Created\r\nContent-Length: 8\r\n\r\n{\"id\":5}");
      }
    };
    co_await in_scope([&](scope& s) -> task<void> {
      s.spawn(serve());
      load::lane_resources resources;
      const auto hands = steps[0].act->make_performer(resources);
      load::render_input input;
      input.run = "r1";
      input.item = 7;
      std::string reason;
      EXPECT_TRUE(hands->prepare(input, reason)) << reason;
      for (int attempt = 0; attempt < 2; ++attempt) result.reports.push_back(co_await hands->attempt());
      s.cancel();
    });
    co_return result;
  }(std::move(p)));
}

TEST(http_action, a_retry_sends_the_same_bytes_under_the_same_key) {
  const seen got = send(plan_of(config::mapping({{"url", text("{{target}}/orders?n={{item}}")},
                                                 {"headers", config::mapping({{"X-Random", text("{{uuid}}")}})},
                                                 {"json", text(R"({"n":{{item}},"q":{{int(1,1000000)}}})")}}),
                                "{{run}}-{{item}}"));
  ASSERT_EQ(got.requests.size(), 2U);
  EXPECT_EQ(got.requests[0], got.requests[1]);
  EXPECT_THAT(got.requests[0], testing::StartsWith("POST /orders?n=7 HTTP/1.1\r\nHost: 127.0.0.1:"));
  EXPECT_THAT(got.requests[0], HasSubstr("\r\nIdempotency-Key: \"r1-7\"\r\n"));
  EXPECT_THAT(got.requests[0], HasSubstr("\r\nContent-Type: application/json\r\n"));
  EXPECT_TRUE(got.keyed);
  EXPECT_FALSE(got.idempotent);
  EXPECT_EQ(got.reports[0].certain, certainty::answered);
  EXPECT_TRUE(got.reports[0].as_expected);
  EXPECT_EQ(got.reports[0].status, 201);
}

TEST(http_action, a_server_can_be_called_by_another_name) {
  for (const char* name : {"shop.example", "shop-{{item}}.example"}) {
    const seen got = send(plan_of(
        config::mapping({{"url", text("{{target}}/x")}, {"headers", config::mapping({{"host", text(name)}})}})));
    EXPECT_THAT(got.requests[0],
                HasSubstr(name[4] == '.' ? "\r\nhost: shop.example\r\n" : "\r\nhost: shop-7.example\r\n"));
    EXPECT_THAT(got.requests[0], Not(HasSubstr("Host:")));
  }
  EXPECT_THROW(
      send(plan_of(config::mapping(
          {{"url", text("{{target}}/x")}, {"headers", config::mapping({{"host", text("a")}, {"Host", text("b")}})}}))),
      input_error);
}

TEST(http_action, what_has_no_body_says_so_where_one_could_be) {
  for (const char* method : {"POST", "PUT", "PATCH"}) {
    const seen got = send(plan_of(config::mapping({{"url", text("{{target}}/x")}, {"method", text(method)}})));
    EXPECT_THAT(got.requests[0], HasSubstr("\r\nContent-Length: 0\r\n")) << method;
  }
  for (const char* method : {"GET", "DELETE", "PROPFIND"}) {
    const seen got = send(plan_of(config::mapping({{"url", text("{{target}}/x")}, {"method", text(method)}})));
    EXPECT_THAT(got.requests[0], Not(HasSubstr("Content-Length"))) << method;
  }
}

TEST(http_action, no_key_is_sent_where_the_plan_has_none_or_the_method_needs_none) {
  const seen post = send(plan_of(config::mapping({{"url", text("{{target}}/x")}, {"json", text("{}")}})));
  EXPECT_THAT(post.requests[0], Not(HasSubstr("Idempotency-Key")));
  EXPECT_FALSE(post.keyed);
  const seen get = send(plan_of(config::mapping({{"url", text("{{target}}/x")}}), "{{item}}"));
  EXPECT_THAT(get.requests[0], testing::StartsWith("GET /x HTTP/1.1\r\n"));
  EXPECT_THAT(get.requests[0], Not(HasSubstr("Idempotency-Key")));
  EXPECT_TRUE(get.idempotent);
}

TEST(http_action, forms_and_dynamic_urls_are_escaped) {
  const seen got = send(plan_of(config::mapping({{"method", text("PUT")},
                                                 {"url", text("{{target}}/a/{{\"x y&z\"}}")},
                                                 {"form", config::mapping({{"q", text("{{\"a b&c\"}}")}})}})));
  EXPECT_THAT(got.requests[0], testing::StartsWith("PUT /a/x%20y%26z HTTP/1.1\r\n"));
  EXPECT_THAT(got.requests[0], testing::EndsWith("\r\n\r\nq=a+b%26c"));
}

TEST(http_action, what_cannot_be_sent_is_refused_when_the_plan_is_read) {
  const config bad[] = {
      config::mapping({{"json", text("{}")}}),                 // no URL
      config::mapping({{"url", text("https://127.0.0.1/")}}),  // no TLS yet
      config::mapping({{"url", text("ftp://127.0.0.1/")}}),
      config::mapping({{"url", text("http://user:secret@127.0.0.1/")}}),  // a secret in a URL
      config::mapping({{"url", text("http://127.0.0.1/")}, {"json", text("{}")}, {"body", text("x")}}),
      config::mapping({{"url", text("http://127.0.0.1/")}, {"method", text("GE T")}}),
      config::mapping({{"url", text("http://127.0.0.1/")}, {"headers", config::mapping({{"X Y", text("1")}})}}),
      config::mapping(
          {{"url", text("http://127.0.0.1/")}, {"headers", config::mapping({{"Content-Length", text("1")}})}}),
      config::mapping({{"url", text("http://127.0.0.1/")}, {"json", text("{\"a\":}")}}),
      config::mapping({{"url", text("http://127.0.0.1/{{itme}}")}}),
      config::mapping({{"url", text("http://127.0.0.1/")}, {"body_file", text("/no/such/file")}}),
      config::mapping({{"ulr", text("http://127.0.0.1/")}, {"url", text("http://127.0.0.1/")}}),
  };
  for (const config& settings : bad) {
    load::template_scope names;
    names.set_target("http://127.0.0.1:1");
    const load::plan p = plan_of(settings);
    std::string shown;
    settings.append_json(shown);
    EXPECT_THROW((void)actions::compile(p, names), input_error) << shown;
  }
}

TEST(http_action, a_refused_connection_is_surely_not_sent) {
  run([]() -> task<void> {
    load::plan p = plan_of(config::mapping({{"url", text("http://127.0.0.1:1/x")}, {"json", text("{}")}}));
    load::template_scope names;
    const auto steps = actions::compile(p, names);
    load::lane_resources resources;
    const auto hands = steps[0].act->make_performer(resources);
    std::string reason;
    EXPECT_TRUE(hands->prepare({}, reason));
    const load::attempt_report report = co_await hands->attempt();
    EXPECT_EQ(report.certain, certainty::not_sent);
    EXPECT_EQ(report.error, error_kind::connect);
    EXPECT_THAT(std::string(report.reason), HasSubstr("127.0.0.1:1"));
  }());
}

}  // namespace
