// What the processes of a run tell each other: framed messages (parallel/framed.hpp) over a pair of sockets.
#pragma once

#include <lakh/load/engine.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::load {

// From a worker process.
enum class report_kind : std::uint8_t {
  counted,  // its numbers so far
  ending,   // it ends the run early, and the others should; numbers are not meant
  ended,    // its last numbers; its ledger is closed, or has failed
};

struct process_report {
  process_report() = default;
  process_report(report_kind what, run_end why, std::string text) : kind(what), end(why), message(std::move(text)) {}
  report_kind kind = report_kind::counted;
  run_end end = run_end::complete;
  std::string message;             // why it ended early, where that is not plain
  std::vector<std::string> notes;  // what a person should know, at its end
  run_stats stats;
};

std::string to_bytes(const process_report& report);
// Throws input_error for bytes that no worker process sends.
process_report report_of(std::string_view bytes);

// To a worker process.
inline constexpr std::string_view stop_command = "stop";
inline constexpr std::string_view abort_command = "abort";

// A full histogram is 23,552 counters of 12 bytes; there are two, and at most most_reasons reasons.
inline constexpr std::size_t report_limit = std::size_t{4} << 20U;

}  // namespace lakh::load
