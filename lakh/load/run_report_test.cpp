#include <lakh/load/report_for_test.hpp>
#include <lakh/load/run_report.hpp>

#include <numeric>

namespace lakh::load {
namespace {

std::uint64_t ended_in(const time_series& series) {
  return std::accumulate(series.buckets().begin(), series.buckets().end(), std::uint64_t{0},
                         [](std::uint64_t sum, const series_bucket& one) { return sum + one.ended(); });
}

template <typename Pairs> std::uint64_t sum_of(const Pairs& pairs) {
  std::uint64_t sum = 0;
  for (const auto& [key, items] : pairs) sum += items;
  return sum;
}

// Whatever is counted apart comes to the same number.
void expect_that_all_adds_up(const run_report& report) {
  EXPECT_TRUE(report.result.holds());
  EXPECT_EQ(ended_in(report.series), report.settled());
  EXPECT_EQ(sum_of(report.items_by_attempts), report.settled());
  std::uint64_t sent = report.settled();
  for (const auto& [attempts, items] : report.items_by_attempts)
    if (attempts == 0) sent -= items;
  EXPECT_EQ(sum_of(report.items_by_status) + report.items_unanswered, sent);
  EXPECT_EQ(report.latency.count(), sent);
  EXPECT_EQ(report.attempts, sent + report.retries);
  std::uint64_t failed = 0;
  std::uint64_t unknown = 0;
  for (const report_problem& one : report.problems) {
    failed += one.failed;
    unknown += one.unknown;
  }
  EXPECT_EQ(failed, report.result.failed);
  EXPECT_EQ(unknown, report.result.unknown);
  std::uint64_t items = 0;
  for (const report_session& one : report.sessions) items += one.items;
  EXPECT_EQ(items, report.settled());
  EXPECT_LE(report.series.buckets().size(), time_series::most_buckets);
}

class run_reports : public report_test {};

TEST_F(run_reports, of_a_run_that_did_nothing_are_empty) {
  const run_report report = read_run_report(make_run(5));
  EXPECT_EQ(report.result.unclaimed, 5U);
  EXPECT_EQ(report.seconds, 0);
  EXPECT_EQ(report.rate(), 0);
  EXPECT_TRUE(report.series.empty());
  EXPECT_TRUE(report.sessions.empty());
  EXPECT_TRUE(report.receipt_digest.empty());
  expect_that_all_adds_up(report);
}

TEST_F(run_reports, of_one_item_have_its_figures) {
  const auto folder = make_run(1);
  add_session(folder, 1, 0, 1);
  const run_report report = read_run_report(folder);
  EXPECT_TRUE(report.result.perfect());
  EXPECT_EQ(report.latency.max().count(), 1500);
  EXPECT_EQ(report.service.max().count(), 1000);
  EXPECT_DOUBLE_EQ(report.seconds, 0.0015);
  EXPECT_EQ(report.items_by_status, (std::vector<std::pair<std::uint16_t, std::uint64_t>>{{201, 1}}));
  EXPECT_EQ(report.state, "stopped");
  expect_that_all_adds_up(report);
}

TEST_F(run_reports, count_every_outcome_once_and_name_what_went_wrong) {
  const auto folder = make_run(1100);
  add_session(folder, 1, 0, 1000, [](outcome_record& record) {
    if (record.item % 100 == 7) make_failed(record, 422, "refused");
    if (record.item % 250 == 3) make_unknown(record);
    if (record.item % 10 == 1) record.attempts = 3;
  });
  const run_report report = read_run_report(folder);
  EXPECT_EQ(report.result.failed, 10U);
  EXPECT_EQ(report.result.unknown, 4U);
  EXPECT_EQ(report.result.unclaimed, 100U);
  EXPECT_EQ(report.retries, 200U);
  ASSERT_EQ(report.problems.size(), 2U);
  EXPECT_EQ(report.problems[0].status, 422);
  EXPECT_EQ(report.problems[0].example_item, 7U);
  EXPECT_EQ(report.problems[1].kind, error_kind::closed);
  EXPECT_EQ(report.problems[1].example_item, 3U);
  EXPECT_EQ(report.problems[1].example_reason, "closed before an answer came");
  EXPECT_EQ(report.service.count(), 996U);  // the unknown ones have no answer
  EXPECT_EQ(report.items_unanswered, 4U);
  expect_that_all_adds_up(report);
}

TEST_F(run_reports, let_the_later_session_count_and_say_which_was_cut_off) {
  const auto folder = make_run(100);
  add_session(
      folder, 1, 0, 60,
      [](outcome_record& record) {
        if (record.item >= 50) make_unknown(record);
      },
      false);
  add_session(folder, 2, 50, 50, [](outcome_record& record) { record.latency_us = 9000; });
  const run_report report = read_run_report(folder);
  EXPECT_TRUE(report.result.perfect());
  EXPECT_TRUE(report.problems.empty());
  ASSERT_EQ(report.sessions.size(), 2U);
  EXPECT_EQ(report.sessions[0].items, 50U);
  EXPECT_EQ(report.sessions[1].items, 50U);
  EXPECT_FALSE(report.sessions[0].closed);
  EXPECT_TRUE(report.sessions[1].closed);
  EXPECT_GE(report.sessions[1].at, 0);
  EXPECT_DOUBLE_EQ(report.seconds, 0.0064 + 0.0139);  // what both worked, without the time between them
  EXPECT_EQ(report.latency.max().count(), 9000);
  expect_that_all_adds_up(report);
}

TEST_F(run_reports, give_items_that_were_settled_by_asking_no_latency) {
  const auto folder = make_run(10);
  add_session(folder, 1, 0, 8);
  add_session(folder, 2, 8, 2, [](outcome_record& record) {
    record.attempts = 0;
    record.status = 0;
    record.start_us = record.latency_us = record.service_us = 0;
    record.last_attempt = certainty::maybe_sent;
    record.reason = "asked: the target has it, as it was sent";
  });
  const run_report report = read_run_report(folder);
  EXPECT_TRUE(report.result.perfect());
  EXPECT_EQ(report.latency.count(), 8U);
  EXPECT_EQ(report.latency.min().count(), 1500);
  EXPECT_EQ(report.items_by_attempts, (std::vector<std::pair<std::uint16_t, std::uint64_t>>{{0, 2}, {1, 8}}));
  expect_that_all_adds_up(report);
}

TEST_F(run_reports, stay_within_bounds_whatever_times_a_ledger_names) {
  const auto folder = make_run(6);
  add_session(folder, 1, 0, 6, [](outcome_record& record) {
    const std::int64_t most = std::numeric_limits<std::int64_t>::max();
    if (record.item == 1) record.start_us = most;
    if (record.item == 2) record.latency_us = most;
    if (record.item == 3) record.start_us = -most;
    if (record.item == 4) record.latency_us = -most;
    if (record.item == 5) record.start_us = record.latency_us = most;
  });
  expect_that_all_adds_up(read_run_report(folder));
}

TEST_F(run_reports, of_a_million_items_add_up_in_few_buckets) {
  const auto folder = make_run(1'000'000);
  add_session(folder, 1, 0, 1'000'000, [](outcome_record& record) {
    record.latency_us = 500 + static_cast<std::int64_t>(record.item * 7919 % 40'000);
    if (record.item % 1000 == 5) make_failed(record, 500, "no");
  });
  const run_report report = read_run_report(folder);
  EXPECT_EQ(report.result.confirmed, 999'000U);
  EXPECT_NEAR(report.seconds, 100, 1);
  EXPECT_NEAR(report.rate(), 10'000, 100);
  EXPECT_EQ(report.series.width(), 500'000);
  EXPECT_NEAR(static_cast<double>(report.latency.percentile(50).count()), 20'500, 100);
  expect_that_all_adds_up(report);
}

TEST_F(run_reports, refuse_a_ledger_with_a_flipped_bit) {
  const auto folder = make_run(10);
  add_session(folder, 1, 0, 10);
  sql::database db(folder / "ledger-0.db");
  db.execute("UPDATE batch SET items = replace(items, '201', '202')");
  EXPECT_THROW((void)read_run_report(folder), storage_error);
}

TEST(time_series, widths_grow_and_nothing_is_lost) {
  time_series series;
  for (std::int64_t i = 0; i < 100'000; ++i) series.add(outcome_state::confirmed, i * i, 100);
  EXPECT_LE(series.buckets().size(), time_series::most_buckets);
  EXPECT_EQ(ended_in(series), 100'000U);
  std::uint64_t started = 0;
  for (const series_bucket& one : series.buckets()) started += one.started;
  EXPECT_EQ(started, 100'000U);
  const time_series coarse = series.coarser(50);
  EXPECT_LE(coarse.buckets().size(), 50U);
  EXPECT_EQ(coarse.width() % series.width(), 0);
  EXPECT_EQ(ended_in(coarse), 100'000U);
  EXPECT_EQ(coarse.coarser(50, 4 * coarse.width()).width() % coarse.width(), 0);
}

TEST(time_series, buckets_are_where_items_ended_whatever_the_order) {
  time_series series;
  series.add(outcome_state::failed, 590'000, 9'500);
  series.add(outcome_state::confirmed, 0, 400);
  series.add(outcome_state::unknown, 100, 1'000);
  ASSERT_EQ(series.width(), 1'000);
  EXPECT_EQ(series.buckets()[0].confirmed, 1U);
  EXPECT_EQ(series.buckets()[0].started, 2U);
  EXPECT_EQ(series.buckets()[1].unknown, 1U);
  EXPECT_EQ(series.buckets()[599].failed, 1U);
  series.add(outcome_state::confirmed, 600'000, 0);
  EXPECT_EQ(series.width(), 5'000);
  EXPECT_EQ(series.buckets()[0].ended(), 2U);
  EXPECT_EQ(series.buckets()[119].failed, 1U);
}

TEST(coarse_histogram, percentiles_are_at_most_a_sixtieth_too_high) {
  coarse_histogram values;
  for (std::int64_t value = 1; value <= 1'000'000; value += 7) values.record(value);
  for (const double percent : {1.0, 25.0, 50.0, 90.0, 99.0, 99.9}) {
    const double right = percent * 10'000;
    EXPECT_GE(static_cast<double>(values.percentile(percent)), right * 0.999);
    EXPECT_LE(static_cast<double>(values.percentile(percent)), right * 1.017);
  }
  EXPECT_EQ(values.percentile(100), values.max());
  coarse_histogram twice = values;
  twice.merge(values);
  EXPECT_EQ(twice.count(), 2 * values.count());
  EXPECT_EQ(twice.percentile(50), values.percentile(50));
}

}  // namespace
}  // namespace lakh::load
