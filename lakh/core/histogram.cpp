#include <lakh/core/histogram.hpp>

#include <algorithm>
#include <cmath>
#include <ranges>

namespace lakh {

static_assert(histogram::index_of(histogram::highest) < histogram::bucket_count);
static_assert(histogram::lowest_of(histogram::index_of(2047)) == 2047 &&
              histogram::highest_of(histogram::index_of(2048)) == 2049);

void histogram::merge(const histogram& other) noexcept {
  if (other.count_ == 0) return;
  const std::size_t last = index_of(other.max_);
  for (std::size_t index = index_of(other.min_); index <= last; ++index) counts_[index] += other.counts_[index];
  count_ += other.count_;
  clamped_ += other.clamped_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

void histogram::clear() noexcept {
  if (count_ != 0) {
    std::fill(counts_.begin() + static_cast<std::ptrdiff_t>(index_of(min_)),
              counts_.begin() + static_cast<std::ptrdiff_t>(index_of(max_)) + 1, 0);
  }
  count_ = clamped_ = sum_ = max_ = 0;
  min_ = std::numeric_limits<std::uint64_t>::max();
}

std::chrono::microseconds histogram::percentile(double percent) const noexcept {
  if (count_ == 0) return {};
  const double share = std::clamp(percent, 0.0, 100.0) / 100.0;
  // 99.9 % of 1000 must be rank 999, although 0.999 * 1000 is a little more in binary.
  const double exact = share * static_cast<double>(count_);
  const double rounded = std::round(exact);
  const double wanted = std::abs(exact - rounded) < 1e-9 * std::max(1.0, exact) ? rounded : std::ceil(exact);
  const std::uint64_t rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1, count_);

  std::uint64_t seen = 0;
  const std::size_t last = index_of(max_);
  for (std::size_t index = index_of(min_); index <= last; ++index) {
    seen += counts_[index];
    if (seen >= rank) return to_duration(std::min(highest_of(index), max_));
  }
  return to_duration(max_);
}

std::optional<histogram> histogram::of(std::span<const std::pair<std::uint32_t, std::uint64_t>> counters,
                                       const sums& beside) {
  histogram made;
  if (counters.empty()) return made;
  for (const auto& [index, count] : counters) {
    if (index >= bucket_count || __builtin_add_overflow(made.count_, count, &made.count_)) return std::nullopt;
    made.counts_[index] += count;
  }
  // All that for_each, merge and percentile walk over lies between the two.
  const auto [least, most] = std::ranges::minmax(counters | std::views::keys);
  if (beside.min > highest || beside.max > highest || index_of(beside.min) != least || index_of(beside.max) != most)
    return std::nullopt;
  made.clamped_ = beside.clamped;
  made.sum_ = beside.sum;
  made.min_ = beside.min;
  made.max_ = beside.max;
  return made;
}

bool operator==(const histogram& left, const histogram& right) noexcept {
  return left.count_ == right.count_ && left.clamped_ == right.clamped_ && left.sum_ == right.sum_ &&
         left.max_ == right.max_ && left.min_ == right.min_ && left.counts_ == right.counts_;
}

}  // namespace lakh
