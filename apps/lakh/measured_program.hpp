// A program run from start to end, with the kernel's account of what it took.
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/parallel/process.hpp>

#include <cstdint>
#include <functional>
#include <string>

#include <sys/types.h>

namespace lakh::cli {

struct measured_program {
  exit_status status;
  std::string output;  // all of it, up to most_output
  std::string errors;  // the end of it, up to most_errors
  double user_seconds = 0;
  double system_seconds = 0;
  // Resident, at most, of all processes together, where they were watched: the sum of what each had held at most, so
  // that pages that they share count for each. The kernel's own account is of no use: what this program had held when
  // it started the other is in it.
  std::uint64_t peak_bytes = 0;
  std::uint64_t voluntary_switches = 0;
  std::uint64_t involuntary_switches = 0;

  static constexpr std::size_t most_output = std::size_t{16} << 20U;
  static constexpr std::size_t most_errors = std::size_t{64} << 10U;
};

// What a process has had resident at most since it became its program, in bytes; 0 where it is gone.
std::uint64_t peak_memory(pid_t process);

// Runs it with no input and waits for its end. Times and switches are of the program and of all children that it waited
// for. `several` says that it may start processes, which are then watched, twenty times a second. `begun` gets the
// process while it runs, and null when it has ended: to send it a signal. Throws what process::start() throws; when
// cancelled, the program has been killed before.
task<measured_program> run_measured(program what, bool several, std::function<void(process*)> begun);

}  // namespace lakh::cli
