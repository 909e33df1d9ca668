// What the program's exit code means; docs/exit-codes.md says it to users, and `lakh --help` in short.
#pragma once

#include <string_view>

namespace lakh::cli {

enum exit_code : int {
  all_well = 0,
  not_all_confirmed = 1,  // items failed or are unknown; once: a status of 400 or more, or an expectation missed
  wrong_input = 2,        // words, plan, template, feed
  target_unreachable = 3,
  storage_failed = 4,  // the run's own: ledger, run folder, output file
  reconcile_differs = 5,
  limit_broken = 6,       // a limit of the plan ended the run, or was not kept
  not_as_written = 7,     // verify: a record of the run was changed or damaged
  internal_failure = 70,  // a fault of lakh itself (EX_SOFTWARE)
  interrupted = 130,      // Ctrl-C
  terminated = 143,       // SIGTERM
};

// In a few words, for summaries: "items failed or are unknown". Empty for 0.
std::string_view meaning_of(int code) noexcept;

}  // namespace lakh::cli
