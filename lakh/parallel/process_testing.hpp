// What tests of processes look at: who is there, whose children, which descriptors.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <thread>

#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lakh::testing {

// Also one that is dead and not reaped.
inline bool is_there(pid_t id) {
  return ::kill(id, 0) == 0;
}

// Reaps it if it is, or becomes, a child of this process. False if it is still there after ten seconds.
inline bool is_gone_soon(pid_t id) {
  for (int tries = 0; is_there(id); ++tries) {
    if (tries == 10'000) return false;
    ::waitpid(id, nullptr, WNOHANG);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// Of this process, zombies too.
inline std::set<pid_t> children() {
  std::set<pid_t> all;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry.path() / "stat");
    const std::string stat{std::istreambuf_iterator<char>(file), {}};
    const std::size_t comm_end = stat.rfind(')');  // proc(5): then a space, the state, a space, the parent
    if (comm_end == std::string::npos) continue;
    if (std::stoi(stat.substr(comm_end + 4)) == ::getpid()) all.insert(std::stoi(name));
  }
  return all;
}

// Of this process, by number.
inline std::set<int> open_descriptors() {
  std::set<int> all;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    all.insert(std::stoi(entry.path().filename()));
  return all;
}

// Each test leaves behind no child, not even a dead one, and no descriptor.
class process_test : public ::testing::Test {
 protected:
  void SetUp() override {
    // What loses its parent becomes a child of the test, which so sees it end.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    children_ = children();
    descriptors_ = open_descriptors();
  }
  void TearDown() override {
    EXPECT_EQ(children(), children_);
    EXPECT_EQ(open_descriptors(), descriptors_);
  }

 private:
  std::set<pid_t> children_;
  std::set<int> descriptors_;
};

}  // namespace lakh::testing
