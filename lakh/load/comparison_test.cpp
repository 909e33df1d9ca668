// What is said of shapes that were compared: the arithmetic, the sentences, the page.
#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>
#include <lakh/load/comparison.hpp>
#include <lakh/load/comparison_page.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace lakh::load {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view now = "2026-11-22T04:00:00.000Z";

// A run that confirmed so many items at that rate.
shape_run run_of(unsigned round, std::uint64_t items, double rate) {
  shape_run run;
  run.round = round;
  run.run_id = "20261122-040000-abc" + std::to_string(round);
  run.result.requested = run.result.confirmed = items;
  run.seconds = static_cast<double>(items) / rate;
  run.user_seconds = 0.3;
  run.system_seconds = 0.1;
  run.peak_bytes = 20'000'000;
  run.voluntary_switches = items * 2;
  run.involuntary_switches = items / 10;
  run.p50_us = 1200;
  run.p99_us = 5600;
  return run;
}

compared_shape shape_of(std::string name, std::uint64_t lanes, const std::vector<double>& rates,
                        std::uint64_t items = 1000) {
  compared_shape shape;
  shape.name = std::move(name);
  shape.lanes = lanes;
  shape.items = items;
  unsigned round = 0;
  for (const double rate : rates) shape.runs.push_back(run_of(++round, items, rate));
  for (int i = 0; i < 1000; ++i) shape.latency.record(std::chrono::microseconds(1000 + i));
  return shape;
}

comparison two() {
  comparison all;
  all.title = "orders";
  all.target = "http://127.0.0.1:8080";
  all.began_at = "2026-11-22T03:00:00.000Z";
  all.processors = 2;
  all.rounds = 3;
  all.shapes.push_back(shape_of("serial", 1, {100, 110, 90}));
  all.shapes.push_back(shape_of("coroutines:64", 64, {5000, 5200, 4500}));
  return all;
}

TEST(comparison, every_round_begins_with_another_shape_and_has_each_once) {
  EXPECT_THAT(order_of_round(3, 1), ElementsAre(0, 1, 2));
  EXPECT_THAT(order_of_round(3, 2), ElementsAre(1, 2, 0));
  EXPECT_THAT(order_of_round(3, 3), ElementsAre(2, 0, 1));
  EXPECT_THAT(order_of_round(3, 4), ElementsAre(0, 1, 2));
  EXPECT_THAT(order_of_round(1, 7), ElementsAre(0));
}

TEST(comparison, slow_is_who_has_at_most_a_quarter_of_the_widest_ones_lanes) {
  EXPECT_TRUE(is_slow(1, 64));
  EXPECT_TRUE(is_slow(16, 64));
  EXPECT_FALSE(is_slow(17, 64));
  EXPECT_FALSE(is_slow(64, 64));
  EXPECT_FALSE(is_slow(1, 1));
  EXPECT_FALSE(is_slow(1, 3));
}

TEST(comparison, a_spread_is_the_median_with_the_least_and_the_most) {
  EXPECT_EQ(spread_of(std::vector<double>{}), std::nullopt);
  EXPECT_EQ(spread_of({5}), (spread{5, 5, 5}));
  EXPECT_EQ(spread_of({9, 1, 5}), (spread{5, 1, 9}));
  EXPECT_EQ(spread_of({9, 1, 5, 6}), (spread{5.5, 1, 9}));
}

TEST(comparison, figures_are_per_item_where_they_say_so) {
  const shape_run run = run_of(1, 1000, 500);
  EXPECT_DOUBLE_EQ(value_of(run, figure::wall), 2e6);
  EXPECT_DOUBLE_EQ(value_of(run, figure::rate), 500);
  EXPECT_DOUBLE_EQ(value_of(run, figure::cpu_per_item), 400);
  EXPECT_DOUBLE_EQ(value_of(run, figure::voluntary), 2);
  EXPECT_DOUBLE_EQ(value_of(run, figure::involuntary), 0.1);
  EXPECT_DOUBLE_EQ(value_of(shape_run(), figure::rate), 0);
  EXPECT_DOUBLE_EQ(value_of(shape_run(), figure::cpu_per_item), 0);
}

TEST(comparison, a_run_that_does_not_count_is_in_no_figure) {
  comparison all = two();
  all.shapes[1].runs[1].problem = "3 of 1,000 items failed";
  all.shapes[1].runs[1].seconds = 1e-9;
  EXPECT_EQ(all.shapes[1].counted(), 2U);
  EXPECT_NEAR(spread_of(all.shapes[1], figure::rate)->most, 5000, 1e-6);
  EXPECT_NEAR(rate_ratio(all, 1)->most, 50, 1e-9);
  EXPECT_THAT(caveats(all), ElementsAre("coroutines:64, round 2 (run 20261122-040000-abc2), does not count: 3 of 1,000 "
                                        "items failed"));
  for (shape_run& run : all.shapes[0].runs) run.problem = "the target cannot be reached";
  EXPECT_EQ(spread_of(all.shapes[0], figure::rate), std::nullopt);
  EXPECT_EQ(rate_ratio(all, 1), std::nullopt);
  EXPECT_THAT(findings(all), IsEmpty());
}

TEST(comparison, ratios_are_formed_within_each_round) {
  const auto ratio = rate_ratio(two(), 1);
  ASSERT_TRUE(ratio);
  EXPECT_NEAR(ratio->least, 5200.0 / 110, 1e-9);
  EXPECT_NEAR(ratio->median, 50, 1e-9);
  EXPECT_NEAR(ratio->most, 50, 1e-9);
  EXPECT_NEAR(rate_ratio(two(), 0)->median, 1, 1e-12);
}

TEST(comparison, says_who_was_fastest_and_by_how_much) {
  comparison all = two();
  EXPECT_THAT(findings(all), ElementsAre("coroutines:64 was the fastest, with 5,000/s: 50.0 times the rate of serial"));
  for (shape_run& run : all.shapes[0].runs) run.user_seconds = 0.9;
  EXPECT_THAT(findings(all)[1], HasSubstr("coroutines:64 took the least processor time for an item: 400 µs, against "
                                          "1.00 ms of serial"));
}

TEST(comparison, says_of_shapes_whose_spreads_touch_that_they_do) {
  comparison all = two();
  all.shapes.push_back(shape_of("auto", 64, {5100, 4900, 5300}));
  EXPECT_EQ(findings(all)[0],
            "auto was the fastest, with 5,100/s: 51.0 times the rate of serial; coroutines:64 is not "
            "told apart from it by its rounds");
  all.shapes.erase(all.shapes.begin());
  EXPECT_THAT(
      findings(all)[0],
      HasSubstr("No shape was slower than the best, auto, beyond the spread of its rounds: 5,000/s to 5,100/s"));
}

TEST(comparison, never_calls_a_shape_the_least_that_has_more_than_what_it_is_held_against) {
  comparison all;
  all.rounds = 3;
  for (const char* name : {"A", "B", "Z"}) all.shapes.push_back(shape_of(name, 1, {100, 100, 100}));
  const auto takes = [&](std::size_t shape, const std::vector<double>& microseconds) {
    for (std::size_t i = 0; i < 3; ++i) {
      all.shapes[shape].runs[i].system_seconds = 0;
      all.shapes[shape].runs[i].user_seconds = microseconds[i] * 1000 / 1e6;
    }
  };
  takes(0, {10, 10.5, 11});
  takes(1, {12, 12.2, 12.5});
  takes(2, {9, 15, 20});
  const auto said = findings(all);
  ASSERT_EQ(said.size(), 2U);
  EXPECT_THAT(said[0], HasSubstr("No shape was slower than the best, A,"));
  EXPECT_EQ(said[1],
            "A took the least processor time for an item: 10 µs, against 12 µs of B; Z is not told apart "
            "from it by its rounds");
}

TEST(comparison, says_once_of_all_shapes_that_one_run_has_no_spread) {
  comparison all = two();
  for (compared_shape& shape : all.shapes) shape.runs.resize(1);
  EXPECT_THAT(caveats(all),
              ElementsAre("the shapes have one run each that counts: how far their figures vary is not known"));
  all.shapes[1].runs.push_back(run_of(2, 1000, 5000));
  EXPECT_THAT(caveats(all), ElementsAre("serial has one run that counts: how far its figures vary is not known"));
}

TEST(comparison, tells_of_fewer_items_of_no_ledger_and_of_an_early_end) {
  comparison all = two();
  EXPECT_THAT(caveats(all), IsEmpty());
  all.shapes[0].fewer = true;
  all.cut_short = true;
  all.ledger = false;
  const auto said = caveats(all);
  ASSERT_EQ(said.size(), 3U);
  EXPECT_THAT(said[0], HasSubstr("serial ran with 1,000 items only"));
  EXPECT_THAT(said[1], HasSubstr("stopped"));
  EXPECT_THAT(said[2], HasSubstr("without ledgers"));
}

TEST(comparison, figures_read_as_a_person_writes_them) {
  EXPECT_EQ(figure_text(1234.5, figure::p50), "1.23 ms");
  EXPECT_EQ(figure_text(12'345, figure::rate), "12,345/s");
  EXPECT_EQ(figure_text(21'345'678, figure::memory), "21.3 MB");
  EXPECT_EQ(bytes_text(812'000), "812 kB");
  EXPECT_EQ(bytes_text(2.5e9), "2.50 GB");
  EXPECT_EQ(figure_text(0.412, figure::involuntary), "0.41");
  EXPECT_EQ(range_text({1200, 1150, 1250}, figure::p50), "1.15–1.25");
  EXPECT_EQ(range_text({1200, 950, 1250}, figure::p50), "950 µs–1.25");
  EXPECT_EQ(ratio_text(1.234), "1.23");
  EXPECT_EQ(ratio_text(50), "50.0");
  EXPECT_EQ(ratio_text(123.4), "123");
  for (std::size_t i = 0; i < figures.size(); ++i) EXPECT_EQ(figures.at(i).which, static_cast<figure>(i));
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(comparison_page, shows_bars_curves_and_every_figure_as_text) {
  const std::string page = comparison_html(two(), now);
  for (const char* part :
       {"coroutines:64 was the fastest, with 5,000/s: 50.0 times the rate of serial.", "orders</bdi> in 2 shapes",
        "http://127.0.0.1:8080", "22 November 2026, 03:00:00 UTC", "id=\"percentiles\"",
        "<caption>Figures of each shape</caption>", "<small>4,500–5,200</small>", "3 of 3", "×50.0 ", "2 processors"})
    EXPECT_THAT(page, HasSubstr(part));
  EXPECT_EQ(count_of(page, "<ul class=\"bars\">"), 5U);
  EXPECT_EQ(count_of(page, "class=\"fill\""), 10U);
  EXPECT_EQ(count_of(page, "<h1"), 1U);
  EXPECT_THAT(page, HasSubstr("style=\"width:96.15%\"")) << "the median against the most of the longest";
  EXPECT_TRUE(page.ends_with("</html>\n"));
  EXPECT_EQ(count_of(page, "<li>") + count_of(page, "<li "), count_of(page, "</li>"));
  EXPECT_EQ(count_of(page, "<section"), count_of(page, "</section>"));
  EXPECT_EQ(count_of(page, "<td"), count_of(page, "</td>"));
  EXPECT_EQ(count_of(page, "<div"), count_of(page, "</div>"));
  EXPECT_EQ(count_of(page, "<span"), count_of(page, "</span>"));
}

TEST(comparison_page, needs_no_network_and_does_nothing_of_what_strangers_said) {
  comparison all = two();
  all.title = "</title><script>alert(1)</script>";
  all.target = "http://x/\"><img src=x>";
  all.shapes[0].runs[0].problem = "<svg onload=alert(2)> \x01\xff";
  const std::string page = comparison_html(all, now);
  EXPECT_EQ(count_of(page, "<script"), 1U);
  EXPECT_TRUE(is_utf8(page));
  for (const char* what : {"@import", "url(", "href=\"http", "<img", "<svg onload", "\x01"})
    EXPECT_THAT(page, Not(HasSubstr(what)));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
}

TEST(comparison_page, is_in_order_where_nothing_counts) {
  comparison all = two();
  for (compared_shape& shape : all.shapes) {
    shape.latency.clear();
    for (shape_run& run : shape.runs) run.problem = "it was killed";
  }
  std::string page = comparison_html(all, now);
  EXPECT_THAT(page, HasSubstr("No run counts."));
  EXPECT_THAT(page, HasSubstr("no figure"));
  EXPECT_THAT(page, Not(HasSubstr("nan")));
  all.shapes.erase(all.shapes.begin());
  all.shapes[0].runs = {run_of(1, 10, 5)};
  page = comparison_html(all, now);
  EXPECT_THAT(page, HasSubstr("nothing to hold it against"));
  all.shapes.assign(most_shapes + 1, all.shapes[0]);
  EXPECT_THROW((void)comparison_html(all, now), input_error);
  all.shapes.clear();
  EXPECT_THROW((void)comparison_html(all, now), input_error);
}

}  // namespace
}  // namespace lakh::load
