#include <lakh/core/histogram_log.hpp>
#include <lakh/load/report_for_test.hpp>
#include <lakh/load/report_formats.hpp>
#include <lakh/load/report_metrics.hpp>

#include <boost/json.hpp>
#include <gmock/gmock.h>

#include <array>
#include <sstream>

namespace lakh::load {
namespace {

using testing::HasSubstr;
using testing::Not;

class report_formats : public report_test {
 protected:
  run_report mixed(const std::string& title = "orders") const {
    run_info info;
    info.title = title;
    const auto folder = make_run(500, info);
    add_session(folder, 1, 0, 480, [](outcome_record& record) {
      if (record.item % 100 == 7) make_failed(record, 422, "no <b>&\" \x01");
      if (record.item == 9) make_unknown(record);
    });
    run_report run = read_run_report(folder);
    run.limits = judge(std::array{parse_limit("p99<1h"), parse_limit("failed=0")}, run);
    return run;
  }
};

TEST_F(report_formats, json_adds_up) {
  const run_report run = mixed("quoted \" \\ title");
  const auto value = boost::json::parse(report_json({&run, 1}, "2026-11-22T04:00:00.000Z"));
  const auto& one = value.at("runs").at(0);
  EXPECT_EQ(one.at("title").as_string(), "quoted \" \\ title");
  EXPECT_EQ(one.at("balance").at("confirmed").as_int64(), 474);
  EXPECT_EQ(one.at("statuses").at("422").as_int64(), 5);
  std::int64_t confirmed = 0;
  std::int64_t started = 0;
  for (const auto& bucket : one.at("series").at("buckets").as_array()) {
    confirmed += bucket.at("confirmed").as_int64();
    started += bucket.at("started").as_int64();
  }
  EXPECT_EQ(confirmed, 474);
  EXPECT_EQ(started, 480);
  EXPECT_EQ(one.at("limits").at(1).at("holds").as_bool(), false);
  EXPECT_EQ(one.at("problems").at(0).at("example_item").as_int64(), 7);
  EXPECT_TRUE(one.at("reconciliation").is_null());
}

TEST_F(report_formats, csv_has_a_line_for_each_bucket_and_adds_up) {
  const run_report run = mixed("a, \"b\"");
  std::istringstream lines(report_csv({&run, 1}));
  std::string line;
  std::getline(lines, line);
  const auto columns = std::ranges::count(line, ',');
  std::size_t rows = 0;
  std::uint64_t confirmed = 0;
  while (std::getline(lines, line)) {
    ++rows;
    const std::size_t title = line.find(",\"a, \"\"b\"\"\",");
    ASSERT_NE(title, std::string::npos) << line;
    line.erase(title, 13);
    line.insert(title, ",t,");
    EXPECT_EQ(std::ranges::count(line, ','), columns);
    std::istringstream fields(line);
    std::string field;
    for (int i = 0; i < 6; ++i) std::getline(fields, field, ',');
    confirmed += std::stoull(field);
  }
  EXPECT_EQ(rows, run.series.buckets().size());
  EXPECT_EQ(confirmed, run.result.confirmed);
}

TEST_F(report_formats, junit_counts_what_is_broken) {
  const run_report run = mixed("<orders> & \"more\"");
  const std::string xml = report_junit({&run, 1});
  EXPECT_THAT(xml, HasSubstr("tests=\"3\" failures=\"2\""));  // 20 items were not sent, and failed=0 is broken
  EXPECT_THAT(xml, HasSubstr("name=\"&lt;orders&gt; &amp; &quot;more&quot;\""));
  EXPECT_THAT(xml, HasSubstr("name=\"p99&lt;1h\" time=\"0\"/>"));
  EXPECT_THAT(xml, HasSubstr("<failure message=\"measured: 5\"/>"));
  EXPECT_THAT(xml, Not(HasSubstr("\x01")));
}

TEST_F(report_formats, the_histogram_log_is_read_back_as_it_was) {
  const run_report run = mixed();
  std::ostringstream out;
  write_report_hdr(out, {&run, 1});
  std::istringstream lines(out.str());
  std::string line;
  std::size_t found = 0;
  while (std::getline(lines, line)) {
    if (!line.starts_with("Tag=from_start,")) continue;
    const auto values = try_decode_histogram(std::string_view(line).substr(line.rfind(',') + 1));
    ASSERT_TRUE(values.has_value());
    EXPECT_EQ(values->count(), run.latency.count());
    EXPECT_EQ(values->percentile(99), run.latency.percentile(99));
    ++found;
  }
  EXPECT_EQ(found, 1U);
}

TEST(metrics, are_counters_and_cumulative_histograms) {
  run_progress now;
  now.requested = 10;
  now.stats.confirmed = 4;
  now.stats.in_flight = 2;
  now.stats.statuses[201] = 4;
  now.stats.errors[static_cast<std::size_t>(error_kind::timeout)] = 3;
  for (const int us : {400, 900, 70'000, 61'000'000}) now.stats.latency.record(std::chrono::microseconds(us));
  const std::string text = metrics_text(now, {"a \"b\" \\ c\nd", "http://x"});
  for (const char* line :
       {"lakh_run_info{title=\"a \\\"b\\\" \\\\ c\\nd\",target=\"http://x\",version=", "lakh_items_requested 10\n",
        "lakh_items_total{outcome=\"confirmed\"} 4\n", "lakh_items_in_flight 2\n",
        "lakh_answers_total{status=\"201\"} 4\n", "lakh_errors_total{kind=\"timeout\"} 3\n",
        "lakh_latency_seconds_bucket{le=\"0.0005\"} 1\n", "lakh_latency_seconds_bucket{le=\"0.001\"} 2\n",
        "lakh_latency_seconds_bucket{le=\"0.05\"} 2\n", "lakh_latency_seconds_bucket{le=\"0.1\"} 3\n",
        "lakh_latency_seconds_bucket{le=\"60\"} 3\n", "lakh_latency_seconds_bucket{le=\"+Inf\"} 4\n",
        "lakh_latency_seconds_sum 61.071300\n", "lakh_latency_seconds_count 4\n"})
    EXPECT_THAT(text, HasSubstr(line));
  EXPECT_TRUE(text.ends_with('\n'));
}

}  // namespace
}  // namespace lakh::load
