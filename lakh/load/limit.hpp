// What a run must keep to, said in a few characters: "p99<250ms", "failed=0", "rate>=500/s", "errors<0.1%".
//
//   METRIC OP VALUE    OP is one of <  <=  >  >=  =
//
//   p50 … p99.99, min, mean, max     latency from the intended start; with send. before it, from the send: "send.p99"
//   requested, confirmed, failed, unknown, doubtful, unsent, errors (failed and unknown together), attempts, retries
//                                    a number, or a share of all that were requested: "failed<=0.1%"
//   missing, duplicate, altered, unexpected    of the reconciliation
//   rate                             outcomes in a time: "rate>=500/s"
//   time                             how long the run worked: "time<10m"
//
// A limit on what was never measured (latency of no items, a reconciliation that did not take place) is broken.
#pragma once

#include <lakh/core/config.hpp>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::load {

struct run_report;

enum class limit_metric : std::uint8_t {
  percentile,
  min,
  mean,
  max,
  requested,
  confirmed,
  failed,
  unknown,
  doubtful,
  unsent,
  errors,
  attempts,
  retries,
  missing,
  duplicate,
  altered,
  unexpected,
  rate,
  time,
};

enum class limit_comparison : std::uint8_t { less, at_most, more, at_least, equal };

struct limit {
  std::string text;  // as it was written, without spaces
  limit_metric metric = limit_metric::failed;
  limit_comparison comparison = limit_comparison::equal;
  bool from_send = false;  // of latencies
  bool share = false;      // value is a share of all requested, 0 … 1
  double percent = 0;      // of a percentile
  double value = 0;        // µs, items, a share, or outcomes per second

  friend bool operator==(const limit&, const limit&) = default;
};

struct limit_verdict {
  std::string text;  // the limit's
  bool holds = false;
  std::string actual;  // "231 ms", "0", "never measured"
};

// Throws input_error at `place` that says what is not understood.
limit parse_limit(std::string_view written, const input_place& place = {});

// A list of limits, or one, as it stands in a plan under `limits.assert`. Throws input_error.
std::vector<limit> read_limits(const config& list);
// Those of a run's frozen plan. Throws storage_error, input_error.
std::vector<limit> limits_of_plan(const std::filesystem::path& run_folder);

limit_verdict judge(const limit& one, const run_report& report);
std::vector<limit_verdict> judge(std::span<const limit> all, const run_report& report);

}  // namespace lakh::load
