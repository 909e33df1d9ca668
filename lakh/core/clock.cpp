#include <lakh/core/clock.hpp>
#include <lakh/core/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include <sys/random.h>

namespace lakh {
namespace {

constexpr std::string_view run_letters = "23456789abcdefghjkmnpqrstuvwxyz";
constexpr std::size_t random_letters = 6;

struct parts {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<std::chrono::milliseconds> time;
};

parts split(wall_time moment) {
  using namespace std::chrono;
  constexpr sys_time<milliseconds> first = sys_days(year(0) / 1 / 1);
  constexpr sys_time<milliseconds> last = sys_days(year(10000) / 1 / 1) - milliseconds(1);
  const auto clamped = std::clamp(floor<milliseconds>(moment), first, last);
  const auto day = floor<days>(clamped);
  return {year_month_day(day), hh_mm_ss<milliseconds>(clamped - day)};
}

std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  ssize_t got = -1;
  do {
    got = ::getrandom(&bits, sizeof bits, 0);  // up to 256 bytes come whole
  } while (got < 0 && errno == EINTR);
  if (got != sizeof bits)
    throw_error(std::error_code(errno, std::generic_category()), "read random bytes from the kernel");
  return bits;
}

}  // namespace

std::string rfc3339(wall_time time) {
  const parts at = split(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(at.date.year()),
                     static_cast<unsigned>(at.date.month()), static_cast<unsigned>(at.date.day()),
                     at.time.hours().count(), at.time.minutes().count(), at.time.seconds().count(),
                     at.time.subseconds().count());
}

std::optional<wall_time> parse_rfc3339(std::string_view text) noexcept {
  constexpr std::string_view form = "0000-00-00T00:00:00.000Z";
  if (text.size() != form.size()) return std::nullopt;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (form[i] == '0' ? !digit : text[i] != form[i]) return std::nullopt;
  }
  const auto number = [&](std::size_t at, std::size_t digits) {
    int value = 0;
    for (std::size_t i = at; i < at + digits; ++i) value = value * 10 + (text[i] - '0');
    return value;
  };
  using namespace std::chrono;
  const year_month_day date(year(number(0, 4)), month(static_cast<unsigned>(number(5, 2))),
                            day(static_cast<unsigned>(number(8, 2))));
  if (!date.ok() || number(11, 2) > 23 || number(14, 2) > 59 || number(17, 2) > 59) return std::nullopt;
  return sys_days(date) + hours(number(11, 2)) + minutes(number(14, 2)) + seconds(number(17, 2)) +
         milliseconds(number(20, 3));
}

std::string make_run_id(wall_time time) {
  const parts at = split(time);
  std::string id = fmt::format("{:04}{:02}{:02}-{:02}{:02}{:02}-", static_cast<int>(at.date.year()),
                               static_cast<unsigned>(at.date.month()), static_cast<unsigned>(at.date.day()),
                               at.time.hours().count(), at.time.minutes().count(), at.time.seconds().count());
  std::uint64_t bits = random_bits();
  for (std::size_t i = 0; i < random_letters; ++i) {
    id.push_back(run_letters[bits % run_letters.size()]);
    bits /= run_letters.size();
  }
  return id;
}

bool is_run_id(std::string_view text) noexcept {
  constexpr std::string_view form = "dddddddd-dddddd-rrrrrr";
  if (text.size() != form.size()) return false;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool fits = form[i] == 'd'   ? text[i] >= '0' && text[i] <= '9'
                      : form[i] == 'r' ? run_letters.find(text[i]) != std::string_view::npos
                                       : text[i] == '-';
    if (!fits) return false;
  }
  return true;
}

}  // namespace lakh
