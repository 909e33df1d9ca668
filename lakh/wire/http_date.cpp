#include <lakh/wire/ascii.hpp>
#include <lakh/wire/http_date.hpp>

#include <algorithm>
#include <array>
#include <cstdint>

namespace lakh::wire {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year_month_day;

constexpr std::array<std::string_view, 7> day_names = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::string_view month_names = "JanFebMarAprMayJunJulAugSepOctNovDec";

void put_two(char* at, unsigned value) {
  at[0] = static_cast<char>('0' + value / 10);
  at[1] = static_cast<char>('0' + value % 10);
}

// Reads a date from left to right; after the first thing that does not fit, everything fails.
class date_reader {
 public:
  explicit date_reader(std::string_view text) : rest_(text) {}

  bool literal(std::string_view expected) {
    if (!rest_.starts_with(expected)) return fail();
    rest_.remove_prefix(expected.size());
    return true;
  }
  bool number(std::size_t digits, unsigned& out) {
    if (rest_.size() < digits || !all_are(rest_.substr(0, digits), class_digit)) return fail();
    out = 0;
    for (char c : rest_.substr(0, digits)) out = out * 10 + static_cast<unsigned>(c - '0');
    rest_.remove_prefix(digits);
    return true;
  }
  bool month(unsigned& out) {
    if (rest_.size() < 3) return fail();
    const std::size_t at = month_names.find(rest_.substr(0, 3));
    if (at == std::string_view::npos || at % 3 != 0) return fail();
    out = static_cast<unsigned>(at / 3 + 1);
    rest_.remove_prefix(3);
    return true;
  }
  bool clock(unsigned& hour, unsigned& minute, unsigned& second) {
    return number(2, hour) && literal(":") && number(2, minute) && literal(":") && number(2, second);
  }
  [[nodiscard]] bool finished() const { return !failed_ && rest_.empty(); }
  [[nodiscard]] bool next_is(char c) const { return !rest_.empty() && rest_.front() == c; }

 private:
  bool fail() {
    failed_ = true;
    return false;
  }
  std::string_view rest_;
  bool failed_ = false;
};

struct calendar {
  unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

std::optional<sys_seconds> to_time(const calendar& c) {
  const year_month_day date(std::chrono::year(static_cast<int>(c.year)), std::chrono::month(c.month),
                            std::chrono::day(c.day));
  if (!date.ok() || c.hour > 23 || c.minute > 59 || c.second > 60) return std::nullopt;  // 60: a leap second
  return sys_seconds(sys_days(date)) + std::chrono::hours(c.hour) + std::chrono::minutes(c.minute) +
         std::chrono::seconds(c.second);
}

// The length of the name of a day at the start of the text, short ("Sun") or long ("Sunday"); 0 if there is none.
std::size_t day_name_at(std::string_view text, bool long_form) {
  for (std::string_view day : day_names) {
    const std::string_view wanted = long_form ? day : day.substr(0, 3);
    if (text.starts_with(wanted)) return wanted.size();
  }
  return 0;
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
bool read_imf_fixdate(std::string_view text, calendar& c) {
  const std::size_t day = day_name_at(text, false);
  date_reader r(text.substr(day));
  return day != 0 && r.literal(", ") && r.number(2, c.day) && r.literal(" ") && r.month(c.month) && r.literal(" ") &&
         r.number(4, c.year) && r.literal(" ") && r.clock(c.hour, c.minute, c.second) && r.literal(" GMT") &&
         r.finished();
}

// "Sunday, 06-Nov-94 08:49:37 GMT"
bool read_rfc850(std::string_view text, calendar& c) {
  const std::size_t day = day_name_at(text, true);
  date_reader r(text.substr(day));
  return day != 0 && r.literal(", ") && r.number(2, c.day) && r.literal("-") && r.month(c.month) && r.literal("-") &&
         r.number(2, c.year) && r.literal(" ") && r.clock(c.hour, c.minute, c.second) && r.literal(" GMT") &&
         r.finished();
}

// "Sun Nov  6 08:49:37 1994"
bool read_asctime(std::string_view text, calendar& c) {
  const std::size_t day = day_name_at(text, false);
  date_reader r(text.substr(day));
  if (day == 0 || !r.literal(" ") || !r.month(c.month) || !r.literal(" ")) return false;
  const bool one_digit = r.next_is(' ');
  return (one_digit ? r.literal(" ") && r.number(1, c.day) : r.number(2, c.day)) && r.literal(" ") &&
         r.clock(c.hour, c.minute, c.second) && r.literal(" ") && r.number(4, c.year) && r.finished();
}

}  // namespace

void append_http_date(std::string& out, sys_seconds time) {
  const sys_seconds first = sys_days(std::chrono::year(0) / 1 / 1);
  const sys_seconds last = sys_seconds(sys_days(std::chrono::year(9999) / 12 / 31)) + days(1) - std::chrono::seconds(1);
  time = std::clamp(time, first, last);
  const auto midnight = std::chrono::floor<days>(time);
  const year_month_day date(midnight);
  const auto second = static_cast<unsigned>((time - midnight).count());
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  const unsigned month = static_cast<unsigned>(date.month());

  char text[http_date_size + 1] = "Sun, 06 Nov 1994 08:49:37 GMT";
  std::string_view(day_names[std::chrono::weekday(midnight).c_encoding()]).copy(text, 3);
  put_two(text + 5, static_cast<unsigned>(date.day()));
  month_names.substr((month - 1) * 3, 3).copy(text + 8, 3);
  put_two(text + 12, year / 100);
  put_two(text + 14, year % 100);
  put_two(text + 17, second / 3600);
  put_two(text + 20, second / 60 % 60);
  put_two(text + 23, second % 60);
  out.append(text, http_date_size);
}

std::optional<sys_seconds> parse_http_date(std::string_view text, sys_seconds now) noexcept {
  calendar c;
  if (read_imf_fixdate(text, c) || read_asctime(text, c)) return to_time(c);
  if (!read_rfc850(text, c)) return std::nullopt;
  const int this_year = static_cast<int>(year_month_day(std::chrono::floor<days>(now)).year());
  int year = this_year - this_year % 100 + static_cast<int>(c.year);
  if (year > this_year + 50) year -= 100;
  c.year = static_cast<unsigned>(std::max(year, 0));
  return to_time(c);
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, sys_seconds now) noexcept {
  constexpr std::chrono::seconds longest = std::chrono::days(3650);
  value = trim_ows(value);
  if (!value.empty() && all_are(value, class_digit)) {
    std::int64_t seconds = 0;
    for (char c : value) seconds = std::min(seconds * 10 + (c - '0'), static_cast<std::int64_t>(longest.count()));
    return std::chrono::seconds(seconds);
  }
  const auto date = parse_http_date(value, now);
  if (!date) return std::nullopt;
  return std::clamp(*date - now, std::chrono::seconds(0), longest);
}

}  // namespace lakh::wire
