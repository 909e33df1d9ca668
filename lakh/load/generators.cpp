#include <lakh/core/text.hpp>
#include <lakh/load/generators.hpp>
#include <lakh/load/generators_words.hpp>

#include <algorithm>

namespace lakh::load {
namespace {

constexpr char hex_digits[] = "0123456789abcdef";
constexpr std::int64_t day_seconds = 86'400;
constexpr std::int64_t first_day = -719'528;  // 0000-01-01
constexpr std::int64_t last_day = 2'932'896;  // 9999-12-31

void put2(char* at, unsigned value) noexcept {
  at[0] = static_cast<char>('0' + value / 10 % 10);
  at[1] = static_cast<char>('0' + value % 10);
}

void put_date(char* at, std::int64_t day) noexcept {
  const std::chrono::year_month_day date{
      std::chrono::sys_days(std::chrono::days(std::clamp(day, first_day, last_day)))};
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  put2(at, year / 100);
  put2(at + 2, year);
  at[4] = '-';
  put2(at + 5, static_cast<unsigned>(date.month()));
  at[7] = '-';
  put2(at + 8, static_cast<unsigned>(date.day()));
}

std::int64_t day_of(std::int64_t second) noexcept {
  return second / day_seconds - (second % day_seconds < 0 ? 1 : 0);
}

void put_time(char* at, std::int64_t second) noexcept {
  const auto within = static_cast<unsigned>(second - day_of(second) * day_seconds);
  put2(at, within / 3600);
  at[2] = ':';
  put2(at + 3, within / 60 % 60);
  at[5] = ':';
  put2(at + 6, within % 60);
}

}  // namespace

char* put_uuid(char* at, random_sequence& random) noexcept {
  const std::uint64_t high = (random.next() & ~0xf000ULL) | 0x4000ULL;
  const std::uint64_t low = (random.next() & ~(0xc000ULL << 48)) | (0x8000ULL << 48);
  const auto put = [&](std::uint64_t bits, int from, int to) {  // hexadecimal digits, by number from the left
    for (int digit = from; digit < to; ++digit) *at++ = hex_digits[bits >> (60 - 4 * digit) & 15];
  };
  put(high, 0, 8);
  *at++ = '-';
  put(high, 8, 12);
  *at++ = '-';
  put(high, 12, 16);
  *at++ = '-';
  put(low, 0, 4);
  *at++ = '-';
  put(low, 4, 16);
  return at;
}

void append_uuid(std::string& out, random_sequence& random) {
  char text[36];
  put_uuid(text, random);
  out.append(text, sizeof text);
}

void append_decimal(std::string& out, random_sequence& random, std::int64_t low, std::int64_t high, unsigned decimals) {
  const std::int64_t value = random.between(low, high);
  if (decimals == 0) return append_number(out, value);
  if (value < 0) out += '-';
  const std::uint64_t size = value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  std::uint64_t unit = 1;
  for (unsigned i = 0; i < decimals; ++i) unit *= 10;
  append_number(out, size / unit);
  out += '.';
  append_padded(out, size % unit, decimals);
}

char* put_hex_digits(char* at, random_sequence& random, std::size_t count) noexcept {
  while (count > 0) {
    std::uint64_t bits = random.next();
    for (int i = 0; i < 16 && count > 0; ++i, --count, bits >>= 4) *at++ = hex_digits[bits & 15];
  }
  return at;
}

void append_hex_digits(std::string& out, random_sequence& random, std::size_t count) {
  const std::size_t before = out.size();
  out.resize(before + count);
  put_hex_digits(out.data() + before, random, count);
}

void append_letters(std::string& out, random_sequence& random, std::size_t count) {
  for (; count > 0; --count) out += static_cast<char>('a' + random.below(26));
}

// One draw gives up to eighteen digits.
char* put_digits(char* at, random_sequence& random, std::size_t count) noexcept {
  constexpr std::size_t most = 18;
  while (count > 0) {
    const std::size_t now = std::min(count, most);
    std::uint64_t bound = 1;
    for (std::size_t i = 0; i < now; ++i) bound *= 10;
    std::uint64_t value = random.below(bound);
    for (std::size_t i = now; i > 0; value /= 10) at[--i] = static_cast<char>('0' + value % 10);
    at += now;
    count -= now;
  }
  return at;
}

void append_digits(std::string& out, random_sequence& random, std::size_t count) {
  const std::size_t before = out.size();
  out.resize(before + count);
  put_digits(out.data() + before, random, count);
}

void append_words(std::string& out, random_sequence& random, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0) out += ' ';
    out += words::plain[random.below(words::plain.size())];
  }
}

void append_sentence(std::string& out, random_sequence& random) {
  const std::size_t begin = out.size();
  append_words(out, random, 5 + random.below(8));
  out[begin] = static_cast<char>(out[begin] - 'a' + 'A');
  out += '.';
}

void append_name(std::string& out, random_sequence& random) {
  if (random.below(2) == 0) {
    out += words::given[random.below(words::given.size())];
    out += ' ';
    out += words::family[random.below(words::family.size())];
  } else {
    out += words::chinese_family[random.below(words::chinese_family.size())];
    out += words::chinese_given[random.below(words::chinese_given.size())];
  }
}

void append_date(std::string& out, std::int64_t day) {
  char text[10];
  put_date(text, day);
  out.append(text, sizeof text);
}

void append_time(std::string& out, std::int64_t second) {
  char text[8];
  put_time(text, second);
  out.append(text, sizeof text);
}

void append_datetime(std::string& out, std::int64_t second) {
  char text[20];
  put_date(text, day_of(second));
  text[10] = 'T';
  put_time(text + 11, second);
  text[19] = 'Z';
  out.append(text, sizeof text);
}

std::optional<std::int64_t> parse_date(std::string_view text) noexcept {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t count) {
    int value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
      if (text[i] < '0' || text[i] > '9') return -1;
      value = value * 10 + (text[i] - '0');
    }
    return value;
  };
  const int year = number(0, 4);
  const int month = number(5, 2);
  const int day = number(8, 2);
  if (year < 0 || month < 0 || day < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

}  // namespace lakh::load
