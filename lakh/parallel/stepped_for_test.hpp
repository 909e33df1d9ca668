// Kills a process after any number of machine instructions: a forked child runs under ptrace(2), step by step.
#pragma once

#include <lakh/parallel/forked_for_test.hpp>

#include <csignal>
#include <optional>

#include <sys/ptrace.h>
#include <sys/wait.h>

namespace lakh {

// Runs `work` in a child for `steps` instructions, and kills it there. Returns how many it took: fewer than asked for
// if it came to its end before. Nothing where this machine does not let processes be traced.
template <class F> std::optional<long> kill_after_steps(F&& work, long steps) {
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
      forked gone(std::move(child));
      return done;
    }
  }
  return steps;
}

}  // namespace lakh
