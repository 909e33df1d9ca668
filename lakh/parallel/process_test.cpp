#include <lakh/async/gather.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/core/error.hpp>
#include <lakh/parallel/process.hpp>
#include <lakh/parallel/process_testing.hpp>
#include <lakh/parallel/run_program.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

namespace {

using lakh::process;
using lakh::program;
using lakh::stream_to;
using lakh::task;
using namespace std::chrono_literals;

lakh::program shell(std::string script) {
  return program("sh").arg("-c").arg(std::move(script));
}

lakh::program_result ran(lakh::program_run run) {
  auto work = [&]() -> task<lakh::program_result> { co_return co_await std::move(run); };
  return lakh::run(work());
}

using lakh::testing::is_gone_soon;
using lakh::testing::is_there;
using lakh::testing::process_test;

TEST_F(process_test, exit_code_or_signal_is_told) {
  EXPECT_TRUE(process::start(program("true")).wait().success());
  EXPECT_EQ(process::start(shell("exit 7")).wait().code(), 7);
  const lakh::exit_status killed = process::start(shell("kill -9 $$")).wait();
  EXPECT_EQ(killed.signal(), SIGKILL);
  EXPECT_EQ(killed.code(), 128 + SIGKILL);
  EXPECT_FALSE(killed.success());
}

TEST_F(process_test, what_cannot_be_started_is_told_at_once) {
  EXPECT_THROW((void)process::start(program("no-such-program-here")), lakh::input_error);
  EXPECT_THROW((void)process::start(program("true").directory("/no/such/folder")), lakh::input_error);
  EXPECT_THROW((void)process::start(program("/etc/passwd")), lakh::error);
  EXPECT_THROW((void)process::start(program("echo").arg(std::string("a\0b", 3))), lakh::input_error);
  EXPECT_THROW((void)program("true").variable("A=B", "C"), lakh::input_error);
}

TEST_F(process_test, runs_in_its_folder_with_its_environment) {
  ::setenv("LAKH_TEST_INHERITED", "yes", 1);
  auto result = ran(lakh::run_program(
      shell("pwd; echo $GREETING $LAKH_TEST_INHERITED").directory("/").variable("GREETING", "hello")));
  EXPECT_EQ(result.output, "/\nhello yes\n");
  result = ran(lakh::run_program(program("env").clean_environment().variable("ONLY", "this")));
  EXPECT_EQ(result.output, "ONLY=this\n");
}

TEST_F(process_test, starts_with_signals_as_they_were_born) {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t usr1;
  ::sigemptyset(&usr1);
  ::sigaddset(&usr1, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &usr1, nullptr);
  const auto result = ran(lakh::run_program(program("grep").arg("-E").arg("^Sig(Blk|Ign)").arg("/proc/self/status")));
  ::pthread_sigmask(SIG_UNBLOCK, &usr1, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  EXPECT_EQ(result.output, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_F(process_test, gets_no_descriptors_but_its_streams) {
  const auto result = ran(lakh::run_program(shell("echo /proc/self/fd/*")));
  // The fourth is the folder that the shell reads.
  EXPECT_EQ(result.output, "/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3\n");
}

TEST_F(process_test, its_streams_are_pipes_to_talk_through) {
  auto work = []() -> task<void> {
    process child = process::start(program("cat").input(stream_to::pipe).output(stream_to::pipe));
    co_await child.write("one");
    EXPECT_EQ(co_await child.read_output(), "one");
    co_await child.write("two");
    EXPECT_EQ(co_await child.read_output(1), "t");
    EXPECT_EQ(co_await child.read_output(), "wo");
    EXPECT_FALSE(child.poll());
    child.close_input();
    EXPECT_EQ(co_await child.read_output(), "");
    EXPECT_TRUE((co_await child.async_wait()).success());
    EXPECT_TRUE((co_await child.async_wait()).success());  // again
  };
  lakh::run(work());
}

TEST_F(process_test, a_program_that_does_not_read_is_an_error_and_no_signal) {
  auto work = []() -> task<void> {
    process child = process::start(program("true").input(stream_to::pipe));
    co_await child.async_wait();
    EXPECT_THROW(co_await child.write("hello"), lakh::closed_error);
  };
  lakh::run(work());
}

TEST_F(process_test, terminate_and_kill_end_it) {
  process child = process::start(program("sleep").arg("1000"));
  child.terminate();
  EXPECT_EQ(child.wait().signal(), SIGTERM);
  child.kill();  // nothing is there any more
  process deaf =
      process::start(shell("trap '' TERM; echo ready; read line").input(stream_to::pipe).output(stream_to::pipe));
  auto ready = [&]() -> task<void> { EXPECT_EQ(co_await deaf.read_output(), "ready\n"); };
  lakh::run(ready());
  deaf.terminate();
  EXPECT_FALSE(deaf.poll());
  deaf.kill();
  EXPECT_EQ(deaf.wait().signal(), SIGKILL);
}

TEST_F(process_test, an_object_that_dies_kills_and_reaps) {
  pid_t id = 0;
  {
    process child = process::start(program("sleep").arg("1000"));
    id = child.id();
    process moved = std::move(child);
    EXPECT_TRUE(is_there(id));
    moved = process::start(program("sleep").arg("1000"));
    EXPECT_FALSE(is_there(id));
    id = moved.id();
  }
  EXPECT_FALSE(is_there(id));
}

TEST_F(process_test, can_be_told_to_die_with_its_parent) {
  std::optional<process> child;
  std::thread parent([&] { child.emplace(process::start(program("sleep").arg("1000").dies_with_parent())); });
  parent.join();
  EXPECT_EQ(child->wait().signal(), SIGKILL);
}

TEST_F(process_test, a_wait_can_be_cancelled_and_begun_again) {
  auto work = []() -> task<void> {
    process child = process::start(program("sleep").arg("1000"));
    EXPECT_THROW(co_await lakh::with_timeout(5ms, child.async_wait()), lakh::timeout_error);
    EXPECT_FALSE(child.poll());
    child.terminate();
    EXPECT_EQ((co_await child.async_wait()).signal(), SIGTERM);
    process cat = process::start(program("cat").input(stream_to::pipe).output(stream_to::pipe));
    EXPECT_THROW(co_await lakh::with_timeout(5ms, cat.read_output()), lakh::timeout_error);
    const std::string large(1 << 20, 'x');
    process deaf = process::start(program("sleep").arg("1000").input(stream_to::pipe));
    EXPECT_THROW(co_await lakh::with_timeout(5ms, deaf.write(large)), lakh::timeout_error);
  };
  lakh::run(work());
}

TEST_F(process_test, several_may_wait_for_its_end_at_once) {
  auto work = []() -> task<void> {
    process child = process::start(program("cat").input(stream_to::pipe));
    int ended = 0;
    co_await lakh::in_scope([&](lakh::scope& all) -> task<void> {
      for (int i = 0; i < 3; ++i)
        all.spawn([](process& of, int& count) -> task<void> {
          EXPECT_TRUE((co_await of.async_wait()).success());
          ++count;
        }(child, ended));
      co_await lakh::sleep_for(1ms);
      child.close_input();
    });
    EXPECT_EQ(ended, 3);
  };
  lakh::run(work());
}

TEST_F(process_test, one_that_is_gone_before_it_was_seen_is_told_and_not_mistaken_for_another) {
  ::signal(SIGCHLD, SIG_IGN);  // the kernel reaps
  for (int i = 0; i < 50; ++i) {
    try {
      process child = process::start(program("true"));
      (void)child.wait();
      ADD_FAILURE() << "how it ended cannot be known";
    } catch (const lakh::error& e) {
      EXPECT_EQ(e.code(), std::errc::no_child_process) << e.what();
    }
  }
  ::signal(SIGCHLD, SIG_DFL);
}

TEST_F(process_test, run_program_gives_input_and_captures_output) {
  const std::string large(3 << 20, 'x');
  auto result = ran(lakh::run_program(shell("cat; echo oops >&2; exit 3")).input(large).capture(4 << 20));
  EXPECT_EQ(result.output, large);
  EXPECT_EQ(result.errors, "oops\n");
  EXPECT_EQ(result.status.code(), 3);
  EXPECT_FALSE(result.output_cut);
  EXPECT_EQ(ran(lakh::run_program(program("cat"))).output, "");
}

TEST_F(process_test, run_program_cuts_at_its_bound_and_does_not_hold_it_up) {
  const auto result = ran(lakh::run_program(shell("head -c 3000000 /dev/zero; echo done >&2")).capture(1000));
  EXPECT_EQ(result.output.size(), 1000U);
  EXPECT_TRUE(result.output_cut);
  EXPECT_EQ(result.errors, "done\n");
  EXPECT_FALSE(result.errors_cut);
}

TEST_F(process_test, run_program_does_not_mind_input_that_is_not_read) {
  EXPECT_TRUE(ran(lakh::run_program(program("true")).input(std::string(1 << 20, 'x'))).status.success());
}

TEST_F(process_test, run_program_kills_what_takes_too_long) {
  EXPECT_THROW(ran(lakh::run_program(program("sleep").arg("1000")).timeout(10ms)), lakh::timeout_error);
}

TEST_F(process_test, run_program_lets_others_run_while_a_program_never_stops_writing) {
  EXPECT_THROW(ran(lakh::run_program(program("cat").arg("/dev/zero")).timeout(10ms)), lakh::timeout_error);
}

TEST_F(process_test, run_program_ends_with_the_program_and_not_with_what_it_left_behind) {
  const auto result = ran(lakh::run_program(shell("sleep 30 & echo $!")));
  ASSERT_FALSE(result.output.empty());
  const pid_t left_behind = std::stoi(result.output);
  EXPECT_EQ(::kill(left_behind, SIGKILL), 0);  // still running: so nobody waited for it
  EXPECT_TRUE(is_gone_soon(left_behind));
  EXPECT_TRUE(result.status.success());
}

TEST_F(process_test, many_at_once_from_many_threads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([] {
      std::vector<int> numbers(12);
      std::iota(numbers.begin(), numbers.end(), 0);
      auto work = [&]() -> task<void> {
        co_await lakh::gather(numbers, lakh::limit(4), [](int n) -> task<void> {
          const std::string text = std::to_string(n);
          auto result = co_await lakh::run_program(program("echo").arg(text));
          EXPECT_EQ(result.output, text + "\n");
        });
      };
      lakh::run(work());
    });
  for (std::thread& one : threads) one.join();
}

}  // namespace
