#include <lakh/core/histogram.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace lakh {
namespace {

using std::chrono::microseconds;

std::vector<std::int64_t> log_uniform(std::uint64_t seed, std::size_t count) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> exponent(0, std::log(3.6e9));
  std::vector<std::int64_t> values(count);
  for (auto& value : values) value = static_cast<std::int64_t>(std::exp(exponent(random)));
  return values;
}

histogram filled(const std::vector<std::int64_t>& values) {
  histogram result;
  for (const auto value : values) result.record(microseconds(value));
  return result;
}

TEST(histogram, every_percentile_is_within_a_thousandth_of_the_exact_one) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    auto values = log_uniform(seed, 1 + seed * seed * 37);
    const histogram measured = filled(values);
    std::sort(values.begin(), values.end());
    for (const double percent : {0.0, 1.0, 25.0, 50.0, 75.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
      const auto rank = std::max<std::size_t>(
          1, static_cast<std::size_t>(std::ceil(percent * static_cast<double>(values.size()) / 100 - 1e-9)));
      const auto exact = values[rank - 1];
      const auto found = measured.percentile(percent).count();
      EXPECT_GE(found, exact) << "seed " << seed << " percent " << percent;
      EXPECT_LE(found - exact, exact / 1000) << "seed " << seed << " percent " << percent;
    }
    double sum = 0;
    for (const auto value : values) sum += static_cast<double>(value);
    EXPECT_NEAR(measured.mean(), sum / static_cast<double>(values.size()), 1e-6 * sum);
    EXPECT_EQ(measured.min().count(), values.front());
    EXPECT_EQ(measured.max().count(), values.back());
  }
}

TEST(histogram, merging_parts_gives_the_histogram_of_the_whole) {
  const auto values = log_uniform(7, 5000);
  histogram merged;
  for (std::size_t start = 0; start < values.size(); start += 617) {
    const auto end = std::min(values.size(), start + 617);
    merged.merge(filled(
        {values.begin() + static_cast<std::ptrdiff_t>(start), values.begin() + static_cast<std::ptrdiff_t>(end)}));
  }
  merged.merge(histogram());
  EXPECT_EQ(merged, filled(values));
}

TEST(histogram, small_values_are_exact) {
  histogram values;
  for (int i = 1; i <= 1000; ++i) values.record(microseconds(i));
  EXPECT_EQ(values.percentile(99.9).count(), 999);
  EXPECT_EQ(values.percentile(50).count(), 500);
  EXPECT_EQ(values.percentile(0).count(), 1);
  EXPECT_EQ(values.percentile(100).count(), 1000);
}

TEST(histogram, buckets_tile_the_range_without_gaps) {
  for (std::size_t index = 0; index + 1 < histogram::bucket_count; ++index) {
    ASSERT_EQ(histogram::highest_of(index) + 1, histogram::lowest_of(index + 1)) << index;
    ASSERT_EQ(histogram::index_of(histogram::lowest_of(index)), index);
    ASSERT_EQ(histogram::index_of(histogram::highest_of(index)), index);
  }
}

TEST(histogram, values_beyond_the_bounds_are_clamped_and_counted) {
  histogram values;
  values.record(std::chrono::hours(2));
  values.record(microseconds(-5));
  values.record(microseconds(std::numeric_limits<std::int64_t>::max()));
  values.record(std::chrono::hours(1));
  EXPECT_EQ(values.count(), 4U);
  EXPECT_EQ(values.clamped(), 3U);
  EXPECT_EQ(values.max(), std::chrono::hours(1));
  EXPECT_EQ(values.min().count(), 0);
}

TEST(histogram, an_empty_one_answers_zero) {
  const histogram values;
  EXPECT_TRUE(values.empty());
  EXPECT_EQ(values.min().count(), 0);
  EXPECT_EQ(values.max().count(), 0);
  EXPECT_EQ(values.mean(), 0);
  EXPECT_EQ(values.percentile(99).count(), 0);
  values.for_each([](const histogram::bucket&) { FAIL(); });
}

TEST(histogram, iteration_visits_each_value_once_in_order) {
  const auto values = log_uniform(3, 3000);
  std::uint64_t seen = 0;
  std::uint64_t next = 0;
  filled(values).for_each([&](const histogram::bucket& bucket) {
    EXPECT_GE(bucket.lowest, next);
    EXPECT_GT(bucket.count, 0U);
    next = bucket.highest + 1;
    seen += bucket.count;
  });
  EXPECT_EQ(seen, values.size());
}

TEST(histogram, clearing_makes_it_as_new) {
  histogram values = filled(log_uniform(5, 100));
  values.clear();
  EXPECT_EQ(values, histogram());
}

TEST(histogram, is_what_it_was_when_made_again_of_its_counters_and_sums) {
  histogram values;
  for (const std::int64_t us : {0, 5, 5, 4097, 123'456'789}) values.record_count(us, 3);
  values.record_count(-1, 1);
  const auto carried = [](const histogram& from) {
    std::vector<std::pair<std::uint32_t, std::uint64_t>> counters;
    from.for_each([&](const histogram::bucket& one) {
      counters.emplace_back(static_cast<std::uint32_t>(histogram::index_of(one.lowest)), one.count);
    });
    return counters;
  };
  const auto counters = carried(values);
  EXPECT_EQ(histogram::of(counters, values.totals()), values);
  EXPECT_EQ(histogram::of({}, histogram().totals()), histogram());

  // Bounds that leave counters out, or are none.
  histogram::sums wrong = values.totals();
  wrong.max = 7;
  EXPECT_EQ(histogram::of(counters, wrong), std::nullopt);
  wrong = values.totals();
  wrong.min = histogram::highest * 2;
  EXPECT_EQ(histogram::of(counters, wrong), std::nullopt);
  const std::vector<std::pair<std::uint32_t, std::uint64_t>> beyond = {{histogram::bucket_count, 1}};
  EXPECT_EQ(histogram::of(beyond, values.totals()), std::nullopt);
}

}  // namespace
}  // namespace lakh
