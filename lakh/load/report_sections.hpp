// The parts of a report's page.
#pragma once

#include <lakh/load/run_report.hpp>

#include <span>
#include <string>
#include <string_view>

namespace lakh::load::sections {

// "22 November 2026, 03:18:17 UTC" of RFC 3339; what is not that form stays as it is.
std::string date_text(std::string_view rfc3339);

// "99,998 of 100,000 items are confirmed"; marked up where `marked`.
std::string verdict(const run_report& run, bool marked);

// Segments in proportion, but each that is not zero can be seen; together they are the whole width.
void append_bar(std::string& out, const balance& sheet, bool thin);

void append_balance(std::string& out, const run_report& run);
void append_key_figures(std::string& out, const run_report& run);
void append_limits(std::string& out, std::span<const run_report> runs, std::span<const std::string> names);
void append_over_time(std::string& out, const run_report& run);
void append_latency(std::string& out, const run_report& run);
void append_answers(std::string& out, const run_report& run);
void append_problems(std::string& out, const run_report& run);
void append_reconciliation(std::string& out, const run_report& run);
void append_record(std::string& out, const run_report& run);

void append_comparison(std::string& out, std::span<const run_report> runs, std::span<const std::string> names);

}  // namespace lakh::load::sections
