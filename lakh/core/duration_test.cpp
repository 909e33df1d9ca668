#include <lakh/core/duration.hpp>

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

TEST(duration, what_people_write_is_read) {
  const std::pair<std::string_view, nanoseconds> table[] = {{"0", 0ns},
                                                            {"250ms", 250ms},
                                                            {"5s", 5s},
                                                            {"1m30s", 90s},
                                                            {"1.5h", 90min},
                                                            {"2d", 48h},
                                                            {"1h2m3s4ms5us6ns", 1h + 2min + 3s + 4ms + 5us + 6ns},
                                                            {"0.001s", 1ms},
                                                            {"10000d", 240000h}};
  for (const auto& [text, value] : table) {
    const auto parsed = lakh::parse_duration(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, value) << text;
  }
}

TEST(duration, what_is_wrong_is_said) {
  for (const std::string_view bad : {"", "5", "s", "5x", "5s ", " 5s", "-5s", "1s1m", "1s1s", "1.s", "1..5s", "1e9s",
                                     "10001d", "99999999999999999999s", "5 s", "5S", "NaNs"}) {
    const auto parsed = lakh::parse_duration(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_NE(parsed.error().find(bad), std::string::npos);
  }
  EXPECT_EQ(lakh::parse_duration("5").error(), "'5' has no unit: write 250ms, 5s, 1m30s, 2h or 1d");
}

TEST(duration, printing_is_exact) {
  for (const nanoseconds value : {0ns, 1ns, 250000000ns, 90000000000ns, 86400000000001ns, 123456789ns}) {
    const auto text = lakh::format_duration(value);
    EXPECT_EQ(*lakh::parse_duration(text), value) << text;
  }
  EXPECT_EQ(lakh::format_duration(90s), "1m30s");
  EXPECT_EQ(lakh::format_duration(-5s), "-5s");
}

TEST(duration, sizes) {
  const std::pair<std::string_view, std::uint64_t> table[] = {
      {"0", 0}, {"512", 512}, {"64KiB", 65536}, {"10 MB", 10000000}, {"64k", 64000}, {"1.5GiB", 1610612736}, {"7B", 7}};
  for (const auto& [text, value] : table) {
    const auto parsed = lakh::parse_size(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, value) << text;
    EXPECT_EQ(*lakh::parse_size(lakh::format_size(value)), value);
  }
  for (const std::string_view bad : {"", "KiB", "5x", "-1", "5 KiB B", "99999999999999999TiB"})
    EXPECT_FALSE(lakh::parse_size(bad)) << bad;
  EXPECT_EQ(lakh::format_size(65536), "64KiB");
}

TEST(duration, rates) {
  const std::pair<std::string_view, double> table[] = {{"5000/s", 5000}, {"300/m", 5},         {"3600/h", 1},
                                                       {"0.5/s", 0.5},   {"12k/s", 12000},     {"60/min", 1},
                                                       {"0/s", 0},       {"1000000000/s", 1e9}};
  for (const auto& [text, value] : table) {
    const auto parsed = lakh::parse_rate(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_DOUBLE_EQ(parsed->per_second(), value) << text;
    EXPECT_EQ(*lakh::parse_rate(lakh::format_rate(*parsed)), *parsed) << text;
  }
  for (const std::string_view bad : {"", "5000", "/s", "5000/x", "-1/s", "5000 /s", "1000000001/s", "0.0000001/h"})
    EXPECT_FALSE(lakh::parse_rate(bad)) << bad;
  EXPECT_EQ(lakh::format_rate(*lakh::parse_rate("301/m")), "301/m");
  EXPECT_EQ(lakh::format_rate(*lakh::parse_rate("0.5/h")), "0.5/h");
}

}  // namespace
