// A run that is under way, as Prometheus reads it: text format 0.0.4.
#pragma once

#include <lakh/load/engine.hpp>

#include <string>
#include <string_view>

namespace lakh::load {

struct metrics_facts {
  std::string title;
  std::string target;
};

// The content type that goes with it.
inline constexpr std::string_view metrics_type = "text/plain; version=0.0.4; charset=utf-8";

// Counters by outcome, by status and by kind of error, histograms of both latencies, what is in flight, and who it is.
std::string metrics_text(const run_progress& now, const metrics_facts& facts);

}  // namespace lakh::load
