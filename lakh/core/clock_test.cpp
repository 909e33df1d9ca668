#include <lakh/core/clock.hpp>

#include <gtest/gtest.h>

#include <set>

namespace lakh {
namespace {

wall_time at(std::time_t seconds, int milliseconds = 0) {
  return std::chrono::system_clock::from_time_t(seconds) + std::chrono::milliseconds(milliseconds);
}

TEST(clock, rfc3339_writes_utc_with_milliseconds) {
  EXPECT_EQ(rfc3339(at(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(rfc3339(at(951827696, 7)), "2000-02-29T12:34:56.007Z");
  EXPECT_EQ(rfc3339(at(-1, 0)), "1969-12-31T23:59:59.000Z");
  EXPECT_EQ(rfc3339(at(1795305541, 999) + std::chrono::microseconds(999)), "2026-11-21T23:59:01.999Z");
}

TEST(clock, a_run_id_begins_with_the_time_and_is_recognised) {
  const std::string id = make_run_id(at(1795305541));
  EXPECT_EQ(id.substr(0, 16), "20261121-235901-");
  EXPECT_TRUE(is_run_id(id));
}

TEST(clock, run_ids_of_the_same_moment_differ) {
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) ids.insert(make_run_id(at(0)));
  EXPECT_GT(ids.size(), 98U);
}

TEST(clock, other_texts_are_not_run_ids) {
  for (const char* text :
       {"", "20261121-235901-k7f3q", "20261121-235901-k7f3q22", "20261121_235901-k7f3q2", "2026112x-235901-k7f3q2",
        "20261121-235901-K7F3Q2", "20261121-235901-../../", "20261121-235901-k7f3q1"}) {
    EXPECT_FALSE(is_run_id(text)) << text;
  }
}

}  // namespace
TEST(rfc3339, what_was_written_is_read_back_and_nothing_else_is) {
  const auto moment = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + std::chrono::milliseconds(72'061'042);
  EXPECT_EQ(lakh::parse_rfc3339(lakh::rfc3339(moment)), moment);
  for (const char* bad : {"", "2026-11-22", "2026-11-22T20:01:01Z", "2026-11-22T20:01:01.042+",
                          "2026-02-30T20:01:01.042Z", "2026-11-22T24:01:01.042Z", "2026-11-22T20:60:01.042Z",
                          "2026-11-22T20:01:60.042Z", "2026-11-22 20:01:01.042Z", "2026-1 -22T20:01:01.042Z"})
    EXPECT_FALSE(lakh::parse_rfc3339(bad)) << bad;
}

}  // namespace lakh
