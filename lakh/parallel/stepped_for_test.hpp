// Kills a process after any number of machine instructions: a forked child runs under ptrace(2), step by step. What its
// death leaves to others is what it has written to shared memory, so dying after each step that writes there is dying
// everywhere.
#pragma once

#include <lakh/parallel/forked_for_test.hpp>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include <sys/ptrace.h>
#include <sys/wait.h>

namespace lakh {

// Runs `work` in a child for `steps` instructions, and kills it there. Returns how many it took: fewer than asked for
// if it came to its end before. Nothing where this machine does not let processes be traced. After each step `look` is
// called with the number of steps so far.
template <class F, class Look> std::optional<long> kill_after_steps(F&& work, long steps, Look look) {
  forked child([&] {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) return 98;
    ::raise(SIGSTOP);
    work();
    return 0;
  });
  int status = 0;
  if (::waitpid(child.id(), &status, 0) != child.id() || !WIFSTOPPED(status)) return std::nullopt;
  for (long done = 0; done < steps; ++done) {
    if (::ptrace(PTRACE_SINGLESTEP, child.id(), nullptr, nullptr) != 0) return std::nullopt;
    if (::waitpid(child.id(), &status, 0) != child.id()) return std::nullopt;
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      child.forget();
      return done;
    }
    look(done + 1);
  }
  return steps;
}
template <class F> std::optional<long> kill_after_steps(F&& work, long steps) {
  return kill_after_steps(std::forward<F>(work), steps, [](long /*done*/) {});
}

// The steps worth dying after, of all that `work` takes: those that changed `memory`, the two after each (in which a
// lock is entered into or taken out of what the kernel knows), and some between. Empty where processes cannot be
// traced.
template <class F> std::vector<long> deadly_steps(F&& work, std::span<const std::byte> memory) {
  constexpr long most = 50'000;
  constexpr long between = 12;
  std::set<long> steps;
  std::vector<std::byte> before(memory.begin(), memory.end());
  const auto all = kill_after_steps(std::forward<F>(work), most, [&](long done) {
    if (std::ranges::equal(before, memory)) return;
    before.assign(memory.begin(), memory.end());
    for (long after = 0; after < 3; ++after) steps.insert(done + after);
  });
  if (!all) return {};
  for (long i = 0; i < between; ++i) steps.insert(*all * i / between);
  // A step costs some 40 µs. Sanitizers make many of one: then every so many of these have to do.
  constexpr long quick = 40'000;
  const long stride = 1 + std::accumulate(steps.begin(), steps.end(), 0L) / quick;
  std::vector<long> chosen;
  long number = 0;
  for (const long step : steps)
    if (number++ % stride == 0) chosen.push_back(step);
  return chosen;
}

}  // namespace lakh
