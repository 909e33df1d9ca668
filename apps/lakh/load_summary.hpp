// How a run ended, as a balance sheet and as JSON. Pure: a report in, text out.
#pragma once

#include "console.hpp"

#include <lakh/actions/run_load.hpp>
#include <lakh/load/limit.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace lakh::cli {

struct run_summary_facts {
  const actions::load_report* report = nullptr;
  std::string title;   // may be empty
  std::string target;  // may be empty
  int exit_code = 0;
  std::uint64_t peak_bytes = 0;  // resident at most, of this process
  std::vector<load::limit_verdict> limits;
  std::string page;            // report.html, if it was written
  std::string resume_command;  // what goes on with the run; empty if there is nothing left to do
};

// What the program's exit code should be. `signal` is the signal that a person stopped the run with, 0 if none.
int exit_code_of(const actions::load_report& report, int signal) noexcept;

std::string balance_sheet(const run_summary_facts& facts, std::size_t columns, const paint& colours);
// The balance alone, in colours.
std::string coloured_balance(const load::balance& result, const paint& colours);
// One object on one line.
std::string summary_json(const run_summary_facts& facts);

}  // namespace lakh::cli
