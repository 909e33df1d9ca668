// What this machine must allow before a run with so many lanes can work: open files and local ports.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::cli {

struct machine_limits {
  std::uint64_t open_files = 0;       // the soft limit: what counts
  std::uint64_t open_files_most = 0;  // the hard limit: how far it can be raised
  std::uint64_t local_ports = 0;      // that a connection may leave from; 0: not known
};

struct preflight_result {
  std::optional<std::uint64_t> raise_open_files;  // to this
  std::vector<std::string> notes;                 // advice that does not stop the run
};

// `lanes` in all, dealt out evenly to the processes: each has its own files, so many for a lane
// (load/descriptors.hpp), and all use the ports of one machine. Throws input_error where the run cannot work.
preflight_result judge(const machine_limits& machine, std::uint64_t lanes, unsigned processes = 1,
                       unsigned files_per_lane = 1);

// "32768\t60999" as the kernel writes it: how many ports; 0 if it is something else.
std::uint64_t ports_in_range(std::string_view text) noexcept;

// Reads the limits, judges, and raises what can be raised in this process; worker processes raise their own. Returns
// the notes.
std::vector<std::string> prepare_machine(std::uint64_t lanes, unsigned processes, unsigned files_per_lane);

}  // namespace lakh::cli
