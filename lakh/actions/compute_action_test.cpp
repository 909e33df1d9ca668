// The compute action, as a plan writes it down, against digests that sha256sum gives.
#include <lakh/actions/compute_sha256.hpp>
#include <lakh/actions/registry.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/core/error.hpp>
#include <lakh/load/action.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using namespace lakh;
using testing::HasSubstr;

// printf abc | sha256sum; the second takes the 32 bytes of the first: … | xxd -r -p | sha256sum
constexpr auto abc_once = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr auto abc_twice = "4f8b42c22dd3729b519ba6f68d2da7cc5b2d606d05daed5ad5128cc03e6c6358";

config text(const std::string& value) {
  return config::scalar(value);
}
config number(const std::string& value) {
  return config::scalar(value, config::style::plain);
}

load::plan plan_of(std::vector<config::entry> settings, std::vector<config::entry> expect = {},
                   std::vector<config::entry> keep = {}) {
  load::plan p;
  load::plan_step step;
  step.name = "step1";
  step.action = "compute";
  step.settings = config::mapping(std::move(settings));
  if (!expect.empty()) step.expect = config::mapping(std::move(expect));
  if (!keep.empty()) step.keep = config::mapping(std::move(keep));
  p.steps.push_back(step);
  return p;
}

struct done {
  load::attempt_report report;
  std::string reason;
  std::string kept;
  std::string prepared;
  bool idempotent = false;
  bool keyed = true;
};

done compute(const load::plan& p, std::uint64_t item = 7) {
  return run([](const load::plan* given, std::uint64_t number_of_item) -> task<done> {
    done result;
    load::template_scope names;
    const auto steps = actions::compile(*given, names);
    result.idempotent = steps[0].act->idempotent();
    result.keyed = steps[0].act->keyed();
    co_await steps[0].act->check_target();
    load::lane_resources resources;
    const auto hands = steps[0].act->make_performer(resources);
    load::render_input input;
    input.item = number_of_item;
    EXPECT_TRUE(hands->prepare(input, result.reason)) << result.reason;
    result.prepared = hands->prepared();
    result.report = co_await hands->attempt();
    result.reason = result.report.reason;
    result.kept = hands->kept_json();
    std::array<std::string, 1> slots;
    if (names.kept_count() == 1) {
      hands->keep(slots);
      EXPECT_NE(result.kept.find(slots[0]), std::string::npos);
    }
    co_return result;
  }(&p, item));
}

std::string complaint(const load::plan& p) {
  try {
    load::template_scope names;
    (void)actions::compile(p, names);
  } catch (const input_error& wrong) {
    return std::string(wrong.what()) + " / " + wrong.hint();
  }
  return {};
}

TEST(compute_sha256, is_what_sha256sum_prints_and_goes_on_with_the_bytes_of_the_digest) {
  EXPECT_EQ(actions::sha256_rounds(1).of("abc"), abc_once);
  EXPECT_EQ(actions::sha256_rounds(2).of("abc"), abc_twice);
  EXPECT_EQ(actions::sha256_rounds(1).of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  actions::sha256_rounds again(2);
  EXPECT_EQ(again.of("abc"), abc_twice);
  EXPECT_EQ(again.of("abc"), abc_twice) << "it starts afresh with each text";
}

TEST(compute_action, renders_its_text_for_each_item_and_may_be_done_again) {
  const done seven = compute(plan_of({{"sha256", text("order {{item}}")}, {"rounds", number("3")}}));
  EXPECT_TRUE(seven.report.as_expected);
  EXPECT_EQ(seven.report.certain, certainty::answered);
  EXPECT_GE(seven.report.done, seven.report.sent);
  EXPECT_TRUE(seven.idempotent);
  EXPECT_FALSE(seven.keyed);
  EXPECT_EQ(seven.prepared, "compute sha256 of 'order 7', 3 rounds");
  EXPECT_EQ(seven.kept, "") << "nothing is kept unless asked";
}

TEST(compute_action, secrets_stay_names) {
  ::setenv("COMPUTE_TEST_SECRET", "sesame", 1);
  const done got = compute(plan_of({{"sha256", text("{{env.COMPUTE_TEST_SECRET}}")}},
                                   {{"sha256", text("{{env.COMPUTE_TEST_SECRET}}{{item}}")}}));
  EXPECT_EQ(got.prepared, "compute sha256 of '{{env.COMPUTE_TEST_SECRET}}', 1 round");
  EXPECT_TRUE(got.reason.ends_with(", not {{env.COMPUTE_TEST_SECRET}}{{item}}")) << got.reason;
}

TEST(compute_action, keeps_its_result_and_holds_it_against_what_is_expected) {
  const done good = compute(plan_of({{"sha256", text("abc")}, {"rounds", number("2")}}, {{"sha256", text(abc_twice)}},
                                    {{"digest", text("sha256")}}));
  EXPECT_TRUE(good.report.as_expected);
  EXPECT_EQ(good.kept, std::string(R"({"digest":")") + abc_twice + "\"}");
  const done other = compute(plan_of({{"sha256", text("abd")}}, {{"sha256", text(abc_once)}}));
  EXPECT_FALSE(other.report.as_expected);
  EXPECT_EQ(other.report.error, error_kind::status);
  EXPECT_THAT(other.reason, HasSubstr(std::string("not ") + abc_once));
}

TEST(compute_action, gives_other_lanes_of_its_loop_their_turn_between_items) {
  const load::plan p = plan_of({{"sha256", text("{{item}}")}});
  std::string order;
  run([](const load::plan* given, std::string* into) -> task<void> {
    load::template_scope names;
    const auto steps = actions::compile(*given, names);
    auto lane = [&](char mark) -> task<void> {
      load::lane_resources resources;
      const auto hands = steps[0].act->make_performer(resources);
      std::string reason;
      for (int item = 0; item < 3; ++item) {
        EXPECT_TRUE(hands->prepare(load::render_input(), reason));
        const load::attempt_report report = co_await hands->attempt();
        EXPECT_TRUE(report.as_expected);
        *into += mark;
      }
    };
    co_await in_scope([&](scope& all) -> task<void> {
      all.spawn(lane('a'));
      all.spawn(lane('b'));
      co_return;
    });
  }(&p, &order));
  EXPECT_EQ(order, "ababab");
}

TEST(compute_action, says_what_is_wrong_with_its_settings) {
  EXPECT_THAT(complaint(plan_of({{"rounds", number("3")}})), HasSubstr("sha256"));
  EXPECT_THAT(complaint(plan_of({{"sha256", text("a")}, {"rounds", number("0")}})), HasSubstr("compute.rounds"));
  EXPECT_THAT(complaint(plan_of({{"sha256", text("a")}, {"round", number("3")}})), HasSubstr("rounds"));
  EXPECT_THAT(complaint(plan_of({{"sha256", text("a")}}, {{"sha256", text("ABC")}})), HasSubstr("64 hexadecimal"));
  EXPECT_THAT(complaint(plan_of({{"sha256", text("a")}}, {{"status", number("200")}})), HasSubstr("sha256"));
  EXPECT_THAT(complaint(plan_of({{"sha256", text("a")}}, {}, {{"id", text("$.id")}})), HasSubstr("id: sha256"));
}

}  // namespace
