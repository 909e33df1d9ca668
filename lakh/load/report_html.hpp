// The report as a page: one file that needs no network and no script, for screens, paper and readers aloud.
//
// 1. Every text that is not ours goes through html() (report_text.hpp).
// 2. The page's Content-Security-Policy lets nothing be loaded, and no script run but the one that stands in it, known
//    by its digest: a mistake in rule 1 would show strange words, and do nothing.
#pragma once

#include <lakh/load/run_report.hpp>

#include <span>
#include <string>
#include <string_view>

namespace lakh::load {

// One run, or up to most_runs (report_curves.hpp) side by side. `written_at` is RFC 3339. Throws input_error for none
// or too many.
std::string report_html(std::span<const run_report> runs, std::string_view written_at);

}  // namespace lakh::load
