#include <lakh/async/run.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/random.hpp>
#include <lakh/parallel/fork_server.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using lakh::child_options;
using lakh::exit_status;
using lakh::fork_server;
using lakh::process;
using lakh::stream_to;
using lakh::task;
using lakh::unique_fd;
using namespace std::chrono_literals;

using argument = std::string_view;
using descriptors = std::span<unique_fd>;

int succeed(argument, descriptors) {
  return 0;
}
int exit_as_told(argument code, descriptors) {
  return std::atoi(std::string(code).c_str());
}
int die_as_told(argument signal, descriptors) {
  ::raise(std::atoi(std::string(signal).c_str()));
  return 0;
}
int sleep_on(argument, descriptors) {
  while (true) ::pause();
}
// Says how long the argument is, and the sum of its bytes.
int measure(argument bytes, descriptors) {
  unsigned sum = 0;
  for (const char c : bytes) sum += static_cast<unsigned char>(c);
  std::printf("%zu %u", bytes.size(), sum);
  return 0;
}

std::string output_of(process& child) {
  auto work = [&]() -> task<std::string> {
    std::string all;
    while (true) {
      const std::string some = co_await child.read_output();
      if (some.empty()) co_return all;
      all += some;
    }
  };
  std::string all;
  auto keep = [&]() -> task<void> { all = co_await work(); };
  lakh::run(keep());
  return all;
}

// Whether a process is there, dead but not reaped ones too.
bool is_there(pid_t id) {
  return ::kill(id, 0) == 0;
}
// Bounded by the test's own time limit.
void await_gone(pid_t id) {
  while (is_there(id)) std::this_thread::sleep_for(1ms);
}

// What the program holds open, by number.
std::set<int> open_descriptors() {
  std::set<int> all;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    all.insert(std::atoi(entry.path().filename().c_str()));
  return all;
}

TEST(fork_server, a_function_runs_as_a_process_and_its_exit_code_is_told) {
  fork_server server;
  process child = server.start(exit_as_told, "7");
  EXPECT_NE(child.id(), ::getpid());
  EXPECT_EQ(child.wait().code(), 7);
  EXPECT_EQ(child.wait().code(), 7);  // again
  EXPECT_FALSE(child.is_alive());
  EXPECT_TRUE(server.start(succeed, "").wait().success());
  EXPECT_EQ(server.start(exit_as_told, "255").wait().code(), 255);
}

}  // namespace
