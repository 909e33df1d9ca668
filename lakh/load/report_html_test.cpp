#include <lakh/core/text.hpp>
#include <lakh/load/report_chart.hpp>
#include <lakh/load/report_curves.hpp>
#include <lakh/load/report_for_test.hpp>
#include <lakh/load/report_html.hpp>
#include <lakh/load/report_sections.hpp>
#include <lakh/load/report_text.hpp>

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace lakh::load {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view now = "2026-11-22T04:00:00.000Z";

std::string page_of(const run_report& run) {
  return report_html({&run, 1}, now);
}

// The tags that are open where the page ends or where one is closed that was not open; empty for a page in order.
std::string misplaced_tags(std::string_view page) {
  static const std::set<std::string_view> alone = {"!doctype", "meta", "link", "path"};
  std::vector<std::string> open;
  for (std::size_t at = page.find('<'); at != std::string_view::npos; at = page.find('<', at)) {
    const std::size_t end = page.find('>', at);
    const bool closing = page[at + 1] == '/';
    const std::size_t begin = at + (closing ? 2 : 1);
    const std::string name(page.substr(begin, page.find_first_of(" >/\n", begin) - begin));
    at = end;
    if (closing) {
      if (open.empty() || open.back() != name) return "</" + name + "> inside <" + (open.empty() ? "" : open.back());
      open.pop_back();
      continue;
    }
    if (alone.contains(name)) continue;
    open.push_back(name);
    if (name == "style" || name == "script") at = page.find("</" + name, at);
  }
  return open.empty() ? std::string() : "<" + open.back() + "> is not closed";
}

class report_pages : public report_test {};

TEST_F(report_pages, say_what_strangers_said_and_do_nothing_of_it) {
  run_info info;
  info.title = "</title><script>alert('title')</script>";
  info.target = "http://x/\"><img src=x onerror=alert(1)>";
  info.command_line = {"lakh", "load", "<b>'&", "\xE2\x80\xAEgnp.exe"};
  info.message = "<script>alert('message')</script>";
  const auto folder = make_run(20, info);
  add_session(folder, 1, 0, 20, [](outcome_record& record) {
    if (record.item == 3) make_failed(record, 400, "<script>alert('reason')</script>&\"'\x01\xff \xE2\x80\xAEgnp");
  });
  run_report run = read_run_report(folder);
  run.reconcile_problem = "<svg onload=alert(2)>";
  run.reconciled.emplace().examples = {"</ul><script>alert(3)</script>"};
  run.limits = {{"failed=0", false, "<i>"}};
  for (const std::string& page : {page_of(run), report_html(std::array{run, run}, now)}) {
    EXPECT_TRUE(is_utf8(page));
    std::size_t scripts = 0;
    for (std::size_t at = page.find("<script"); at != std::string::npos; at = page.find("<script", at + 1)) ++scripts;
    EXPECT_EQ(scripts, 1U);
    EXPECT_THAT(page, Not(HasSubstr("<img")));
    EXPECT_THAT(page, Not(HasSubstr("<svg onload")));
    EXPECT_THAT(page, Not(HasSubstr("\xE2\x80\xAE")));
    EXPECT_THAT(page, Not(HasSubstr("\x01")));
    EXPECT_THAT(page, HasSubstr("&lt;/title&gt;&lt;script&gt;alert(&#39;title&#39;)"));
    EXPECT_EQ(misplaced_tags(page), "");
  }
  EXPECT_THAT(page_of(run), HasSubstr("&lt;script&gt;alert(&#39;reason&#39;)&lt;/script&gt;&amp;&quot;&#39;"));
}

TEST_F(report_pages, keep_passwords_to_themselves) {
  run_info info;
  info.target = "http://ada:hunter2@shop.example:8080";
  EXPECT_THAT(page_of(read_run_report(make_run(1, info))), Not(HasSubstr("hunter2")));
}

TEST_F(report_pages, need_no_network) {
  const auto folder = make_run(1000);
  add_session(folder, 1, 0, 1000);
  const std::string page = page_of(read_run_report(folder));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  for (const char* what : {" src=", "@import", "url(", "href=\"http", "href=\"/"})
    EXPECT_THAT(page, Not(HasSubstr(what)));
  EXPECT_LT(page.size(), 100'000U);
}

TEST_F(report_pages, can_be_read_aloud) {
  const auto folder = make_run(1000);
  add_session(folder, 1, 0, 1000, [](outcome_record& record) {
    if (record.item == 5) make_unknown(record);
  });
  const std::string page = page_of(read_run_report(folder));
  EXPECT_THAT(page, HasSubstr("<html lang=\"en\">"));
  EXPECT_THAT(page, HasSubstr("aria-label=\"1,000 requested: 999 confirmed, 0 failed, 1 unknown\""));
  EXPECT_THAT(page, HasSubstr("aria-label=\"Rate over time: "));
  EXPECT_THAT(page, HasSubstr("<caption>Items per second over time, by outcome</caption>"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">p99</th>"));
  std::size_t headings = 0;
  for (std::size_t at = page.find("<h1"); at != std::string::npos; at = page.find("<h1", at + 1)) ++headings;
  EXPECT_EQ(headings, 1U);
  EXPECT_EQ(misplaced_tags(page), "");
}

TEST_F(report_pages, of_runs_that_did_little_are_in_order_too) {
  const auto nothing = make_run(7);
  const run_report empty = read_run_report(nothing);
  EXPECT_EQ(misplaced_tags(page_of(empty)), "");
  EXPECT_THAT(page_of(empty), HasSubstr("--resume"));
  const auto folder = make_run(1);
  add_session(folder, 1, 0, 1, [](outcome_record& record) { record.latency_us = record.service_us = 0; });
  const run_report one = read_run_report(folder);
  EXPECT_EQ(misplaced_tags(page_of(one)), "");
  EXPECT_THAT(page_of(one), HasSubstr("The one item is confirmed"));
  for (const std::string& page : {page_of(one), report_html(std::array{empty, one}, now)}) {
    EXPECT_EQ(misplaced_tags(page), "");
    EXPECT_THAT(page, Not(HasSubstr("nan")));
    EXPECT_THAT(page, Not(HasSubstr("inf ")));
  }
  EXPECT_EQ(misplaced_tags(page_of(run_report())), "");
}

TEST_F(report_pages, tell_exit_codes_from_statuses_and_both_from_no_answer) {
  run_report run;
  run.items_by_status = {{0, 5}, {3, 1}};
  run.items_unanswered = 2;
  EXPECT_THAT(page_of(run), HasSubstr("last status</th>"));
  EXPECT_THAT(page_of(run), HasSubstr("<tr><th scope=\"row\">no status</th>"));
  run.info.codes = code_kind::exit_code;
  const std::string page = page_of(run);
  EXPECT_THAT(page, HasSubstr("last exit code</th>"));
  EXPECT_THAT(page, HasSubstr("<tr><th scope=\"row\">0</th>"));
  EXPECT_THAT(page, HasSubstr("<tr><th scope=\"row\">3</th>"));
  EXPECT_THAT(page, HasSubstr("<tr><th scope=\"row\">no answer</th>"));
  EXPECT_THAT(page, Not(HasSubstr("no status")));
}

TEST_F(report_pages, show_from_one_to_eight_runs) {
  const std::vector<run_report> many(9);
  EXPECT_THROW((void)report_html({}, now), input_error);
  EXPECT_THROW((void)report_html(many, now), input_error);
  EXPECT_THAT(report_html(std::span(many).first(8), now), HasSubstr("8 runs side by side"));
}

TEST(report_bar, has_a_segment_for_each_part_and_no_other) {
  balance sheet;
  sheet.requested = 100'000;
  sheet.confirmed = 99'998;
  sheet.failed = 1;
  sheet.unclaimed = 1;
  std::string bar;
  sections::append_bar(bar, sheet, false);
  EXPECT_THAT(bar, HasSubstr("<i class=\"ok\" style=\"flex-grow:99998\"></i><i class=\"bad\" style=\"flex-grow:1\"></i>"
                             "<i class=\"none\" style=\"flex-grow:1\"></i>"));
  EXPECT_THAT(bar, Not(HasSubstr("odd")));
}

TEST(report_text, shares_never_claim_more_than_there_is) {
  EXPECT_EQ(share_text(1, 1), "100 %");
  EXPECT_EQ(share_text(99'999, 100'000), "99.999 %");
  EXPECT_EQ(share_text(1, 100'000), "0.001 %");
  EXPECT_EQ(share_text(9'999'999'999, 10'000'000'000), "over 99.9999999 %");
  EXPECT_EQ(share_text(1, 10'000'000'000), "under 0.0000001 %");
  EXPECT_EQ(share_text(0, 7), "0 %");
  EXPECT_EQ(share_text(1, 3), "33.3 %");
}

TEST(report_text, durations_have_three_digits) {
  EXPECT_EQ(duration_text(0), "0 µs");
  EXPECT_EQ(duration_text(999), "999 µs");
  EXPECT_EQ(duration_text(999.6), "1.00 ms");
  EXPECT_EQ(duration_text(99'960), "100 ms");
  EXPECT_EQ(duration_text(1'816'000), "1.82 s");
  EXPECT_EQ(duration_text(185e6), "3 m 05 s");
  EXPECT_EQ(duration_text(7620e6), "2 h 07 m");
  EXPECT_EQ(duration_text(-5), "0 µs");
}

TEST(report_text, html_is_escaped_at_every_place_of_bad_bytes) {
  EXPECT_EQ(html("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
  EXPECT_EQ(html("\xff<\xc3\xa4\xe2\x82"), "\xEF\xBF\xBD&lt;\xc3\xa4\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(html("a\nb\tc"), "a b c");
}

TEST(report_chart, axes_are_round_and_reach_the_highest_value) {
  for (const double highest : {0.003, 1.0, 7.0, 9'999.0, 10'001.0, 123'456'789.0}) {
    const std::vector<double> ticks = round_ticks(highest);
    EXPECT_GE(ticks.back(), highest * 0.999);
    EXPECT_LE(ticks.size(), 7U);
    EXPECT_GE(ticks.size(), 3U);
  }
  for (const double seconds : {0.0, 0.001, 0.7, 12.0, 600.0, 86'400.0, 1e7, 3e12}) {
    const std::vector<chart_tick> ticks = time_ticks(seconds);
    EXPECT_LE(ticks.size(), 14U) << seconds;
    EXPECT_EQ(ticks.front().text, "0");
    EXPECT_LE(ticks.back().at, 1.001);
  }
}

TEST(report_chart, says_in_its_table_what_it_draws) {
  run_report run;
  for (int i = 0; i < 1000; ++i) run.series.add(outcome_state::confirmed, i * 1000, 500);
  run.seconds = 1;
  run.result.confirmed = run.result.requested = 1000;
  const chart drawn = rate_chart(run);
  double items = 0;
  for (std::size_t i = 0; i < drawn.x.size(); ++i) {
    const double end = i + 1 < drawn.x.size() ? drawn.x[i + 1] : 1.0;
    items += drawn.series[0].values[i] * (end - drawn.x[i]) * static_cast<double>(run.series.end()) / 1e6;
  }
  EXPECT_NEAR(items, 1000, 1);  // the area under the curve is the number of items
  std::string out;
  append_chart(out, drawn);
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(out, '\n')), 0U);
  std::size_t rows = 0;
  for (std::size_t at = out.find("<tr data-x"); at != std::string::npos; at = out.find("<tr data-x", at + 1)) ++rows;
  EXPECT_EQ(rows, drawn.x.size());
}

}  // namespace
}  // namespace lakh::load
