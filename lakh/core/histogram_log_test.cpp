#include <lakh/core/histogram_log.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <sstream>

namespace lakh {
namespace {

using std::chrono::microseconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

histogram random_values(std::uint64_t seed, int count) {
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> latency(8, 2);
  histogram values;
  for (int i = 0; i < count; ++i) values.record(microseconds(static_cast<std::int64_t>(latency(random))));
  return values;
}

void expect_same_counts(const histogram& left, const histogram& right) {
  ASSERT_EQ(left.count(), right.count());
  for (std::size_t index = 0; index < histogram::bucket_count; ++index)
    ASSERT_EQ(left.count_at(index), right.count_at(index)) << index;
}

TEST(histogram_log, what_was_written_reads_back_with_every_count) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const histogram values = random_values(seed, static_cast<int>(seed * seed));
    const auto read = try_decode_histogram(encode_histogram(values));
    ASSERT_TRUE(read.has_value());
    expect_same_counts(values, *read);
  }
}

TEST(histogram_log, counts_of_every_length_survive) {
  histogram values;
  std::int64_t place = 1;
  for (int bits = 0; bits < 62; ++bits, place += 3) values.record_count(place, std::uint64_t{1} << bits);
  values.record_count(3'600'000'000, 5);
  values.record_count(0, 1);
  const auto read = try_decode_histogram(encode_histogram(values));
  ASSERT_TRUE(read.has_value());
  for (std::size_t index = 0; index < histogram::bucket_count; ++index)
    ASSERT_EQ(values.count_at(index), read->count_at(index)) << index;
}

TEST(histogram_log, an_empty_histogram_survives) {
  const auto read = try_decode_histogram(encode_histogram(histogram()));
  ASSERT_TRUE(read.has_value());
  EXPECT_TRUE(read->empty());
}

// Made with hdr-histogram-js 3.0.1 (lowest 1, highest 3600000000, 3 digits) from 1, 2, 2, 1000, 2047, 2048, 65537 and
// 3600000000.
TEST(histogram_log, what_another_implementation_wrote_is_read) {
  const auto read =
      try_decode_histogram("HISTFAAAADF4nJNpmSzMwMAgyAABzFCaEURcm7yEwf4DVISJ5SQ/02oBJqa//kxPfzEyAQDEyAln");
  ASSERT_TRUE(read.has_value());
  histogram expected;
  for (const std::int64_t value : {1LL, 2LL, 2LL, 1000LL, 2047LL, 2048LL, 65537LL, 3600000000LL})
    expected.record(microseconds(value));
  expect_same_counts(expected, *read);
}

TEST(histogram_log, damaged_text_is_refused_and_never_harmful) {
  const std::string good = encode_histogram(random_values(4, 500));
  EXPECT_FALSE(try_decode_histogram("").has_value());
  EXPECT_FALSE(try_decode_histogram("HIST").has_value());
  EXPECT_FALSE(try_decode_histogram(good + "AAAA").has_value());
  EXPECT_FALSE(try_decode_histogram(std::string(10'000'000, 'A')).has_value());
  for (std::size_t cut = 0; cut < good.size(); cut += 3)
    EXPECT_FALSE(try_decode_histogram(good.substr(0, cut)).has_value()) << cut;
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == '!' ? 'A' : '!';
    EXPECT_FALSE(try_decode_histogram(bad).has_value()) << i;
  }
}

TEST(histogram_log, the_log_has_the_lines_that_standard_tools_expect) {
  std::ostringstream out;
  const auto start = std::chrono::system_clock::from_time_t(1764547200) + std::chrono::milliseconds(42);
  histogram_log_writer log(out, start, "lakh\nrun 7");
  log.write("from send, all", microseconds(1'500'000), microseconds(1'000'000), random_values(1, 10));
  log.write("", microseconds(0), microseconds(1'000'000), histogram());
  std::istringstream lines(out.str());
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line, "#[lakh run 7]");
  std::getline(lines, line);
  EXPECT_EQ(line, "#[Histogram log format version 1.3]");
  std::getline(lines, line);
  EXPECT_EQ(line, "#[StartTime: 1764547200.042 (seconds since epoch), 2025-12-01T00:00:00.042Z]");
  std::getline(lines, line);
  EXPECT_EQ(line, "#[BaseTime: 1764547200.042 (seconds since epoch)]");
  std::getline(lines, line);
  EXPECT_EQ(line, R"("StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram")");
  std::getline(lines, line);
  EXPECT_THAT(line, StartsWith("Tag=from_send__all,1.500,1.000,"));
  EXPECT_THAT(line, HasSubstr(",HISTF"));
  std::getline(lines, line);
  EXPECT_THAT(line, StartsWith("0.000,1.000,0.000,HISTF"));
}

}  // namespace
}  // namespace lakh
