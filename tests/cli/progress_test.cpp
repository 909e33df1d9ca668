#include "load_progress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace {

using namespace lakh::cli;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

lakh::load::run_progress halfway() {
  lakh::load::run_progress now;
  now.elapsed = 5s;
  now.requested = 100'000;
  now.rate = 10'000;
  now.stats.confirmed = 49'990;
  now.stats.failed = 7;
  now.stats.unknown = 3;
  now.stats.retries = 12;
  now.stats.in_flight = 64;
  for (int i = 0; i < 100; ++i) now.stats.latency.record(1820us);
  now.stats.latency.record(8410us);
  now.stats.latency.record(8410us);
  return now;
}

TEST(progress, the_bar_shows_all_that_matters) {
  const std::vector<std::string> lines = bar_lines(halfway(), 100, paint(false));
  ASSERT_EQ(lines.size(), 2U);
  for (const char* part : {" 50.0 %", "━─", "50,000 / 100,000", "10,000/s", "5 s left"})
    EXPECT_THAT(lines[0], HasSubstr(part));
  EXPECT_EQ(lines[1], "  in flight 64   failed 7   unknown 3   retries 12   p50 1.82 ms   p99 8.41 ms");
}

TEST(progress, no_line_is_wider_than_the_terminal) {
  for (std::size_t columns = 20; columns <= 200; ++columns) {
    for (const bool ended : {false, true}) {
      for (const bool colours : {false, true}) {
        lakh::load::run_progress now = halfway();
        for (const std::string& line : bar_lines(now, columns, paint(colours), ended))
          EXPECT_LE(display_width(line), columns);
        now.requested.reset();
        for (const std::string& line : bar_lines(now, columns, paint(colours), ended))
          EXPECT_LE(display_width(line), columns);
      }
    }
  }
}

TEST(progress, the_bar_is_full_at_the_end_and_not_before) {
  lakh::load::run_progress now = halfway();
  now.stats.confirmed = 99'989;  // one is missing
  EXPECT_THAT(bar_lines(now, 100, paint(false))[0], HasSubstr(" 99.9 %"));
  EXPECT_THAT(bar_lines(now, 100, paint(false))[0], HasSubstr("─"));
  ++now.stats.confirmed;
  EXPECT_THAT(bar_lines(now, 100, paint(false))[0], HasSubstr("100.0 %"));
  EXPECT_THAT(bar_lines(now, 100, paint(false))[0], Not(HasSubstr("─")));
}

TEST(progress, what_has_ended_has_no_time_left) {
  EXPECT_THAT(bar_lines(halfway(), 100, paint(false), true)[0], Not(HasSubstr("left")));
  EXPECT_THAT(plain_line(halfway()), HasSubstr("left 5 s"));
  EXPECT_THAT(plain_line(halfway(), true), Not(HasSubstr("left")));
}

TEST(progress, a_run_that_stands_still_promises_nothing) {
  lakh::load::run_progress now = halfway();
  now.rate = 0;
  EXPECT_THAT(plain_line(now), Not(HasSubstr("left")));
  now.rate = 1e-12;
  EXPECT_THAT(plain_line(now), Not(HasSubstr("left")));
}

TEST(progress, a_plain_line_and_a_json_line_say_the_same) {
  EXPECT_EQ(
      plain_line(halfway()),
      "    5 s  50,000 of 100,000  50.0 %  10,000/s  in flight 64  p50 1.82 ms  p99 8.41 ms  retries 12  failed 7  "
      "unknown 3  left 5 s");
  EXPECT_EQ(
      json_line(halfway()),
      R"({"type":"progress","seconds":5.000,"requested":100000,"settled":50000,"confirmed":49990,"failed":7,"unknown":3,)"
      R"("in_flight":64,"attempts":0,"retries":12,"rate":10000.0,"p50_ms":1.820,"p99_ms":8.410})");
}

TEST(progress, nothing_done_yet_is_shown_too) {
  lakh::load::run_progress now;
  now.requested = 0;
  for (const std::string& line : bar_lines(now, 80, paint(false))) EXPECT_LE(display_width(line), 80U);
  EXPECT_THAT(json_line({}), HasSubstr("\"requested\":null"));
}

// Just enough of a terminal: the screen after what was written.
class screen {
 public:
  explicit screen(std::size_t columns) : columns_(columns) {}
  void write(const std::string& text) {
    for (std::size_t i = 0; i < text.size();) {
      if (text.compare(i, 2, "\x1b[") == 0) {
        std::size_t end = i + 2;
        while (!isalpha(static_cast<unsigned char>(text[end]))) ++end;
        const std::string argument = text.substr(i + 2, end - i - 2);
        if (text[end] == 'A') row_ -= std::min(row_, std::stoul(argument));
        if (text[end] == 'K') line(row_).resize(column_, ' ');
        if (text[end] == 'J') {
          line(row_).resize(column_, ' ');
          rows_.resize(row_ + 1);
        }
        if (argument == "?25") cursor_ = text[end] == 'h';
        i = end + 1;
        continue;
      }
      if (text[i] == '\r') {
        column_ = 0;
      } else if (text[i] == '\n') {
        ++row_;
        column_ = 0;
      } else {
        if (column_ == columns_) {
          ++row_;
          column_ = 0;
        }
        if (line(row_).size() <= column_) line(row_).resize(column_ + 1, ' ');
        line(row_)[column_++] = text[i];
      }
      ++i;
    }
  }
  std::string text() {
    std::string all;
    for (std::string row : rows_) {
      while (row.ends_with(' ')) row.pop_back();
      all += row + "\n";
    }
    return all;
  }
  [[nodiscard]] bool cursor() const { return cursor_; }

 private:
  std::string& line(std::size_t row) {
    if (rows_.size() <= row) rows_.resize(row + 1);
    return rows_[row];
  }
  std::size_t columns_;
  std::vector<std::string> rows_;
  std::size_t row_ = 0;
  std::size_t column_ = 0;
  bool cursor_ = true;
};

TEST(live_display, draws_over_itself_and_gives_the_cursor_back) {
  std::ostringstream out;
  screen seen(40);
  {
    live_display display(out);
    display.show({"first line, long", "second"}, 40);
    display.show({"short", "2nd"}, 40);
    seen.write(out.str());
    EXPECT_EQ(seen.text(), "short\n2nd\n");
    EXPECT_FALSE(seen.cursor());
    display.say("a note that stays");
    display.show({"third", "more", "and more"}, 40);
    display.show({"last", "words"}, 40);
  }
  screen all(40);
  all.write(out.str());
  EXPECT_EQ(all.text(), "a note that stays\nlast\nwords\n");
  EXPECT_TRUE(all.cursor());
}

TEST(live_display, that_was_never_shown_writes_nothing) {
  std::ostringstream out;
  {
    live_display display(out);
    display.close();
  }
  EXPECT_EQ(out.str(), "");
}

TEST(live_display, survives_a_window_that_became_narrower) {
  std::ostringstream out;
  live_display display(out);
  display.show({std::string(30, 'a'), std::string(30, 'b')}, 40);
  // The terminal has wrapped both lines into two rows each.
  screen seen(20);
  seen.write(out.str());
  out.str("");
  display.show({std::string(15, 'c'), "d"}, 20);
  seen.write(out.str());
  EXPECT_EQ(seen.text(), std::string(15, 'c') + "\nd\n");
}

}  // namespace
