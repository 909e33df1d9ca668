#include <lakh/core/error.hpp>
#include <lakh/parallel/daemon.hpp>
#include <lakh/parallel/process_testing.hpp>

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using lakh::fork_server;
using lakh::program;
using lakh::start_daemon;
using lakh::unique_fd;
using namespace lakh::testing;

class daemon_test : public process_test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "lakh-daemon-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    process_test::SetUp();
  }
  void TearDown() override {
    process_test::TearDown();
    std::filesystem::remove_all(folder_);
  }
  [[nodiscard]] std::filesystem::path log() const { return folder_ / "log"; }
  [[nodiscard]] std::string logged() const {
    std::ifstream file(log());
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::filesystem::path folder_;
};

program shell(std::string script) {
  return program("sh").arg("-c").arg(std::move(script));
}

// What ps says of it.
struct relations {
  explicit relations(pid_t id) {
    std::ifstream file("/proc/" + std::to_string(id) + "/stat");
    const std::string stat{std::istreambuf_iterator<char>(file), {}};
    std::sscanf(stat.c_str() + stat.rfind(')') + 1, " %*c %d %d %d %d", &parent, &group, &session, &terminal);
  }
  pid_t parent = -1;
  pid_t group = -1;
  pid_t session = -1;
  int terminal = -1;
};

void expect_background(pid_t id) {
  const relations its(id);
  EXPECT_EQ(its.parent, ::getpid());  // the test is a subreaper: it takes the place of init
  EXPECT_NE(its.session, ::getsid(0));
  EXPECT_NE(its.session, id);
  EXPECT_NE(its.group, ::getpgid(0));
  EXPECT_EQ(its.terminal, 0);
}

TEST_F(daemon_test, a_program_runs_in_the_background_and_writes_to_its_log) {
  std::ofstream(log()) << "before\n";
  const pid_t id = start_daemon(shell("readlink /proc/self/fd/0; echo oops >&2; exec sleep 1000"), log());
  expect_background(id);
  while (logged().find("oops") == std::string::npos) ::usleep(1000);
  EXPECT_EQ(logged(), "before\n/dev/null\noops\n");
  EXPECT_EQ(::kill(id, SIGKILL), 0);
  EXPECT_TRUE(is_gone_soon(id));
}

TEST_F(daemon_test, a_program_that_is_not_there_is_told) {
  EXPECT_THROW((void)start_daemon(program("no-such-program-here"), log()), lakh::input_error);
  EXPECT_THROW((void)start_daemon(program("true").directory("/no/such/folder"), log()), lakh::input_error);
  EXPECT_THROW((void)start_daemon(program("true"), "/no/such/folder/log"), lakh::storage_error);
  while (::waitpid(-1, nullptr, 0) > 0) {
  }
}

void log_and_stay(const std::string& text) {
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
  while (true) ::pause();
}
void log_and_fail() {
  throw std::runtime_error("it was too dark");
}

TEST_F(daemon_test, a_function_runs_in_the_background_and_outlives_its_server) {
  pid_t id = 0;
  {
    fork_server server;
    id = start_daemon(server, log(), log_and_stay, "hello");
  }
  while (logged().empty()) ::usleep(1000);
  EXPECT_EQ(logged(), "hello\n");
  expect_background(id);
  EXPECT_EQ(::kill(id, SIGKILL), 0);
  EXPECT_TRUE(is_gone_soon(id));
}

TEST_F(daemon_test, a_function_that_fails_says_so_in_its_log) {
  fork_server server;
  const pid_t id = start_daemon(server, log(), log_and_fail);
  int status = 0;
  while (::waitpid(id, &status, 0) != id) ::usleep(1000);
  EXPECT_EQ(WEXITSTATUS(status), fork_server::uncaught);
  EXPECT_EQ(logged(), "a forked function failed: it was too dark\n");
}

// Starts a daemon, tells its number, and goes on until it is killed.
[[noreturn]] void be_a_program(const unique_fd& tell, const std::filesystem::path& log) {
  const pid_t id = start_daemon(program("sleep").arg("1000"), log);
  if (::write(tell.get(), &id, sizeof id) < 0) ::_exit(1);
  while (true) ::pause();
}

TEST_F(daemon_test, it_outlives_a_program_that_is_killed) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const unique_fd told(ends[0]);
  unique_fd tell(ends[1]);
  const pid_t victim = ::fork();
  ASSERT_GE(victim, 0);
  if (victim == 0) be_a_program(tell, log());
  tell.reset();
  pid_t id = 0;
  ASSERT_EQ(::read(told.get(), &id, sizeof id), static_cast<ssize_t>(sizeof id));
  ::kill(victim, SIGKILL);
  EXPECT_EQ(::waitpid(victim, nullptr, 0), victim);
  EXPECT_TRUE(is_there(id));
  expect_background(id);
  EXPECT_EQ(::kill(id, SIGKILL), 0);
  EXPECT_TRUE(is_gone_soon(id));
}

}  // namespace
