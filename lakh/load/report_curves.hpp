// The charts of a report: which figures of a run become which curve.
#pragma once

#include <lakh/load/report_chart.hpp>
#include <lakh/load/run_report.hpp>

#include <span>
#include <string>
#include <vector>

namespace lakh::load {

// Of one run. `id` begins the names on the page.
chart rate_chart(const run_report& run);
chart latency_chart(const run_report& run);
chart percentile_chart(const run_report& run);

// Of several, laid over one another from their beginnings. `names` are what the runs are called.
chart rates_chart(std::span<const run_report> runs, std::span<const std::string> names);
chart latencies_chart(std::span<const run_report> runs, std::span<const std::string> names);  // p99 over time
chart percentiles_chart(std::span<const run_report> runs, std::span<const std::string> names);

// "run1" … "run8": the colours of several runs.
std::string_view run_colour(std::size_t index) noexcept;
inline constexpr std::size_t most_runs = 8;

}  // namespace lakh::load
