#include "measured_program.hpp"

#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/core/error.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <utility>

#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lakh::cli {
namespace {

constexpr auto watched_every = std::chrono::milliseconds(50);
constexpr std::size_t most_processes = 4096;  // watched; a program that starts more is not ours

}  // namespace

std::uint64_t peak_memory(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  constexpr std::string_view label = "VmHWM:";
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(label)) continue;
    const std::size_t digit = line.find_first_of("0123456789");
    std::uint64_t kilobytes = 0;
    if (digit != std::string::npos) std::from_chars(line.data() + digit, line.data() + line.size(), kilobytes);
    return kilobytes * 1024;
  }
  return 0;
}

namespace {

// A process and all below it. Children stand with the thread that made them.
void add_peaks(pid_t process, std::uint64_t& sum, std::size_t& seen) {
  if (++seen > most_processes) return;
  sum += peak_memory(process);
  std::error_code gone;
  for (std::filesystem::directory_iterator threads("/proc/" + std::to_string(process) + "/task", gone), end;
       !gone && threads != end; threads.increment(gone)) {
    std::ifstream children(threads->path() / "children");
    for (pid_t child = 0; children >> child;) add_peaks(child, sum, seen);
  }
}

task<void> watch_memory(pid_t process, std::uint64_t& peak) {
  for (;;) {
    std::uint64_t sum = 0;
    std::size_t seen = 0;
    add_peaks(process, sum, seen);
    peak = std::max(peak, sum);
    co_await sleep_for(watched_every);
  }
}

task<void> take_output(process& from, std::string& into) {
  for (;;) {
    const std::string part = co_await from.read_output();
    if (part.empty()) co_return;
    if (into.size() < measured_program::most_output) into += part;
  }
}

task<void> take_errors(process& from, std::string& into) {
  for (;;) {
    const std::string part = co_await from.read_errors();
    if (part.empty()) co_return;
    into += part;
    if (into.size() > measured_program::most_errors) into.erase(0, into.size() - measured_program::most_errors);
  }
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// The account stands until the process is waited for, and this leaves it standing. glibc's waitid() has no room for it.
void read_account(pid_t process, measured_program& into) {
  siginfo_t info{};
  rusage usage{};
  while (::syscall(SYS_waitid, P_PID, process, &info, WEXITED | WNOWAIT, &usage) != 0)
    if (errno != EINTR) throw_error(std::error_code(errno, std::system_category()), "ask what a run has taken");
  into.user_seconds = seconds_of(usage.ru_utime);
  into.system_seconds = seconds_of(usage.ru_stime);
  into.voluntary_switches = static_cast<std::uint64_t>(usage.ru_nvcsw);
  into.involuntary_switches = static_cast<std::uint64_t>(usage.ru_nivcsw);
}

}  // namespace

task<measured_program> run_measured(program what, bool several, std::function<void(process*)> begun) {
  measured_program result;
  process child = process::start(what.input(stream_to::nothing).output(stream_to::pipe).errors(stream_to::pipe));
  struct told {
    const std::function<void(process*)>& to;
    ~told() { to(nullptr); }
  } const ended{begun};
  begun(&child);
  co_await in_scope([&](scope& all) -> task<void> {
    if (several) all.spawn(watch_memory(child.id(), result.peak_bytes));
    co_await in_scope([&](scope& streams) -> task<void> {
      streams.spawn(take_output(child, result.output));
      streams.spawn(take_errors(child, result.errors));
      co_return;
    });
    all.cancel();
  });
  // Both streams have ended, so it is on its way out.
  read_account(child.id(), result);
  result.status = co_await child.async_wait();
  co_return result;
}

}  // namespace lakh::cli
