#include <lakh/wire/http_date.hpp>

#include <gtest/gtest.h>

namespace lakh::wire {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr sys_seconds at(long long unix_time) {
  return sys_seconds(seconds(unix_time));
}
constexpr sys_seconds now = at(1'767'225'600);  // 2026-01-01

std::string written(sys_seconds time) {
  std::string out;
  append_http_date(out, time);
  return out;
}

TEST(http_date, is_written_as_imf_fixdate) {
  EXPECT_EQ(written(at(784111777)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(written(at(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(written(at(951782400)), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(written(at(-1)), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(written(at(999'999'999'999)), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(written(now).size(), http_date_size);
}

TEST(http_date, all_three_forms_are_read) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", now), at(784111777));
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now), at(784111777));
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994", now), at(784111777));
  EXPECT_EQ(parse_http_date("Sun Nov 06 08:49:37 1994", now), at(784111777));
}

TEST(http_date, a_two_digit_year_far_in_the_future_is_in_the_past) {
  EXPECT_EQ(parse_http_date("Thursday, 01-Jan-76 00:00:00 GMT", now),
            parse_http_date("Thu, 01 Jan 2076 00:00:00 GMT", now));
  EXPECT_EQ(parse_http_date("Thursday, 01-Jan-77 00:00:00 GMT", now),
            parse_http_date("Thu, 01 Jan 1977 00:00:00 GMT", now));
}

TEST(http_date, what_is_written_reads_back) {
  for (long long t = -62'000'000'000; t < 250'000'000'000; t += 1'234'567'891)
    EXPECT_EQ(parse_http_date(written(at(t)), now), at(t));
}

TEST(http_date, what_is_no_date_is_refused) {
  for (std::string_view bad :
       {"", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 ovD 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 06 Nov +994 08:49:37 GMT", "Xxx, 06 Nov 1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994"})
    EXPECT_FALSE(parse_http_date(bad, now)) << bad;
}

TEST(retry_after, is_seconds_or_a_date) {
  EXPECT_EQ(parse_retry_after("120", now), seconds(120));
  EXPECT_EQ(parse_retry_after(" 0 ", now), seconds(0));
  EXPECT_EQ(parse_retry_after(written(now + seconds(90)), now), seconds(90));
  EXPECT_EQ(parse_retry_after(written(now - seconds(90)), now), seconds(0));
}

TEST(retry_after, is_bounded) {
  EXPECT_EQ(parse_retry_after("99999999999999999999999999", now), std::chrono::days(3650));
  EXPECT_EQ(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", now), std::chrono::days(3650));
}

TEST(retry_after, what_is_neither_is_refused) {
  for (std::string_view bad : {"", "-1", "1.5", "1s", "soon"}) EXPECT_FALSE(parse_retry_after(bad, now)) << bad;
}

}  // namespace
}  // namespace lakh::wire
