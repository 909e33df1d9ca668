// A histogram of durations that keeps three significant digits from 1 µs to 1 hour in fixed memory.
//
// 1. Log-linear: values below 2048 µs each have their own bucket; above, every power of two is split into 1024 equal
// buckets,
//    so a bucket is never wider than 0.1 % of its values. 23,552 counters, 184 KiB, whatever is recorded.
// 2. The layout is HdrHistogram's for (lowest 1, highest 3,600,000,000, 3 digits): histogram_log.hpp writes its format
// without
//    converting anything.
// 3. Two histograms merge exactly: the merged one is what one histogram with all the values would be.
// 4. Recording neither allocates, locks nor throws. One thread writes; give each thread its own and merge.
//
// Whether coordinated omission is avoided depends on what is recorded: record from the intended start to be free of it.
#pragma once

#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace lakh {

class histogram {
 public:
  static constexpr std::uint64_t highest = 3'600'000'000;  // 1 hour in µs
  static constexpr int significant_digits = 3;

  histogram() : counts_(bucket_count) {}

  // A value beyond an hour counts as an hour, a negative one as 0; both are counted in clamped().
  void record(std::chrono::microseconds value) noexcept { record_count(value.count(), 1); }
  void record_count(std::int64_t microseconds, std::uint64_t times) noexcept {
    std::uint64_t value = static_cast<std::uint64_t>(microseconds);
    if (value > highest) [[unlikely]] {
      value = microseconds < 0 ? 0 : highest;
      clamped_ += times;
    }
    counts_[index_of(value)] += times;
    count_ += times;
    sum_ += value * times;
    if (value < min_) min_ = value;
    if (value > max_) max_ = value;
  }

  void merge(const histogram& other) noexcept;
  void clear() noexcept;

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t clamped() const noexcept { return clamped_; }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }

  // Exact, and zero while empty.
  [[nodiscard]] std::chrono::microseconds min() const noexcept { return to_duration(count_ == 0 ? 0 : min_); }
  [[nodiscard]] std::chrono::microseconds max() const noexcept { return to_duration(max_); }
  [[nodiscard]] double mean() const noexcept {
    return count_ == 0 ? 0.0 : static_cast<double>(sum_) / static_cast<double>(count_);
  }

  // The smallest recordable value v such that at least `percent` of the values are <= v (nearest rank, as
  // HdrHistogram): the upper end of the bucket where that rank lies, never above max(). `percent` is clamped to 0 …
  // 100. Zero while empty.
  [[nodiscard]] std::chrono::microseconds percentile(double percent) const noexcept;

  struct bucket {
    std::uint64_t lowest;  // in µs, both ends belong to the bucket
    std::uint64_t highest;
    std::uint64_t count;  // never 0
  };

  // Calls visit(bucket) for each bucket that is not empty, in ascending order.
  template <typename Visit> void for_each(Visit&& visit) const {
    if (count_ == 0) return;
    const std::size_t last = index_of(max_);
    for (std::size_t index = index_of(min_); index <= last; ++index) {
      if (counts_[index] != 0) visit(bucket{lowest_of(index), highest_of(index), counts_[index]});
    }
  }

  friend bool operator==(const histogram& left, const histogram& right) noexcept;

  // What stands beside the counters; with them it is the whole histogram. For who carries it to another process.
  struct sums {
    std::uint64_t clamped = 0;
    std::uint64_t sum = 0;  // µs
    std::uint64_t min = 0;  // µs; meaningless while empty, as max
    std::uint64_t max = 0;
  };
  [[nodiscard]] sums totals() const noexcept { return {clamped_, sum_, min_, max_}; }
  // From counters (index and count) and sums. Nothing where they cannot be of one histogram.
  static std::optional<histogram> of(std::span<const std::pair<std::uint32_t, std::uint64_t>> counters,
                                     const sums& beside);

  // The layout, for the log format: the counter that a value belongs to, and the values of a counter.
  static constexpr std::size_t bucket_count = 23 * 1024;
  static constexpr std::size_t index_of(std::uint64_t value) noexcept {
    const int shift = std::bit_width(value | (sub_buckets - 1)) - sub_bucket_bits;
    return (static_cast<std::size_t>(shift) << (sub_bucket_bits - 1)) + static_cast<std::size_t>(value >> shift);
  }
  static constexpr std::uint64_t lowest_of(std::size_t index) noexcept {
    const int shift = shift_of(index);
    return (index - (static_cast<std::size_t>(shift) << (sub_bucket_bits - 1))) << shift;
  }
  static constexpr std::uint64_t highest_of(std::size_t index) noexcept {
    return lowest_of(index) + (std::uint64_t{1} << shift_of(index)) - 1;
  }
  [[nodiscard]] std::uint64_t count_at(std::size_t index) const noexcept { return counts_[index]; }

 private:
  static constexpr int sub_bucket_bits = 11;  // 2048 >= 2 * 10^3: three digits
  static constexpr std::uint64_t sub_buckets = std::uint64_t{1} << sub_bucket_bits;

  static constexpr int shift_of(std::size_t index) noexcept {
    return index < sub_buckets ? 0 : static_cast<int>(index >> (sub_bucket_bits - 1)) - 1;
  }
  static constexpr std::chrono::microseconds to_duration(std::uint64_t value) noexcept {
    return std::chrono::microseconds(static_cast<std::int64_t>(value));
  }

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t clamped_ = 0;
  std::uint64_t sum_ = 0;  // 5 * 10^9 values of an hour fit
  std::uint64_t min_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t max_ = 0;
};

}  // namespace lakh
