// What a run did over time, in bounded memory whatever its length: at most 600 buckets, whose width grows with the run.
//
// 1. Widths are those that people use: 1, 5, 10, 50, 100, 500 ms, 1, 5, 10, 30 s, 1, 5, 10, 30 min, 1, 6, 12, 24 h, and
//    so on by doubling. Each is a multiple of the one before, so that buckets merge and never have to be split.
// 2. An item counts in the bucket where it ended; where it was meant to start is counted apart.
#pragma once

#include <lakh/load/outcome.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lakh::load {

// Durations in little room: 64 steps to each power of two, so that a percentile is at most 1.6 % too high. 7 KB at
// most.
class coarse_histogram {
 public:
  void record(std::int64_t microseconds);  // a negative one counts as 0, one beyond an hour as an hour
  void merge(const coarse_histogram& other);
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::int64_t max() const noexcept { return max_; }
  // By nearest rank, in µs: the upper end of the step, never above max(). Zero while empty.
  [[nodiscard]] std::int64_t percentile(double percent) const noexcept;

 private:
  std::vector<std::uint32_t> counts_;
  std::uint64_t count_ = 0;
  std::int64_t max_ = 0;
};

struct series_bucket {
  std::uint64_t started = 0;  // meant to start here
  std::uint64_t confirmed = 0;
  std::uint64_t failed = 0;
  std::uint64_t unknown = 0;
  coarse_histogram latency;  // from the intended start, of those that ended here

  [[nodiscard]] std::uint64_t ended() const noexcept { return confirmed + failed + unknown; }
  void merge(const series_bucket& other);
};

class time_series {
 public:
  static constexpr std::size_t most_buckets = 600;

  // Both in µs since the start of the time line; what lies before it counts at its start.
  void add(outcome_state state, std::int64_t start, std::int64_t latency);
  // An item that was settled without being sent, which has no latency.
  void add_unsent(outcome_state state, std::int64_t when);

  [[nodiscard]] bool empty() const noexcept { return buckets_.empty(); }
  [[nodiscard]] std::int64_t width() const noexcept { return width_; }  // of a bucket, in µs
  [[nodiscard]] const std::vector<series_bucket>& buckets() const noexcept { return buckets_; }
  // When the last item ended, in µs.
  [[nodiscard]] std::int64_t end() const noexcept { return end_; }
  // How much of the bucket lies before end(), in seconds; never 0.
  [[nodiscard]] double seconds(std::size_t bucket) const noexcept;

  // The same in at most so many buckets that are at least so wide.
  [[nodiscard]] time_series coarser(std::size_t most, std::int64_t least_width = 0) const;

 private:
  series_bucket& at(std::int64_t time);
  series_bucket& count(outcome_state state, std::int64_t time);
  void widen();

  std::vector<series_bucket> buckets_;
  std::int64_t width_ = 1000;
  std::int64_t end_ = 0;
};

}  // namespace lakh::load
