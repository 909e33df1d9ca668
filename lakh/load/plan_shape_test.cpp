#include <lakh/load/plan_shape.hpp>

#include <gtest/gtest.h>

namespace {

using lakh::load::format_shape;
using lakh::load::parse_shape;
using lakh::load::settle_shape;

TEST(plan_shape, words_are_read_and_written_back) {
  struct {
    std::string_view text;
    unsigned processes;
    unsigned threads;
    unsigned coroutines;
  } const table[] = {{"serial", 1, 1, 1},
                     {"coroutines:64", 1, 1, 64},
                     {"threads:8", 1, 8, 1},
                     {"processes:4", 4, 1, 1},
                     {"2x4x64", 2, 4, 64}};
  for (const auto& row : table) {
    const auto shape = parse_shape(row.text);
    ASSERT_TRUE(shape) << row.text;
    EXPECT_FALSE(shape->automatic);
    EXPECT_EQ(shape->processes, row.processes);
    EXPECT_EQ(shape->threads, row.threads);
    EXPECT_EQ(shape->coroutines, row.coroutines);
    EXPECT_EQ(format_shape(*shape), row.text);
  }
  EXPECT_TRUE(parse_shape("auto")->automatic);
  EXPECT_EQ(format_shape(*parse_shape("auto")), "auto");
  EXPECT_EQ(format_shape(*parse_shape("1x1x7")), "coroutines:7");
}

TEST(plan_shape, what_is_wrong_is_said) {
  for (const std::string_view bad : {"", "fast", "threads", "threads:", "threads:0", "threads:x", "threads:1025", "2x4",
                                     "2x4x", "2x4x1x1", "0x1x1", "1024x1024x1000000", "-1x1x1", "coroutines:1000001"}) {
    const auto shape = parse_shape(bad);
    ASSERT_FALSE(shape) << bad;
    EXPECT_NE(shape.error().find(bad), std::string::npos) << shape.error();
  }
}

TEST(plan_shape, automatic_settles_on_one_loop_per_core) {
  const auto shape = *parse_shape("auto");
  EXPECT_EQ(format_shape(settle_shape(shape, 64, 2)), "1x2x32");
  EXPECT_EQ(format_shape(settle_shape(shape, 1, 8)), "serial");
  EXPECT_EQ(format_shape(settle_shape(shape, 3, 8)), "threads:3");
  EXPECT_EQ(settle_shape(shape, 65, 2).lanes(), 66U);
  EXPECT_EQ(format_shape(settle_shape(shape, 64, 0)), "coroutines:64");
  EXPECT_EQ(format_shape(settle_shape(*parse_shape("threads:3"), 64, 2)), "threads:3");
}

}  // namespace
