#include <lakh/core/duration.hpp>
#include <lakh/core/text.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace lakh {
namespace {

__extension__ using wide = unsigned __int128;

// A decimal number as digits × 10^-scale: exact, at most 18 digits.
struct decimal {
  std::uint64_t digits = 0;
  unsigned scale = 0;

  // value × factor, rounded to the nearest whole number.
  [[nodiscard]] wide times(std::uint64_t factor) const noexcept {
    wide divisor = 1;
    for (unsigned i = 0; i < scale; ++i) divisor *= 10;
    return (wide{digits} * factor + divisor / 2) / divisor;
  }
};

// Takes a number from the front of the text.
std::optional<decimal> take_decimal(std::string_view& text) {
  decimal number;
  std::size_t at = 0;
  std::size_t count = 0;
  bool point = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c >= '0' && c <= '9') {
      if (++count > 18) return std::nullopt;
      number.digits = number.digits * 10 + static_cast<std::uint64_t>(c - '0');
      if (point) ++number.scale;
    } else if (c == '.' && !point && count > 0) {
      point = true;
    } else {
      break;
    }
  }
  if (count == 0 || (point && number.scale == 0)) return std::nullopt;
  text.remove_prefix(at);
  return number;
}

std::string_view take_word(std::string_view& text) {
  std::size_t at = 0;
  while (at < text.size() && ((text[at] >= 'a' && text[at] <= 'z') || (text[at] >= 'A' && text[at] <= 'Z'))) ++at;
  const std::string_view word = text.substr(0, at);
  text.remove_prefix(at);
  return word;
}

struct unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<unit, 7> time_units = {{{"d", 86'400'000'000'000},
                                             {"h", 3'600'000'000'000},
                                             {"m", 60'000'000'000},
                                             {"s", 1'000'000'000},
                                             {"ms", 1'000'000},
                                             {"us", 1'000},
                                             {"ns", 1}}};
constexpr std::uint64_t longest = 10'000 * time_units[0].factor;

constexpr std::array<unit, 17> size_units = {{{"", 1},
                                              {"B", 1},
                                              {"KiB", 1024},
                                              {"Ki", 1024},
                                              {"MiB", 1ULL << 20},
                                              {"Mi", 1ULL << 20},
                                              {"GiB", 1ULL << 30},
                                              {"Gi", 1ULL << 30},
                                              {"TiB", 1ULL << 40},
                                              {"k", 1000},
                                              {"kB", 1000},
                                              {"K", 1000},
                                              {"KB", 1000},
                                              {"M", 1'000'000},
                                              {"MB", 1'000'000},
                                              {"G", 1'000'000'000},
                                              {"GB", 1'000'000'000}}};

constexpr std::uint64_t per_hour = 1'000'000;  // of rate::millionths_per_hour
constexpr std::uint64_t per_minute = 60 * per_hour;
constexpr std::uint64_t per_second = 3600 * per_hour;
constexpr std::uint64_t fastest = 1'000'000'000 * per_second;

std::string quoted(std::string_view text) {
  std::string out = "'";
  out += text.substr(0, 60);
  if (text.size() > 60) out += "…";
  return out += "'";
}

}  // namespace

std::expected<std::chrono::nanoseconds, std::string> parse_duration(std::string_view text) {
  const auto wrong = [&] {
    return std::unexpected(quoted(text) + " is no duration: write 250ms, 5s, 1m30s, 2h or 1d");
  };
  std::string_view rest = text;
  if (rest == "0") return std::chrono::nanoseconds(0);
  wide total = 0;
  std::uint64_t smaller_than = ~std::uint64_t{0};
  do {
    const auto number = take_decimal(rest);
    if (!number) return wrong();
    const std::string_view word = take_word(rest);
    if (word.empty()) return std::unexpected(quoted(text) + " has no unit: write 250ms, 5s, 1m30s, 2h or 1d");
    const auto found = std::ranges::find(time_units, word, &unit::name);
    if (found == time_units.end() || found->factor >= smaller_than) return wrong();
    smaller_than = found->factor;
    total += number->times(found->factor);
    if (total > longest) return std::unexpected(quoted(text) + " is longer than 10,000 days");
  } while (!rest.empty());
  return std::chrono::nanoseconds(static_cast<std::int64_t>(total));
}

std::string format_duration(std::chrono::nanoseconds value) {
  std::string out;
  auto rest = static_cast<std::uint64_t>(value.count());
  if (value.count() < 0) {
    out += '-';
    rest = 0 - rest;
  }
  if (rest == 0) return "0s";
  for (const unit& u : time_units) {
    if (rest < u.factor) continue;
    append_number(out, rest / u.factor);
    out += u.name;
    rest %= u.factor;
  }
  return out;
}

std::expected<std::uint64_t, std::string> parse_size(std::string_view text) {
  const auto wrong = [&] { return std::unexpected(quoted(text) + " is no size: write 512, 64KiB, 10MB or 1.5GiB"); };
  std::string_view rest = text;
  const auto number = take_decimal(rest);
  if (!number) return wrong();
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  const auto found = std::ranges::find(size_units, rest, &unit::name);
  if (found == size_units.end()) return wrong();
  const wide bytes = number->times(found->factor);
  if (bytes > (std::uint64_t{1} << 62)) return std::unexpected(quoted(text) + " is too large");
  return static_cast<std::uint64_t>(bytes);
}

std::string format_size(std::uint64_t bytes) {
  static constexpr std::array<unit, 4> units = {
      {{"TiB", 1ULL << 40}, {"GiB", 1ULL << 30}, {"MiB", 1ULL << 20}, {"KiB", 1024}}};
  std::string out;
  for (const unit& u : units) {
    if (bytes == 0 || bytes % u.factor != 0) continue;
    append_number(out, bytes / u.factor);
    return out += u.name;
  }
  append_number(out, bytes);
  return out;
}

std::expected<rate, std::string> parse_rate(std::string_view text) {
  const auto wrong = [&] { return std::unexpected(quoted(text) + " is no rate: write 5000/s, 300/m or 10/h"); };
  std::string_view rest = text;
  const auto number = take_decimal(rest);
  if (!number) return wrong();
  std::uint64_t factor = 1;
  if (rest.starts_with('k')) {
    factor = 1000;
    rest.remove_prefix(1);
  } else if (rest.starts_with('M')) {
    factor = 1'000'000;
    rest.remove_prefix(1);
  }
  if (rest.empty()) return std::unexpected(quoted(text) + " has no unit of time: write 5000/s, 300/m or 10/h");
  if (rest == "/s" || rest == "/sec") {
    factor *= per_second;
  } else if (rest == "/m" || rest == "/min") {
    factor *= per_minute;
  } else if (rest == "/h") {
    factor *= per_hour;
  } else {
    return wrong();
  }
  const wide value = number->times(factor);
  if (value > fastest) return std::unexpected(quoted(text) + " is faster than a billion per second");
  if (value == 0 && number->digits != 0) return std::unexpected(quoted(text) + " is slower than one in 100 years");
  return rate{static_cast<std::uint64_t>(value)};
}

std::string format_rate(rate value) {
  std::string out;
  const std::uint64_t v = value.millionths_per_hour;
  if (v % per_second == 0) {
    append_number(out, v / per_second);
    return out += "/s";
  }
  if (v % per_minute == 0) {
    append_number(out, v / per_minute);
    return out += "/m";
  }
  append_number(out, v / per_hour);
  if (v % per_hour != 0) {
    out += '.';
    append_padded(out, v % per_hour, 6);
    while (out.ends_with('0')) out.pop_back();
  }
  return out += "/h";
}

}  // namespace lakh
