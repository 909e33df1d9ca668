#include "load_summary.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace {

using namespace lakh::cli;
using namespace std::chrono_literals;
using lakh::load::run_end;
using testing::HasSubstr;
using testing::Not;

lakh::actions::load_report report_of(std::uint64_t confirmed, std::uint64_t failed, std::uint64_t unknown) {
  lakh::actions::load_report report;
  report.run_id = "20261121-235901-k7f3q2";
  report.folder = "runs/20261121-235901-k7f3q2";
  report.result.requested = 100'000;
  report.result.confirmed = confirmed;
  report.result.failed = failed;
  report.result.unknown = unknown;
  report.result.unclaimed = 100'000 - confirmed - failed - unknown;
  report.run.elapsed = 2893ms;
  report.run.stats.confirmed = confirmed;
  report.run.stats.failed = failed;
  report.run.stats.unknown = unknown;
  report.run.stats.attempts = confirmed + failed + unknown;
  report.run.stats.latency.record(1820us);
  report.run.stats.service.record(1800us);
  report.run.stats.statuses[201] = confirmed;
  return report;
}

lakh::load::reconciliation agreed() {
  lakh::load::reconciliation both;
  both.listed = both.matched = 100'000;
  both.digests_compared = true;
  both.seconds = 0.82;
  return both;
}

std::string sheet_of(const lakh::actions::load_report& report, int code = 0, std::size_t columns = 100) {
  run_summary_facts facts;
  facts.report = &report;
  facts.title = "orders";
  facts.target = "http://127.0.0.1:8080";
  facts.exit_code = code;
  return balance_sheet(facts, columns, paint(false));
}

TEST(exit_codes, tell_how_a_run_ended) {
  const auto code = [](run_end end, lakh::actions::load_report report, int signal = 0) {
    report.run.end = end;
    return exit_code_of(report, signal);
  };
  const auto all = report_of(100'000, 0, 0);
  const auto bad = report_of(99'999, 1, 0);
  const auto cut = report_of(50, 0, 0);
  EXPECT_EQ(code(run_end::complete, all), 0);
  EXPECT_EQ(code(run_end::complete, bad), 1);
  EXPECT_EQ(code(run_end::complete, report_of(99'999, 0, 1)), 1);
  EXPECT_EQ(code(run_end::ledger_failed, all), 4);
  EXPECT_EQ(code(run_end::ledger_failed, cut, SIGINT), 4);
  EXPECT_EQ(code(run_end::too_many_failures, bad), 6);
  EXPECT_EQ(code(run_end::stopped, cut, SIGINT), 130);
  EXPECT_EQ(code(run_end::aborted, cut, SIGINT), 130);
  EXPECT_EQ(code(run_end::stopped, cut, SIGTERM), 143);
  EXPECT_EQ(code(run_end::complete, all, SIGINT), 0);  // it came too late to matter
  EXPECT_EQ(code(run_end::out_of_time, cut), 6);       // asked for a number of items
  EXPECT_EQ(code(run_end::out_of_time, all), 0);
}

TEST(exit_codes, tell_whether_the_two_sides_agree) {
  auto report = report_of(100'000, 0, 0);
  report.reconciled = agreed();
  EXPECT_EQ(exit_code_of(report, 0), 0);
  for (auto field : {&lakh::load::reconciliation::missing, &lakh::load::reconciliation::duplicate,
                     &lakh::load::reconciliation::altered, &lakh::load::reconciliation::unexpected}) {
    report.reconciled = agreed();
    (*report.reconciled).*field = 1;
    EXPECT_EQ(exit_code_of(report, 0), 5);
  }
  report.reconciled.reset();
  report.reconcile_problem = "GET /orders: connection refused";
  EXPECT_EQ(exit_code_of(report, 0), 5);
}

TEST(balance_sheet, reads_like_one) {
  auto report = report_of(100'000, 0, 0);
  report.reconciled = agreed();
  const std::string sheet = sheet_of(report);
  EXPECT_EQ(sheet,
            "Balance of run 20261121-235901-k7f3q2: orders\n"
            "  requested                    100,000\n"
            "  ------------------------------------\n"
            "  confirmed                    100,000\n"
            "  failed                             0\n"
            "  unknown                            0\n"
            "  ------------------------------------\n"
            "  accounted for                100,000  balanced\n"
            "\n"
            "  target         http://127.0.0.1:8080\n"
            "  time           2.89 s, 34,566 a second\n"
            "  latency               p50       p90       p99     p99.9       max\n"
            "    from start      1.82 ms   1.82 ms   1.82 ms   1.82 ms   1.82 ms\n"
            "    from send       1.80 ms   1.80 ms   1.80 ms   1.80 ms   1.80 ms\n"
            "  answers        201 × 100,000\n"
            "  ledger         runs/20261121-235901-k7f3q2\n"
            "\n"
            "Reconciliation with the target's own data  (820 ms)\n"
            "  confirmed here               100,000\n"
            "  found there                  100,000  entries of this run in the target's own data\n"
            "  matched                      100,000  confirmed here, there once, and byte for byte as sent\n"
            "  missing                            0  confirmed here, not there\n"
            "  duplicate                          0  there more than once\n"
            "  altered                            0  there, but not as it was sent\n"
            "  unexpected                         0  there, but not confirmed here\n"
            "  both sides agree\n");
}

TEST(balance_sheet, tells_exit_codes_from_answers) {
  auto report = report_of(3, 0, 0);
  report.run.stats.statuses = {};
  report.run.stats.statuses[0] = 3;
  EXPECT_EQ(sheet_of(report, 0).find("answers"), std::string::npos) << "an answer without a status";
  report.codes = lakh::load::code_kind::exit_code;
  EXPECT_NE(sheet_of(report, 0).find("exit codes     0 × 3"), std::string::npos) << sheet_of(report, 0);
}

TEST(balance_sheet, names_what_went_wrong_and_what_to_do) {
  auto report = report_of(99'990, 7, 3);
  report.run.stats.statuses[503] = 12;
  report.run.stats.retries = 12;
  report.run.stats.errors[static_cast<std::size_t>(lakh::error_kind::connect)] = 3;
  report.run.stats.reasons = {{"a", {6, "answered 422 \x1b[31m"}}, {"b", {3, "connection lost"}}};
  report.reconciled = agreed();
  report.reconciled->missing = 2;
  report.reconciled->examples = {"item 17 is missing"};
  report.notes = {"a note"};
  const std::string sheet = sheet_of(report, 5);
  for (const char* part :
       {"201 × 99,990   503 × 12", "12 of them retries", "connect × 3", "not confirmed  6 × answered 422 \\x1b[31m",
        "3 × connection lost", "missing                            2", "THE TWO SIDES DIFFER", "item 17 is missing",
        "note: a note", "exit code 5: the target's data differ", "lakh runs show 20261121-235901-k7f3q2 --failed"})
    EXPECT_THAT(sheet, HasSubstr(part));
}

TEST(balance_sheet, says_why_a_run_ended_early) {
  auto report = report_of(50, 0, 0);
  report.run.end = run_end::stopped;
  EXPECT_THAT(sheet_of(report, 130), HasSubstr("stopped before its end"));
  EXPECT_THAT(sheet_of(report, 130), HasSubstr("not yet sent                  99,950"));
  report.run.end = run_end::ledger_failed;
  report.run.message = "disk full";
  EXPECT_THAT(sheet_of(report, 4), HasSubstr("the ledger could not be written: disk full"));
}

TEST(balance_sheet, without_a_ledger_says_so) {
  auto report = report_of(99'999, 1, 0);
  report.folder.clear();
  EXPECT_THAT(sheet_of(report, 1), HasSubstr("--no-ledger"));
  EXPECT_THAT(sheet_of(report, 1), Not(HasSubstr("hint")));
}

TEST(summary_json, is_json_and_holds_the_balance) {
  auto report = report_of(99'990, 7, 3);
  report.reconciled = agreed();
  report.run.stats.reasons = {{"a", {7, "said \"no\"\n\xff"}}};
  report.notes = {"a note"};
  run_summary_facts facts;
  facts.report = &report;
  facts.exit_code = 1;
  const std::string text = summary_json(facts);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  const boost::json::value value = boost::json::parse(text);
  EXPECT_EQ(value.at("exit_code").as_int64(), 1);
  EXPECT_EQ(value.at("balance").at("confirmed").as_int64(), 99'990);
  EXPECT_TRUE(value.at("balance").at("holds").as_bool());
  EXPECT_EQ(value.at("latency_ms").at("from_start").at("p99.9").as_double(), 1.82);
  EXPECT_EQ(value.at("statuses").at("201").as_int64(), 99'990);
  EXPECT_TRUE(value.at("reconciliation").at("clean").as_bool());
  EXPECT_EQ(value.at("reasons").at(0).at("items").as_int64(), 7);
  report.reconciled.reset();
  report.folder.clear();
  EXPECT_TRUE(boost::json::parse(summary_json(facts)).at("reconciliation").is_null());
  EXPECT_TRUE(boost::json::parse(summary_json(facts)).at("folder").is_null());
}

}  // namespace
