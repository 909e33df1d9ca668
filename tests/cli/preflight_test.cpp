#include "preflight.hpp"

#include <lakh/core/error.hpp>

#include <gtest/gtest.h>

namespace {

using namespace lakh::cli;

machine_limits machine(std::uint64_t files, std::uint64_t most, std::uint64_t ports) {
  machine_limits made;
  made.open_files = files;
  made.open_files_most = most;
  made.local_ports = ports;
  return made;
}

TEST(preflight, a_small_run_needs_nothing) {
  const preflight_result got = judge(machine(1024, 4096, 28232), 64);
  EXPECT_FALSE(got.raise_open_files);
  EXPECT_TRUE(got.notes.empty());
}

TEST(preflight, open_files_are_raised_as_far_as_needed) {
  EXPECT_EQ(judge(machine(1024, 1048576, 28232), 10'000).raise_open_files, 10'128U);
}

TEST(preflight, what_cannot_be_raised_is_refused_with_the_number_that_works) {
  try {
    static_cast<void>(judge(machine(1024, 4096, 28232), 5000));
    FAIL();
  } catch (const lakh::input_error& refused) {
    EXPECT_NE(std::string(refused.what()).find("5,000 users need 5,128 open files"), std::string::npos);
    EXPECT_NE(refused.hint().find("--users 3968"), std::string::npos);
    EXPECT_FALSE(judge(machine(4096, 4096, 0), 3968).raise_open_files);
  }
}

TEST(preflight, each_process_has_files_of_its_own_and_all_share_the_ports) {
  EXPECT_EQ(judge(machine(1024, 1048576, 0), 10'000, 4).raise_open_files, 2'628U);
  EXPECT_FALSE(judge(machine(1024, 1024, 0), 2000, 4).raise_open_files);
  EXPECT_EQ(judge(machine(100'000, 100'000, 28232), 30'000, 4).notes.size(), 1U);
  try {
    static_cast<void>(judge(machine(1024, 1024, 0), 10'000, 4));
    FAIL();
  } catch (const lakh::input_error& refused) {
    EXPECT_NE(std::string(refused.what()).find("10,000 users in 4 processes need 2,628 open files in each"),
              std::string::npos);
  }
}

TEST(preflight, a_lane_may_need_several_files) {
  EXPECT_FALSE(judge(machine(1024, 4096, 0), 298, 1, 3).raise_open_files);
  EXPECT_EQ(judge(machine(1024, 4096, 0), 400, 1, 3).raise_open_files, 1'328U);
  EXPECT_EQ(judge(machine(1024, 4096, 0), 1600, 4, 3).raise_open_files, 1'328U);
  try {
    static_cast<void>(judge(machine(1024, 1328, 0), 401, 1, 3));
    FAIL();
  } catch (const lakh::input_error& refused) {
    EXPECT_NE(std::string(refused.what()).find("401 users need 1,331 open files"), std::string::npos);
    EXPECT_NE(refused.hint().find("--users 400,"), std::string::npos);
  }
}

TEST(preflight, too_few_local_ports_are_told_with_the_remedy) {
  const preflight_result got = judge(machine(100'000, 100'000, 28232), 30'000);
  ASSERT_EQ(got.notes.size(), 1U);
  EXPECT_NE(got.notes[0].find("ip_local_port_range"), std::string::npos);
  EXPECT_TRUE(judge(machine(100'000, 100'000, 0), 30'000).notes.empty());
}

TEST(preflight, the_kernels_port_range_is_read) {
  EXPECT_EQ(ports_in_range("32768\t60999"), 28232U);
  EXPECT_EQ(ports_in_range("32768 60999\n"), 28232U);
  EXPECT_EQ(ports_in_range(""), 0U);
  EXPECT_EQ(ports_in_range("many"), 0U);
  EXPECT_EQ(ports_in_range("5 3"), 0U);
  EXPECT_EQ(ports_in_range("1 99999"), 0U);
}

}  // namespace
