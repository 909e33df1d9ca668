// Programs one after another, and what becomes of what they start.
#include <lakh/actions/exec_child.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/core/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace lakh;
using namespace std::chrono_literals;
using actions::exec_begun;
using actions::exec_child;
using actions::exec_end;
using actions::exec_order;
using testing::HasSubstr;

constexpr auto long_enough = 30s;

// Words as execve wants them.
class order {
 public:
  explicit order(std::vector<std::string> words, std::string input = {})
      : words_(std::move(words)), input_(std::move(input)) {
    for (std::string& word : words_) argv_.push_back(word.data());
    argv_.push_back(nullptr);
    what_.path = words_.front().c_str();
    what_.words = argv_.data();
    what_.environment = environ;
    what_.input = input_;
  }
  order(const order&) = delete;
  order& operator=(const order&) = delete;
  exec_order* operator->() { return &what_; }
  const exec_order& operator*() const { return what_; }

 private:
  std::vector<std::string> words_;
  std::string input_;
  std::vector<char*> argv_;
  exec_order what_;
};

std::vector<std::string> shell(std::string line) {
  return {"/bin/sh", "-c", std::move(line)};
}

task<exec_end> to_its_end(exec_child& child, const order& what) {
  const exec_begun begun = child.start(*what);
  EXPECT_FALSE(begun.error) << begun.error.message();
  const bool ended = co_await child.ended_by(loop::current().now() + long_enough);
  EXPECT_TRUE(ended);
  co_return child.finish();
}

// How the program of one line of shell ends.
struct outcome {
  exec_end end;
  std::string output;
  std::string errors;
  std::uint64_t size = 0;
};
outcome run_shell(const std::string& line, std::string input = {}, std::size_t most = 1U << 20U) {
  return run([](const std::string* text, std::string given, std::size_t bound) -> task<outcome> {
    exec_child child(bound);
    const order what(shell(*text), std::move(given));
    outcome result;
    result.end = co_await to_its_end(child, what);
    result.output = child.output();
    result.errors = child.errors();
    result.size = child.output_size();
    co_return result;
  }(&line, std::move(input), most));
}

bool no_children_are_left() {
  return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
}

// A zombie counts as gone: its new parent is about to reap it.
bool runs(pid_t id) {
  std::ifstream file("/proc/" + std::to_string(id) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return false;
  const std::size_t name_end = line.rfind(") ");
  return name_end != std::string::npos && line[name_end + 2] != 'Z' && line[name_end + 2] != 'X';
}

bool gone_soon(pid_t id) {
  for (int i = 0; i < 1000; ++i) {
    if (!runs(id)) return true;
    ::usleep(10'000);
  }
  return false;
}

TEST(exec_child, tells_the_exit_code_or_the_signal) {
  EXPECT_EQ(run_shell("exit 0").end.code, 0);
  EXPECT_EQ(run_shell("exit 37").end.code, 37);
  const exec_end killed = run_shell("kill -SEGV $$").end;
  EXPECT_EQ(killed.signal, SIGSEGV);
  EXPECT_FALSE(killed.lost);
  EXPECT_TRUE(no_children_are_left());
}

TEST(exec_child, hears_both_streams_apart) {
  const outcome got = run_shell("echo one; echo two >&2; echo three");
  EXPECT_EQ(got.output, "one\nthree\n");
  EXPECT_EQ(got.errors, "two\n");
}

TEST(exec_child, keeps_the_beginning_and_counts_the_rest) {
  const outcome got = run_shell("head -c 3000000 /dev/zero | tr '\\0' x", {}, 1000);
  EXPECT_EQ(got.output, std::string(1000, 'x'));
  EXPECT_EQ(got.size, 3'000'000U);
  EXPECT_EQ(got.end.code, 0);
}

TEST(exec_child, gives_it_its_input_however_long_and_read_or_not) {
  const std::string long_text(5'000'000, 'y');
  EXPECT_EQ(run_shell("wc -c", long_text).output, "5000000\n");
  EXPECT_EQ(run_shell("true", long_text).end.code, 0);
  EXPECT_EQ(run_shell("cat").output, "");  // none: at its end at once
}

TEST(exec_child, begins_clean_no_descriptors_no_signals_ignored_or_blocked_no_terminal) {
  const int leaked = ::open("/dev/null", O_RDONLY);  // without close-on-exec
  struct sigaction before{};
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  sigset_t blocked;
  sigset_t mask;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &mask);
  const outcome got = run_shell(
      "ls -1 /proc/$$/fd; grep -E 'Sig(Ign|Blk)' /proc/self/status;"
      "cut -d' ' -f6 /proc/$$/stat | sed \"s/^$$\\$/leads its session/\"; cut -d' ' -f7 /proc/$$/stat");
  ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  ::sigaction(SIGPIPE, &before, nullptr);
  ::close(leaked);
  EXPECT_THAT(got.output, testing::StartsWith("0\n1\n2\nSig")) << got.output;
  EXPECT_THAT(got.output, HasSubstr("SigBlk:\t0000000000000000\n"));
  EXPECT_THAT(got.output, HasSubstr("SigIgn:\t0000000000000000\n"));
  EXPECT_THAT(got.output, HasSubstr("leads its session\n0\n"));  // and no terminal
}

TEST(exec_child, that_cannot_start_says_why_and_leaves_nothing) {
  run([]() -> task<void> {
    exec_child child(100);
    const auto refusal = [&](order& what) {
      const exec_begun begun = child.start(*what);
      EXPECT_FALSE(begun.maybe);
      return begun.error;
    };
    order nowhere({"/no/such/program"});
    EXPECT_EQ(refusal(nowhere), std::errc::no_such_file_or_directory);
    order not_one({"/etc/passwd"});
    EXPECT_EQ(refusal(not_one), std::errc::permission_denied);
    order elsewhere({"/bin/true"});
    elsewhere->directory = "/no/such/folder";
    EXPECT_EQ(refusal(elsewhere), std::errc::no_such_file_or_directory);
    order too_long({"/bin/true", std::string(4'000'000, 'x')});
    EXPECT_EQ(refusal(too_long), std::errc::argument_list_too_long);
    order fine({"/bin/true"});
    const exec_end end = co_await to_its_end(child, fine);
    EXPECT_EQ(end.code, 0);
  }());
  EXPECT_TRUE(no_children_are_left());
}

TEST(exec_child, ends_with_the_program_and_the_next_one_hears_nothing_of_what_it_left_behind) {
  run([]() -> task<void> {
    exec_child child(1000);
    const order leaves(shell("(sleep 0.2; echo late; echo late >&2) & echo in time"));
    exec_end end = co_await to_its_end(child, leaves);
    EXPECT_EQ(end.code, 0);
    EXPECT_EQ(child.output(), "in time\n");
    const order next(shell("sleep 0.5; echo next"));
    end = co_await to_its_end(child, next);
    EXPECT_EQ(child.output(), "next\n");
    EXPECT_EQ(child.errors(), "");
  }());
}

TEST(exec_child, a_signal_reaches_all_that_it_has_started) {
  pid_t grandchild = 0;
  run([](pid_t* found) -> task<void> {
    exec_child child(1000);
    const order what(shell("sleep 1000 & echo $!; wait"));
    const exec_begun begun = child.start(*what);
    EXPECT_FALSE(begun.error);
    std::string heard;
    child.listen([&](std::string_view bytes) { heard += bytes; }, {});
    while (heard.find('\n') == std::string::npos) co_await sleep_for(1ms);
    *found = std::stoi(heard);
    EXPECT_TRUE(runs(*found));
    const bool ended = co_await child.ended_by(loop::current().now() + 1ms);
    EXPECT_FALSE(ended);
    child.signal_all(SIGKILL);
    const bool then = co_await child.ended_by(loop::current().now() + long_enough);
    EXPECT_TRUE(then);
    EXPECT_EQ(child.finish().signal, SIGKILL);
  }(&grandchild));
  EXPECT_TRUE(gone_soon(grandchild));
  EXPECT_TRUE(no_children_are_left());
}

// Starts it, waits for the numbers of as many processes as it says that it has, and ends it by `end`.
std::vector<pid_t> after_the_end_of(const std::string& line, std::size_t processes,
                                    const std::function<void(exec_child&)>& end) {
  std::vector<pid_t> ids;
  run([](const std::string* text, std::size_t most, const std::function<void(exec_child&)>* how,
         std::vector<pid_t>* found) -> task<void> {
    exec_child child(1000);
    const order what({"/bin/bash", "-c", *text});
    EXPECT_FALSE(child.start(*what).error);
    std::string heard;
    child.listen([&](std::string_view bytes) { heard += bytes; }, {});
    while (static_cast<std::size_t>(std::ranges::count(heard, '\n')) < most) co_await sleep_for(1ms);
    std::istringstream numbers(heard);
    for (pid_t id = 0; numbers >> id;) found->push_back(id);
    (*how)(child);
    if (child.id() == 0) co_return;
    const bool ended = co_await child.ended_by(loop::current().now() + long_enough);
    EXPECT_TRUE(ended);
    (void)child.finish();
  }(&line, processes, &end, &ids));
  return ids;
}

// What `timeout`, and a shell that controls jobs, do: groups of their own in the session.
const std::string in_groups_of_their_own =
    "timeout 1000 sh -c 'echo $$; exec sleep 1000' & set -m; sleep 1000 & echo $!; wait";

TEST(exec_child, a_signal_reaches_process_groups_of_their_own_too) {
  for (const int signal : {SIGTERM, SIGKILL}) {
    const auto ids = after_the_end_of(in_groups_of_their_own, 2, [&](exec_child& child) { child.signal_all(signal); });
    ASSERT_EQ(ids.size(), 2U);
    for (const pid_t id : ids) EXPECT_TRUE(gone_soon(id)) << "after signal " << signal;
  }
}

TEST(exec_child, one_that_is_abandoned_leaves_no_process_group_behind) {
  const auto ids = after_the_end_of(in_groups_of_their_own, 2, [](exec_child& child) { child.abandon(); });
  ASSERT_EQ(ids.size(), 2U);
  for (const pid_t id : ids) EXPECT_TRUE(gone_soon(id));
}

TEST(exec_child, a_signal_wakes_what_is_stopped) {
  const auto ids = after_the_end_of("set -m; sh -c 'echo $$; kill -STOP $$; sleep 1000' & wait", 1,
                                    [](exec_child& child) { child.signal_all(SIGTERM); });
  ASSERT_EQ(ids.size(), 1U);
  EXPECT_TRUE(gone_soon(ids.front()));
}

TEST(exec_child, one_that_starts_its_successor_and_ends_again_and_again_is_caught) {
  pid_t session = 0;
  (void)after_the_end_of("set -m; hop() { hop & exit; }; echo $$; hop & hop & hop & sleep 1000", 1,
                         [&](exec_child& child) {
                           session = child.id();
                           child.abandon();
                         });
  const auto anyone = [&] {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const pid_t id = std::atoi(entry.path().filename().c_str());
      if (id > 0 && ::getsid(id) == session && runs(id)) return true;
    }
    return false;
  };
  for (int i = 0; i < 1000 && anyone(); ++i) ::usleep(10'000);
  EXPECT_FALSE(anyone());
}

// The loop has seen that the time is over, but comes to it only after something that takes long: meanwhile it dies.
TEST(exec_child, its_death_counts_though_the_loop_comes_to_the_time_first) {
  run([]() -> task<void> {
    exec_child child(1000);
    const order what({"/bin/sleep", "1000"});
    EXPECT_FALSE(child.start(*what).error);
    loop& here = loop::current();
    here.post([&here, id = child.id()] {
      ::usleep(10'000);
      here.post([id] {
        ::kill(id, SIGKILL);
        while (runs(id)) ::usleep(1000);
      });
    });
    const bool ended = co_await child.ended_by(here.now() + 1ms);
    EXPECT_TRUE(ended);
    EXPECT_EQ(child.finish().signal, SIGKILL);
  }());
}

TEST(exec_child, a_cancelled_wait_and_a_destroyed_object_kill_and_reap) {
  pid_t waited_for = 0;
  pid_t destroyed = 0;
  run([](pid_t* first, pid_t* second) -> task<void> {
    co_await in_scope([&](scope& s) -> task<void> {
      s.spawn([](pid_t* id) -> task<void> {
        exec_child child(1000);
        const order what({"/bin/sleep", "1000"});
        EXPECT_FALSE(child.start(*what).error);
        *id = child.id();
        co_await child.ended_by(time_point::max());
      }(first));
      while (*first == 0) co_await sleep_for(1ms);
      s.cancel();
    });
    exec_child child(1000);
    const order what({"/bin/sleep", "1000"});
    EXPECT_FALSE(child.start(*what).error);
    *second = child.id();
  }(&waited_for, &destroyed));
  EXPECT_FALSE(runs(waited_for));
  EXPECT_FALSE(runs(destroyed));
  EXPECT_TRUE(no_children_are_left());
}

TEST(exec_child, one_that_writes_without_end_does_not_keep_the_loop_from_its_timers) {
  run([]() -> task<void> {
    exec_child child(1000);
    const order what({"/usr/bin/yes"});
    EXPECT_FALSE(child.start(*what).error);
    const bool ended = co_await child.ended_by(loop::current().now() + 50ms);
    EXPECT_FALSE(ended);
    child.signal_all(SIGTERM);
    const bool then = co_await child.ended_by(loop::current().now() + long_enough);
    EXPECT_TRUE(then);
    EXPECT_EQ(child.finish().signal, SIGTERM);
    EXPECT_EQ(child.output().size(), 1000U);
  }());
}

TEST(exec_child, many_at_once_on_one_loop) {
  std::vector<std::string> heard(50);
  run([](std::vector<std::string>* all) -> task<void> {
    co_await in_scope([&](scope& s) -> task<void> {
      for (std::size_t i = 0; i < all->size(); ++i)
        s.spawn([](std::string* into, std::size_t number) -> task<void> {
          exec_child child(1000);
          for (int round = 0; round < 4; ++round) {
            const order what(shell("echo " + std::to_string(number)));
            const exec_end end = co_await to_its_end(child, what);
            EXPECT_EQ(end.code, 0);
            *into += child.output();
          }
        }(&(*all)[i], i));
      co_return;
    });
  }(&heard));
  for (std::size_t i = 0; i < heard.size(); ++i) {
    const std::string line = std::to_string(i) + "\n";
    EXPECT_EQ(heard[i], line + line + line + line);
  }
  EXPECT_TRUE(no_children_are_left());
}

}  // namespace
