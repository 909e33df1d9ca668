#include <lakh/load/limit.hpp>
#include <lakh/load/run_report.hpp>
#include <lakh/load/yaml.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace lakh::load {
namespace {

using testing::HasSubstr;

run_report measured() {
  run_report report;
  report.result.requested = 1000;
  report.result.confirmed = 989;
  report.result.failed = 10;
  report.result.unknown = 1;
  report.seconds = 2;
  report.attempts = 1020;
  report.retries = 20;
  for (int i = 1; i <= 1000; ++i) report.latency.record(std::chrono::microseconds(i * 100));
  for (int i = 1; i <= 1000; ++i) report.service.record(std::chrono::microseconds(i));
  return report;
}

TEST(limits, hold_or_are_broken_by_what_was_measured) {
  struct row {
    const char* text;
    bool holds;
    const char* actual;
  };
  const std::array<row, 30> rows{{{"p99<100ms", true, "99.0 ms"},
                                  {"p99<99ms", false, "99.0 ms"},
                                  {"p50 <= 50.1ms", true, "50.0 ms"},
                                  {"p99.9<100ms", true, "99.9 ms"},
                                  {"max<=100.1ms", true, "100 ms"},
                                  {"p100<50ms", false, "100 ms"},
                                  {"min>=100us", true, "100 µs"},
                                  {"mean<51ms", true, "50.0 ms"},
                                  {"start.p99<100ms", true, "99.0 ms"},
                                  {"send.p99<1ms", true, "990 µs"},
                                  {"send.max<900us", false, "1.00 ms"},
                                  {"failed=10", true, "10"},
                                  {"failed==10", true, "10"},
                                  {"failed=0", false, "10"},
                                  {"failed<=1%", true, "1.0 %"},
                                  {"failed<1%", false, "1.0 %"},
                                  {"unknown<=1", true, "1"},
                                  {"errors<12", true, "11"},
                                  {"errors<1.2%", true, "1.1 %"},
                                  {"confirmed>988", true, "989"},
                                  {"confirmed>=99%", false, "98.9 %"},
                                  {"requested=1000", true, "1,000"},
                                  {"retries<20", false, "20"},
                                  {"attempts<=1020", true, "1,020"},
                                  {"unsent=0", true, "0"},
                                  {"doubtful=0", true, "0"},
                                  {"rate>=500/s", true, "500/s"},
                                  {"rate>30k/m", false, "500/s"},
                                  {"time<3s", true, "2.00 s"},
                                  {"time<1.5s", false, "2.00 s"}}};
  const run_report report = measured();
  for (const row& one : rows) {
    const limit_verdict verdict = judge(parse_limit(one.text), report);
    EXPECT_EQ(verdict.holds, one.holds) << one.text;
    EXPECT_EQ(verdict.actual, one.actual) << one.text;
  }
}

TEST(limits, on_what_was_never_measured_are_broken) {
  const run_report nothing;
  for (const char* text : {"p99<1h", "max<1h", "rate<1/s", "missing=0", "duplicate=0", "failed<=100%"}) {
    const limit_verdict verdict = judge(parse_limit(text), nothing);
    EXPECT_FALSE(verdict.holds) << text;
    EXPECT_EQ(verdict.actual, "never measured") << text;
  }
  EXPECT_TRUE(judge(parse_limit("failed=0"), nothing).holds);
  run_report reconciled;
  reconciled.reconciled.emplace().missing = 2;
  EXPECT_FALSE(judge(parse_limit("missing=0"), reconciled).holds);
  EXPECT_TRUE(judge(parse_limit("duplicate=0"), reconciled).holds);
}

TEST(limits, are_read_strictly) {
  for (const char* text : {"",
                           "p99",
                           "<250ms",
                           "p99<",
                           "p99<250",
                           "p99<-1ms",
                           "p99<250 apples",
                           "p101<1s",
                           "p<1s",
                           "p9x<1s",
                           "p99=<1s",
                           "p99<<1s",
                           "p99!=1s",
                           "failed<1.5",
                           "failed<-1",
                           "failed<ten",
                           "failed<101%",
                           "failed<1e3",
                           "rate>500",
                           "rate>500ms",
                           "send.failed=0",
                           "send.send.p99<1s",
                           "latency<1s",
                           "p99<inf",
                           "failed<nan",
                           "p1e1<1s",
                           "failed=0=0"})
    EXPECT_THROW((void)parse_limit(text), input_error) << text;
}

TEST(limits, that_are_misspelt_are_answered_with_the_nearest_name) {
  try {
    (void)parse_limit("faild=0", input_place("--limit"));
    FAIL();
  } catch (const input_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("--limit: limit 'faild=0': nothing is measured by the name 'faild'"));
    EXPECT_THAT(e.hint(), HasSubstr("did you mean 'failed'?"));
  }
}

TEST(limits, stand_in_plans_as_a_list_or_alone) {
  const config list = parse_yaml("[p99 < 250ms, 'failed=0']", "plan.yaml");
  ASSERT_EQ(read_limits(list).size(), 2U);
  EXPECT_EQ(read_limits(list)[0].text, "p99<250ms");
  EXPECT_EQ(read_limits(parse_yaml("failed=0", "plan.yaml")).size(), 1U);
  try {
    (void)read_limits(parse_yaml("\n- p99<250ms\n- p99>fast\n", "plan.yaml"));
    FAIL();
  } catch (const input_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("plan.yaml:3:"));
  }
}

}  // namespace
}  // namespace lakh::load
