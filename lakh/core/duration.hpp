// Durations, sizes and rates as people write them. The error is a sentence that says what would be right.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace lakh {

// "250ms", "5s", "1m30s", "1.5h", "2d", "0"; units ns, us, ms, s, m, h, d, greatest first. Up to 10,000 days.
std::expected<std::chrono::nanoseconds, std::string> parse_duration(std::string_view text);
// The shortest exact form: "1m30s", "250ms", "0s". parse_duration() of it gives the same duration.
std::string format_duration(std::chrono::nanoseconds value);

// "512", "64KiB", "10 MB", "1.5GiB", "64k" (k, M, G are 1000; KiB, MiB, GiB are 1024). Bytes.
std::expected<std::uint64_t, std::string> parse_size(std::string_view text);
std::string format_size(std::uint64_t bytes);

// Items per time, exact for every rate that people write: a whole number of millionths of an item per hour.
struct rate {
  std::uint64_t millionths_per_hour = 0;
  [[nodiscard]] double per_second() const noexcept { return static_cast<double>(millionths_per_hour) / 3.6e9; }
  friend constexpr auto operator<=>(const rate&, const rate&) = default;
};

// "5000/s", "300/m", "10/h", "0.5/s", "12k/s". At most 10^9 per second.
std::expected<rate, std::string> parse_rate(std::string_view text);
std::string format_rate(rate value);

}  // namespace lakh
