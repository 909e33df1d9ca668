#include "preflight.hpp"

#include <lakh/core/error.hpp>
#include <lakh/core/open_files.hpp>
#include <lakh/load/balance.hpp>
#include <lakh/load/descriptors.hpp>

#include <fmt/format.h>

#include <charconv>
#include <fstream>

namespace lakh::cli {

std::uint64_t ports_in_range(std::string_view text) noexcept {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, low);
  const char* at = first.ptr;
  while (at != end && (*at == ' ' || *at == '\t')) ++at;
  const auto second = std::from_chars(at, end, high);
  if (first.ec != std::errc() || second.ec != std::errc() || low > high || high > 65535) return 0;
  return high - low + 1;
}

preflight_result judge(const machine_limits& machine, std::uint64_t lanes, unsigned processes,
                       unsigned files_per_lane) {
  using load::grouped;
  preflight_result result;
  const std::uint64_t needed = load::descriptors_needed((lanes + processes - 1) / processes, files_per_lane);
  if (machine.open_files < needed) {
    if (machine.open_files_most < needed)
      throw input_error(
          processes == 1 ? fmt::format("{} users need {} open files, but this process may have {} only", grouped(lanes),
                                       grouped(needed), grouped(machine.open_files_most))
                         : fmt::format("{} users in {} processes need {} open files in each, but it may have {} only",
                                       grouped(lanes), processes, grouped(needed), grouped(machine.open_files_most)),
          fmt::format("use at most {} {}, or raise the limit before: ulimit -Hn {}",
                      processes == 1 ? "--users" : "a shape with so many lanes in a process:",
                      machine.open_files_most > load::descriptors_besides_lanes + files_per_lane
                          ? (machine.open_files_most - load::descriptors_besides_lanes) / files_per_lane
                          : 1,
                      needed));
    result.raise_open_files = needed;
  }
  if (machine.local_ports != 0 && lanes > machine.local_ports / 10 * 9)
    result.notes.push_back(
        fmt::format("{} users, but this machine has {} local ports for connections to one address; "
                    "widen them with: sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"",
                    grouped(lanes), grouped(machine.local_ports)));
  return result;
}

std::vector<std::string> prepare_machine(std::uint64_t lanes, unsigned processes, unsigned files_per_lane) {
  const open_files_limit files = open_files();
  machine_limits machine;
  machine.open_files = files.now;
  machine.open_files_most = files.most;
  std::ifstream range("/proc/sys/net/ipv4/ip_local_port_range");
  std::string line;
  if (std::getline(range, line)) machine.local_ports = ports_in_range(line);

  preflight_result result = judge(machine, lanes, processes, files_per_lane);
  if (result.raise_open_files && !raise_open_files(*result.raise_open_files))
    result.notes.push_back(fmt::format("the number of open files could not be raised to {}; it is {}",
                                       load::grouped(*result.raise_open_files), load::grouped(machine.open_files)));
  return std::move(result.notes);
}

}  // namespace lakh::cli
