// What an attempt of a load reports, for every way in which a server can fail.
#include <lakh/actions/registry.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/http/failing_peer_for_test.hpp>
#include <lakh/load/action.hpp>
#include <lakh/net/listener.hpp>

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

namespace lakh::actions {
namespace {

using namespace std::chrono_literals;
using http::test::failing_peer;
using http::test::failure_case;

load::plan plan_of(const failure_case& row, const std::string& address) {
  load::plan p;
  p.target = "http://" + address;
  p.timeouts.connect = p.timeouts.first_byte = row.cancelled ? 10s : 100ms;
  p.timeouts.total = row.cancelled ? 20s : 300ms;
  p.limits.answer_bytes = 1000;
  load::plan_step step;
  step.name = "step1";
  step.action = "http";
  step.settings =
      config::mapping({{"url", config::scalar("{{target}}/")}, {"body", config::scalar(std::string(row.body, 'x'))}});
  p.steps.push_back(step);
  return p;
}

// An attempt that is cancelled reports nothing: whoever cancels holds what it had claimed for doubtful.
task<load::attempt_report> attempt(load::performer& hands) {
  load::attempt_report report;
  try {
    report = co_await hands.attempt();
  } catch (const cancelled&) {
    report.error = error_kind::cancelled;
  }
  co_return report;
}

task<load::attempt_report> play(const failure_case& row) {
  failing_peer peer(row);
  const load::plan p = plan_of(row, row.host != nullptr ? row.host : peer.address());
  load::template_scope names;
  names.set_target(p.target);
  const auto steps = compile(p, names);
  load::lane_resources resources;
  const auto hands = steps[0].act->make_performer(resources);
  const load::render_input input;
  std::string reason;
  EXPECT_TRUE(hands->prepare(input, reason)) << reason;
  if (row.warm) {
    EXPECT_EQ((co_await attempt(*hands)).certain, certainty::answered) << row.name;
    co_await sleep_for(20ms);  // well within the time in which a lane takes its connection for alive
  }
  const load::attempt_report report = co_await http::test::as_told(row, attempt(*hands));
  if (!row.cancelled) EXPECT_EQ(report.reason.empty(), report.as_expected) << row.name;
  co_return report;
}

TEST(http_performer, is_certain_or_says_that_it_is_not_for_every_failure) {
  for (const failure_case& row : http::test::failure_cases()) {
    const load::attempt_report report = run(play(row));
    if (!row.cancelled) EXPECT_EQ(name(report.certain), name(row.certain)) << row.name;
    EXPECT_EQ(name(report.error), name(row.error)) << row.name;
    EXPECT_EQ(report.as_expected, row.certain == certainty::answered) << row.name;
  }
}

// Serves whoever comes, and counts who is there.
task<void> answer(std::unique_ptr<net::stream> peer, int& there) {
  ++there;
  std::array<char, 4096> buffer;
  for (;;) {
    const net::io_result got = co_await peer->try_read_some(buffer);
    if (got.error || got.bytes == 0) break;
    if ((co_await peer->try_write(http::test::fine)).error) break;
  }
  --there;
}
task<void> answer_all(lakh::scope& s, net::listener& at, int& there) {
  for (;;) s.spawn(answer(co_await at.accept(), there));
}

load::plan plan_for(const std::string& url) {
  load::plan p;
  load::plan_step step;
  step.name = "step1";
  step.action = "http";
  step.settings = config::mapping({{"url", config::scalar(url)}});
  p.steps.push_back(step);
  return p;
}

TEST(http_performer, a_lane_that_goes_from_server_to_server_keeps_few_connections) {
  const auto work = []() -> task<void> {
    net::listener everywhere(net::endpoint("0.0.0.0", 0));
    const load::plan p = plan_for("http://127.0.1.{{item}}:" + std::to_string(everywhere.local().port()) + "/");
    load::template_scope names;
    const auto steps = compile(p, names);
    load::lane_resources resources;
    const auto hands = steps[0].act->make_performer(resources);
    int there = 0;
    const auto body = [&](lakh::scope& s) -> task<void> {
      s.spawn(answer_all(s, everywhere, there));
      for (std::uint64_t item = 1; item <= 100; ++item) {
        load::render_input input;
        input.item = item;
        std::string reason;
        EXPECT_TRUE(hands->prepare(input, reason)) << reason;
        EXPECT_TRUE((co_await hands->attempt()).as_expected);
      }
      co_await sleep_for(20ms);
      EXPECT_LE(there, 8);
      EXPECT_GE(there, 1);
      s.cancel();
    };
    co_await in_scope(body);
  };
  run(work());
}

TEST(http_performer, credentials_in_the_url_of_an_item_are_refused_and_not_shown) {
  const load::plan p = plan_for("http://user:geheim@127.0.0.{{item}}/");
  load::template_scope names;
  const auto steps = compile(p, names);
  run([](const load::action& act) -> task<void> {
    load::lane_resources resources;
    const auto hands = act.make_performer(resources);
    load::render_input input;
    input.item = 1;
    std::string reason;
    EXPECT_FALSE(hands->prepare(input, reason));
    EXPECT_NE(reason.find("user or password"), std::string::npos) << reason;
    EXPECT_EQ(reason.find("geheim"), std::string::npos) << reason;
    co_return;
  }(*steps[0].act));
}

}  // namespace
}  // namespace lakh::actions
