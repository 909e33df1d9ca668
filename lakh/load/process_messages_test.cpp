#include <lakh/core/error.hpp>
#include <lakh/load/process_messages.hpp>

#include <gtest/gtest.h>

#include <random>

namespace lakh::load {
namespace {

process_report full_report() {
  process_report report(report_kind::ended, run_end::too_many_failures, "more than 3 items were not confirmed");
  report.notes = {"a note", ""};
  run_stats& stats = report.stats;
  stats.confirmed = 5;
  stats.failed = 6;
  stats.unknown = 7;
  stats.attempts = 30;
  stats.retries = 12;
  stats.in_flight = 3;
  stats.statuses[0] = 1;
  stats.statuses[201] = 9;
  stats.statuses[999] = 1;
  stats.errors[static_cast<std::size_t>(error_kind::timeout)] = 4;
  stats.reasons["404 status #"] = {6, "404 of item 8"};
  for (const int us : {0, 1, 2047, 2048, 1'000'000, 2'000'000'000}) stats.latency.record(std::chrono::microseconds(us));
  stats.latency.record(std::chrono::hours(3));
  stats.service.record(std::chrono::microseconds(77));
  return report;
}

TEST(process_messages, a_report_arrives_as_it_was_sent) {
  const process_report sent = full_report();
  const process_report got = report_of(to_bytes(sent));
  EXPECT_EQ(got.kind, sent.kind);
  EXPECT_EQ(got.end, sent.end);
  EXPECT_EQ(got.message, sent.message);
  EXPECT_EQ(got.notes, sent.notes);
  EXPECT_EQ(got.stats.settled(), 18U);
  EXPECT_EQ(got.stats.in_flight, 3U);
  EXPECT_EQ(got.stats.statuses, sent.stats.statuses);
  EXPECT_EQ(got.stats.errors, sent.stats.errors);
  EXPECT_EQ(got.stats.reasons.at("404 status #").times, 6U);
  EXPECT_EQ(got.stats.reasons.at("404 status #").example, "404 of item 8");
  EXPECT_TRUE(got.stats.latency == sent.stats.latency);
  EXPECT_TRUE(got.stats.service == sent.stats.service);
  const process_report nothing = report_of(to_bytes(process_report()));
  EXPECT_TRUE(nothing.stats.latency == histogram());
}

TEST(process_messages, the_largest_report_fits_the_limit) {
  process_report report;
  for (std::size_t index = 0; index < histogram::bucket_count; ++index) {
    const auto value = std::chrono::microseconds(histogram::lowest_of(index));
    report.stats.latency.record(value);
    report.stats.service.record(value);
  }
  for (std::size_t i = 0; i < run_stats::most_reasons; ++i)
    report.stats.reasons[std::string(600, 'x') + std::to_string(i)] = {1, std::string(600, 'y')};
  EXPECT_LT(to_bytes(report).size(), report_limit);
  EXPECT_TRUE(report_of(to_bytes(report)).stats.latency == report.stats.latency);
}

TEST(process_messages, cut_or_changed_bytes_are_refused_or_harmless) {
  const std::string good = to_bytes(full_report());
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_THROW((void)report_of(std::string_view(good).substr(0, size)), input_error) << size;
  EXPECT_THROW((void)report_of(good + "x"), input_error);
  std::mt19937_64 random(7);
  for (int round = 0; round < 2'000; ++round) {
    std::string bad = good;
    bad[random() % bad.size()] = static_cast<char>(random());
    try {
      const process_report got = report_of(bad);
      run_stats sum;
      sum.merge(got.stats);
      (void)sum.latency.percentile(99);
    } catch (const input_error&) {
      // as it should be
    }
  }
}

}  // namespace
}  // namespace lakh::load
