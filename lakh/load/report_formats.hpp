// A report for programs.
#pragma once

#include <lakh/load/run_report.hpp>

#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

namespace lakh::load {

// One object, {"format":1,"runs":[...]}, as docs/schema/report.schema.json says. Times are in seconds, latencies in ms.
std::string report_json(std::span<const run_report> runs, std::string_view written_at);

// RFC 4180, with a line of names: a line for each bucket of time of each run.
std::string report_csv(std::span<const run_report> runs);

// HdrHistogram's log: for each run its latencies from the intended start and from the send, in µs.
void write_report_hdr(std::ostream& out, std::span<const run_report> runs);

// JUnit's XML, as CI servers read it: for each run a suite, in which the balance, the reconciliation and each limit are
// test cases.
std::string report_junit(std::span<const run_report> runs);

}  // namespace lakh::load
