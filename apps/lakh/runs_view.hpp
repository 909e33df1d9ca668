// Runs as a person or a program wants to see them. Pure: summaries in, text out.
#pragma once

#include "console.hpp"

#include <lakh/load/ledger_reader.hpp>
#include <lakh/load/run_folder.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace lakh::cli {

// "running", "died" (nobody holds it, yet it never ended), "finished", "stopped", "broken", "unreadable".
std::string_view state_of(const load::run_summary& run) noexcept;

// A table, newest first, for terminals of `columns`.
std::string runs_table(std::span<const load::run_summary> runs, std::size_t columns, const paint& colours);
// One object on one line.
std::string run_as_json(const load::run_summary& run);

struct run_detail {
  load::run_summary summary;
  load::balance result;
  std::span<const load::ledger_file> files;
};
std::string run_sheet(const run_detail& run, std::size_t columns, const paint& colours);
std::string run_sheet_json(const run_detail& run);

// An item's outcome on one line.
std::string outcome_line(const load::outcome_record& record, std::size_t columns, const paint& colours);
std::string outcome_json(const load::outcome_record& record);

}  // namespace lakh::cli
