#include <lakh/load/report_series.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace lakh::load {
namespace {

constexpr int step_bits = 7;  // values below 128 µs are exact
constexpr std::int64_t highest = 3'600'000'000;

constexpr std::size_t step_of(std::uint64_t value) noexcept {
  const int shift = std::bit_width(value | ((1U << step_bits) - 1)) - step_bits;
  return (static_cast<std::size_t>(shift) << (step_bits - 1)) + static_cast<std::size_t>(value >> shift);
}

constexpr std::int64_t upper_end(std::size_t step) noexcept {
  const int shift = step < (1U << step_bits) ? 0 : static_cast<int>(step >> (step_bits - 1)) - 1;
  const std::uint64_t lowest = (step - (static_cast<std::size_t>(shift) << (step_bits - 1))) << shift;
  return static_cast<std::int64_t>(lowest + (std::uint64_t{1} << shift) - 1);
}

constexpr std::int64_t ms = 1000;
constexpr std::int64_t second = 1000 * ms;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t hour = 60 * minute;
constexpr std::array<std::int64_t, 18> widths{{1 * ms, 5 * ms, 10 * ms, 50 * ms, 100 * ms, 500 * ms, 1 * second,
                                               5 * second, 10 * second, 30 * second, 1 * minute, 5 * minute,
                                               10 * minute, 30 * minute, 1 * hour, 6 * hour, 12 * hour, 24 * hour}};

constexpr std::int64_t after(std::int64_t width) noexcept {
  for (const std::int64_t one : widths)
    if (one > width) return one;
  return width * 2;
}

std::int64_t sum(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t both = 0;
  return __builtin_add_overflow(a, b, &both) ? std::numeric_limits<std::int64_t>::max() : both;
}

}  // namespace

void coarse_histogram::record(std::int64_t microseconds) {
  const std::int64_t value = std::clamp(microseconds, std::int64_t{0}, highest);
  const std::size_t step = step_of(static_cast<std::uint64_t>(value));
  if (step >= counts_.size()) counts_.resize(step + 1);
  if (counts_[step] != std::numeric_limits<std::uint32_t>::max()) ++counts_[step];
  ++count_;
  max_ = std::max(max_, value);
}

void coarse_histogram::merge(const coarse_histogram& other) {
  if (other.counts_.size() > counts_.size()) counts_.resize(other.counts_.size());
  for (std::size_t i = 0; i < other.counts_.size(); ++i)
    if (__builtin_add_overflow(counts_[i], other.counts_[i], &counts_[i]))
      counts_[i] = std::numeric_limits<std::uint32_t>::max();
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

std::int64_t coarse_histogram::percentile(double percent) const noexcept {
  const double share = std::clamp(percent, 0.0, 100.0) / 100;
  const auto rank =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
  std::uint64_t passed = 0;
  for (std::size_t step = 0; step < counts_.size(); ++step) {
    passed += counts_[step];
    if (passed >= rank) return std::min(upper_end(step), max_);
  }
  return max_;
}

void series_bucket::merge(const series_bucket& other) {
  started += other.started;
  confirmed += other.confirmed;
  failed += other.failed;
  unknown += other.unknown;
  latency.merge(other.latency);
}

void time_series::add(outcome_state state, std::int64_t start, std::int64_t latency) {
  const std::int64_t begun = std::max<std::int64_t>(start, 0);
  const std::int64_t ended = std::max(begun, sum(begun, std::max<std::int64_t>(latency, 0)));
  count(state, ended).latency.record(latency);  // the later of both: to find it may widen the buckets
  ++at(begun).started;
}

void time_series::add_unsent(outcome_state state, std::int64_t when) {
  count(state, std::max<std::int64_t>(when, 0));
}

series_bucket& time_series::count(outcome_state state, std::int64_t time) {
  end_ = std::max(end_, time);
  series_bucket& here = at(time);
  switch (state) {
    case outcome_state::confirmed: ++here.confirmed; break;
    case outcome_state::failed: ++here.failed; break;
    case outcome_state::unknown: ++here.unknown; break;
  }
  return here;
}

series_bucket& time_series::at(std::int64_t time) {
  while (time / width_ >= static_cast<std::int64_t>(most_buckets)) widen();
  const auto index = static_cast<std::size_t>(time / width_);
  if (index >= buckets_.size()) buckets_.resize(index + 1);
  return buckets_[index];
}

void time_series::widen() {
  const std::int64_t wider = after(width_);
  const auto factor = static_cast<std::size_t>(wider / width_);
  for (std::size_t from = 0; from < buckets_.size(); ++from) {
    if (from % factor == 0) {
      if (from != 0) buckets_[from / factor] = std::move(buckets_[from]);
    } else {
      buckets_[from / factor].merge(buckets_[from]);
    }
  }
  buckets_.resize((buckets_.size() + factor - 1) / factor);
  width_ = wider;
}

double time_series::seconds(std::size_t bucket) const noexcept {
  const std::int64_t from = static_cast<std::int64_t>(bucket) * width_;
  const std::int64_t inside = std::clamp<std::int64_t>(end_ - from, 1, width_);
  // The last one is cut where the run ended; a sliver would make a rate of nothing.
  return static_cast<double>(std::max(inside, width_ / 20)) / 1e6;
}

time_series time_series::coarser(std::size_t most, std::int64_t least_width) const {
  time_series wider = *this;
  while (wider.buckets_.size() > std::max<std::size_t>(most, 1) || wider.width_ < least_width) wider.widen();
  return wider;
}

}  // namespace lakh::load
