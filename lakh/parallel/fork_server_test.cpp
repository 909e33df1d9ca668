#include <lakh/async/run.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/random.hpp>
#include <lakh/parallel/fork_server.hpp>
#include <lakh/parallel/process_testing.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
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
using namespace lakh::testing;
using namespace std::chrono_literals;

using argument = std::string_view;
using descriptors = std::span<unique_fd>;

class fork_server_test : public process_test {};

// What the children do.

int number(argument text) {
  return std::atoi(std::string(text).c_str());
}
int succeed(argument /*none*/, descriptors /*none*/) {
  return 0;
}
int exit_as_told(argument code, descriptors /*none*/) {
  return number(code);
}
int die_as_told(argument signal, descriptors /*none*/) {
  ::raise(number(signal));
  return 0;
}
int sleep_on(argument /*none*/, descriptors /*none*/) {
  while (true) ::pause();
}
int work_and_exit_with_3(argument microseconds, descriptors /*none*/) {
  std::this_thread::sleep_for(std::chrono::microseconds(number(microseconds)));
  return 3;
}
int throw_input_error(argument /*none*/, descriptors /*none*/) {
  throw lakh::input_error("the sky is not blue", "look again");
}
int throw_number(argument /*none*/, descriptors /*none*/) {
  throw 1;
}
unsigned sum(argument bytes) {
  unsigned all = 0;
  for (const char c : bytes) all = all * 31 + static_cast<unsigned char>(c);
  return all;
}
int print_size_and_sum(argument bytes, descriptors /*none*/) {
  std::printf("%zu %u", bytes.size(), sum(bytes));
  return 0;
}
int copy_input(argument /*none*/, descriptors /*none*/) {
  for (int c = std::getchar(); c != EOF; c = std::getchar()) std::putchar(c);
  std::fputs("done", stderr);
  return 0;
}
int print_descriptors(argument /*none*/, descriptors given) {
  for (const int fd : open_descriptors()) std::printf("%d ", fd);
  std::printf("given");
  for (const unique_fd& fd : given) std::printf(" %d", fd.get());
  return 0;
}
int write_to_each(argument text, descriptors given) {
  for (const unique_fd& fd : given)
    if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) return 1;
  return 0;
}
int print_name_and_signals(argument /*none*/, descriptors /*none*/) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("Name:") || line.starts_with("SigBlk:") || line.starts_with("SigIgn:"))
      std::printf("%s\n", line.c_str());
  return 0;
}
int start_a_thread(argument /*none*/, descriptors /*none*/) {
  int code = 0;
  std::thread([&] { code = 9; }).join();
  return code;
}
int start_a_server_and_a_child(argument code, descriptors /*none*/) {
  fork_server server;
  return server.start(exit_as_told, code).wait().code();
}

std::string output_of(process& child) {
  std::string all;
  auto read = [&]() -> task<void> {
    while (true) {
      const std::string some = co_await child.read_output();
      if (some.empty()) co_return;
      all += some;
    }
  };
  lakh::run(read());
  return all;
}

TEST_F(fork_server_test, a_function_runs_as_a_process_and_its_exit_code_is_told) {
  fork_server server;
  process child = server.start(exit_as_told, "7");
  EXPECT_NE(child.id(), ::getpid());
  EXPECT_EQ(child.wait().code(), 7);
  EXPECT_EQ(child.wait().code(), 7);  // again
  EXPECT_FALSE(child.is_alive());
  EXPECT_TRUE(server.start(succeed, "").wait().success());
  EXPECT_EQ(server.start(exit_as_told, "255").wait().code(), 255);
}

TEST_F(fork_server_test, a_signal_that_ends_a_child_is_told) {
  fork_server server;
  for (const int signal : {SIGKILL, SIGTERM, SIGSEGV, SIGABRT, SIGUSR1}) {
    const exit_status end = server.start(die_as_told, std::to_string(signal)).wait();
    EXPECT_EQ(end.signal(), signal);
    EXPECT_EQ(end.code(), 128 + signal);
  }
  process child = server.start(sleep_on, "");
  EXPECT_TRUE(child.is_alive());
  child.terminate();
  EXPECT_EQ(child.wait().signal(), SIGTERM);
  child.kill();  // nothing is there any more
}

TEST_F(fork_server_test, an_exception_is_told_on_standard_error_and_by_the_exit_code) {
  fork_server server;
  process child = server.start(throw_input_error, "", {}, child_options().errors(stream_to::pipe));
  EXPECT_EQ(child.wait().code(), fork_server::uncaught);
  EXPECT_EQ(child.take_errors(1000), "a forked function failed: the sky is not blue\nlook again\n");
  EXPECT_EQ(server.start(throw_number, "", {}, child_options().errors(stream_to::nothing)).wait().code(),
            fork_server::uncaught);
}

TEST_F(fork_server_test, arguments_of_every_size_arrive) {
  fork_server server;
  for (const std::size_t size : {0U, 1U, 4096U, 65535U, 65536U, 65537U, 8U << 20U}) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 256);
    process child = server.start(print_size_and_sum, bytes, {}, child_options().output(stream_to::pipe));
    EXPECT_EQ(output_of(child), std::to_string(size) + " " + std::to_string(sum(bytes)));
    EXPECT_TRUE(child.wait().success());
  }
}

TEST_F(fork_server_test, streams_of_a_child_are_pipes_to_talk_through) {
  fork_server server;
  process child =
      server.start(copy_input, "", {},
                   child_options().input(stream_to::pipe).output(stream_to::pipe).errors(stream_to::pipe).name("copy"));
  EXPECT_EQ(child.name(), "copy");
  auto talk = [&]() -> task<void> {
    co_await child.write("hello");
    child.close_input();
    EXPECT_EQ(co_await child.read_output(), "hello");
    EXPECT_EQ(co_await child.read_errors(), "done");
    EXPECT_TRUE((co_await child.async_wait()).success());
    EXPECT_TRUE((co_await child.async_wait()).success());  // again
  };
  lakh::run(talk());
}

TEST_F(fork_server_test, descriptors_are_handed_over_in_their_order) {
  fork_server server;
  std::vector<unique_fd> reading;
  std::vector<unique_fd> writing;
  std::vector<int> given;
  for (int i = 0; i < 60; ++i) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    reading.emplace_back(ends[0]);
    writing.emplace_back(ends[1]);
    given.push_back(ends[1]);
  }
  EXPECT_TRUE(server.start(write_to_each, "hi", given).wait().success());
  for (const unique_fd& one : reading) {
    std::array<char, 8> text{};
    EXPECT_EQ(::read(one.get(), text.data(), text.size()), 2);
  }
  const std::vector<int> too_many(fork_server::most_descriptors + 1, STDIN_FILENO);
  EXPECT_THROW((void)server.start(succeed, "", too_many), lakh::input_error);
  const std::vector<int> most(fork_server::most_descriptors, STDIN_FILENO);
  const std::string large(100'000, 'x');
  EXPECT_TRUE(server
                  .start(succeed, large, most,
                         child_options().input(stream_to::nothing).output(stream_to::pipe).errors(stream_to::pipe))
                  .wait()
                  .success());
  const std::array<int, 1> closed{1'000'000};
  EXPECT_THROW((void)server.start(succeed, "", closed), lakh::error);
  EXPECT_TRUE(server.start(succeed, "").wait().success());
}

TEST_F(fork_server_test, a_child_holds_nothing_of_the_server_nor_of_other_children) {
  std::string expected;
  for (const int fd : open_descriptors()) expected += std::to_string(fd) + " ";
  fork_server server;
  std::vector<process> others;
  for (int i = 0; i < 5; ++i)
    others.push_back(server.start(sleep_on, "", {}, child_options().input(stream_to::pipe).output(stream_to::pipe)));
  const unique_fd opened_later(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  process child = server.start(print_descriptors, "", {}, child_options().output(stream_to::pipe));
  EXPECT_EQ(output_of(child), expected + "given");
  const std::array<int, 1> given{opened_later.get()};
  process with_one = server.start(print_descriptors, "", given, child_options().output(stream_to::pipe));
  const std::string all = output_of(with_one);
  const std::string its_number = all.substr(all.rfind(' ') + 1);
  EXPECT_NE(all.find(" " + its_number + " "), std::string::npos) << all;
  EXPECT_EQ(all.size(), (expected + its_number + " given " + its_number).size()) << all;
}

TEST_F(fork_server_test, a_child_begins_with_signals_at_their_defaults_and_its_name) {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t usr1;
  ::sigemptyset(&usr1);
  ::sigaddset(&usr1, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &usr1, nullptr);
  {
    fork_server server;
    process child = server.start(print_name_and_signals, "", {},
                                 child_options().name("a name that is too long").output(stream_to::pipe));
    EXPECT_EQ(output_of(child), "Name:\ta name that is \nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    EXPECT_EQ(child.name(), "a name that is too long");
  }
  ::pthread_sigmask(SIG_UNBLOCK, &usr1, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
}

TEST_F(fork_server_test, a_child_may_start_threads_and_a_server_of_its_own) {
  fork_server server;
  EXPECT_EQ(server.start(start_a_thread, "").wait().code(), 9);
  EXPECT_EQ(server.start(start_a_server_and_a_child, "5").wait().code(), 5);
}

TEST_F(fork_server_test, refused_where_there_are_threads) {
  std::atomic<bool> stop{false};
  std::thread other([&] { stop.wait(false); });
  try {
    const fork_server server;
    ADD_FAILURE() << "made in a program with two threads";
  } catch (const lakh::error& refused) {
    EXPECT_NE(refused.hint(), "");
  }
  stop = true;
  stop.notify_all();
  other.join();
  fork_server server;  // it is gone
  EXPECT_TRUE(server.start(succeed, "").wait().success());
}

TEST_F(fork_server_test, many_threads_start_and_wait_at_once) {
  fork_server server;
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const int code = t * 20 + i;
        if (server.start(exit_as_told, std::to_string(code)).wait().code() != code) ++wrong;
      }
    });
  for (std::thread& one : threads) one.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(fork_server_test, a_wait_has_a_deadline_and_can_be_cancelled_and_begun_again) {
  fork_server server;
  process child = server.start(sleep_on, "");
  EXPECT_FALSE(child.wait_for(2ms));
  EXPECT_FALSE(child.wait_for(0s));
  auto work = [&]() -> task<void> {
    EXPECT_THROW(co_await lakh::with_timeout(2ms, child.async_wait()), lakh::timeout_error);
    EXPECT_FALSE(child.poll());
    child.terminate();
    EXPECT_EQ((co_await child.async_wait()).signal(), SIGTERM);
  };
  lakh::run(work());
  EXPECT_EQ(child.wait_for(0s)->signal(), SIGTERM);
  process other = server.start(succeed, "");
  EXPECT_TRUE(other.wait_for(std::chrono::nanoseconds::max())->success());
}

TEST_F(fork_server_test, an_object_that_dies_kills_its_child) {
  fork_server server;
  pid_t id = 0;
  {
    process child = server.start(sleep_on, "");
    id = child.id();
    process moved = std::move(child);
    EXPECT_TRUE(is_there(id));
    moved = server.start(sleep_on, "");
    EXPECT_FALSE(is_there(id));
    id = moved.id();
  }
  EXPECT_FALSE(is_there(id));
}

TEST_F(fork_server_test, a_server_that_dies_takes_its_children_along) {
  std::optional<fork_server> server(std::in_place);
  process child = server->start(sleep_on, "");
  process ended = server->start(exit_as_told, "4");
  while (ended.is_alive()) std::this_thread::sleep_for(1ms);
  server.reset();
  EXPECT_FALSE(is_there(child.id()));
  EXPECT_EQ(child.wait().signal(), SIGKILL);
  EXPECT_EQ(ended.wait().code(), 4);
}

TEST_F(fork_server_test, a_server_that_has_no_descriptor_left_says_so_and_goes_on) {
  fork_server server;
  const process first = server.start(sleep_on, "");  // it has begun, and has what it needs
  ::rlimit before{};
  ASSERT_EQ(::prlimit(server.id(), RLIMIT_NOFILE, nullptr, &before), 0);
  rlim_t unused = 0;
  while (std::filesystem::exists("/proc/" + std::to_string(server.id()) + "/fd/" + std::to_string(unused))) ++unused;
  for (const rlim_t most : {rlim_t{3}, unused, unused + 1, unused + 2, unused + 3}) {
    const ::rlimit few{most, before.rlim_max};
    ASSERT_EQ(::prlimit(server.id(), RLIMIT_NOFILE, &few, nullptr), 0);
    std::vector<process> children;
    std::error_code told;
    while (!told && children.size() < 10) {
      try {
        children.push_back(server.start(sleep_on, "", {}, child_options().output(stream_to::nothing)));
      } catch (const lakh::error& e) {
        told = e.code();
      }
    }
    EXPECT_EQ(told, std::errc::too_many_files_open) << most << ": " << told.message();
  }
  ASSERT_EQ(::prlimit(server.id(), RLIMIT_NOFILE, &before, nullptr), 0);
  EXPECT_EQ(server.start(exit_as_told, "3").wait().code(), 3);
}

TEST_F(fork_server_test, signals_of_the_terminal_do_not_stop_the_server) {
  fork_server server;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1}) ::kill(server.id(), signal);
  EXPECT_TRUE(server.start(succeed, "").wait().success());
}

TEST_F(fork_server_test, a_server_that_was_killed_is_told_and_its_children_are_dead) {
  fork_server server;
  process child = server.start(sleep_on, "");
  process other = server.start(sleep_on, "");
  process third = server.start(sleep_on, "");
  ::kill(server.id(), SIGKILL);
  EXPECT_THROW((void)child.wait(), lakh::closed_error);
  EXPECT_THROW((void)child.poll(), lakh::closed_error);  // again
  EXPECT_THROW((void)server.start(succeed, ""), lakh::closed_error);
  auto work = [&]() -> task<void> { EXPECT_THROW(co_await other.async_wait(), lakh::closed_error); };
  lakh::run(work());
  EXPECT_TRUE(is_gone_soon(child.id()));
  EXPECT_TRUE(is_gone_soon(other.id()));
  EXPECT_TRUE(is_gone_soon(third.id()));
}

TEST_F(fork_server_test, whoever_is_killed_when_every_status_is_true) {
  fork_server server;
  lakh::random_sequence random(20261122);
  for (int round = 0; round < 200; ++round) {
    const auto works = std::chrono::microseconds(random.below(2000));
    const auto waits = std::chrono::microseconds(random.below(2000));
    const int signal = random.below(2) == 0 ? SIGKILL : SIGTERM;
    process child = server.start(work_and_exit_with_3, std::to_string(works.count()));
    if (random.below(8) == 0) continue;  // the object dies, and kills it
    std::this_thread::sleep_for(waits);
    child.send_signal(signal);
    const exit_status end = child.wait();
    EXPECT_TRUE(end.code() == 3 || end.signal() == signal) << end.code();
    EXPECT_FALSE(is_there(child.id()));
  }
  EXPECT_TRUE(server.start(succeed, "").wait().success());
}

// A program with two servers and children of both, and with a copy made by fork that holds all of its sockets. It tells
// the numbers of its servers and children, and never ends by itself.
[[noreturn]] void be_a_program(const unique_fd& tell) {
  fork_server first;
  fork_server second;
  std::vector<pid_t> all{first.id(), second.id()};
  std::vector<process> owned;
  for (int i = 0; i < 3; ++i) {
    owned.push_back(first.start(sleep_on, ""));
    owned.push_back(second.start(sleep_on, ""));
  }
  for (const process& one : owned) all.push_back(one.id());
  const pid_t copy = ::fork();
  if (copy == 0)
    while (true) ::pause();
  all.push_back(copy);
  if (::write(tell.get(), all.data(), all.size() * sizeof(pid_t)) < 0) ::_exit(1);
  while (true) ::pause();
}

TEST_F(fork_server_test, nothing_is_left_of_a_program_that_is_killed) {
  for (int round = 0; round < 5; ++round) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const unique_fd told(ends[0]);
    unique_fd tell(ends[1]);
    const pid_t victim = ::fork();
    ASSERT_GE(victim, 0);
    if (victim == 0) be_a_program(tell);
    tell.reset();
    std::array<pid_t, 9> all{};
    ASSERT_EQ(::read(told.get(), all.data(), sizeof all), static_cast<ssize_t>(sizeof all));
    for (const pid_t one : all) EXPECT_TRUE(is_there(one));
    ::kill(victim, SIGKILL);
    // All but the copy go by themselves. It goes last, so that its sockets stay open as long.
    const pid_t copy = all.back();
    EXPECT_EQ(::waitpid(victim, nullptr, 0), victim);
    for (const pid_t one : all)
      if (one != copy) EXPECT_TRUE(is_gone_soon(one));
    ::kill(copy, SIGKILL);
    EXPECT_EQ(::waitpid(copy, nullptr, 0), copy);
  }
}

}  // namespace
