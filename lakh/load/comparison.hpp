// The same plan, done in several shapes: what each took, and what may be said of it.
//
// Rules
// 1. A run that did not confirm all its items does not count: it is told, and no figure is made of it.
// 2. Shapes are run in rounds, each shape once in each round, and every round begins with another shape: what the
// machine
//    does meanwhile meets all of them.
// 3. A figure is the median of a shape's runs that count, with the least and the most of them. Ratios are formed within
//    each round.
// 4. Nothing is called faster or cheaper where the spreads of two shapes touch.
#pragma once

#include <lakh/core/histogram.hpp>
#include <lakh/load/balance.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::load {

// One run of one shape, in processes of its own.
struct shape_run {
  unsigned round = 1;
  std::string run_id;       // empty where none began
  int exit_code = 0;        // of its process, as a shell shows it
  std::string problem;      // why it does not count, a sentence; empty where it does
  balance result;           // all zero where none began
  double seconds = 0;       // from the first claim to the last outcome
  double user_seconds = 0;  // of processor, of all its processes, from their start to their end
  double system_seconds = 0;
  std::uint64_t peak_bytes = 0;  // resident, at most, of lakh itself; of several processes the sum
  std::uint64_t voluntary_switches = 0;
  std::uint64_t involuntary_switches = 0;
  double p50_us = 0;  // from the intended start
  double p99_us = 0;

  [[nodiscard]] bool counts() const noexcept { return problem.empty(); }
  [[nodiscard]] std::uint64_t settled() const noexcept { return result.confirmed + result.failed + result.unknown; }
};

struct compared_shape {
  std::string name;                    // "coroutines:64"
  std::uint64_t lanes = 1;             // items in flight at once
  std::optional<std::uint64_t> items;  // asked of each run; nothing for runs by duration
  bool fewer = false;                  // fewer than of the others, as was asked for
  std::vector<shape_run> runs;         // by rounds
  histogram latency;                   // of all runs that count; empty where no ledger was kept

  [[nodiscard]] std::size_t counted() const noexcept;
};

struct comparison {
  std::string title;
  std::string target;
  std::string began_at;  // RFC 3339
  unsigned processors = 1;
  unsigned rounds = 1;
  bool ledger = true;
  bool cut_short = false;  // stopped before its last round
  std::vector<compared_shape> shapes;
};

// So many that their colours are told apart.
inline constexpr std::size_t most_shapes = 8;

// Numbers of the shapes in the order in which a round (from 1) runs them.
std::vector<std::size_t> order_of_round(std::size_t shapes, unsigned round);

// Whether a shape with so many lanes is slow where answers must be waited for: at most a quarter of the widest one's.
bool is_slow(std::uint64_t lanes, std::uint64_t widest) noexcept;

struct spread {
  double median = 0;  // of an even number of values the mean of the two in the middle
  double least = 0;
  double most = 0;
  friend bool operator==(const spread&, const spread&) = default;
};
// Nothing for no values.
std::optional<spread> spread_of(std::vector<double> values);

enum class figure : std::uint8_t {
  wall,          // µs
  rate,          // items per second
  cpu_per_item,  // µs of processor, user and system together
  memory,        // bytes
  p50,           // µs
  p99,           // µs
  voluntary,     // context switches per item: it waited
  involuntary,   // context switches per item: its time was up
};
// What a figure is called, in the order in which they are shown.
struct figure_words {
  figure which;
  std::string_view member;  // of JSON, with its unit
  std::string_view column;  // of a table
  std::string_view title;   // where there is room
};
inline constexpr std::array<figure_words, 8> figures{
    {{figure::wall, "seconds", "time", "time"},
     {figure::rate, "rate", "rate", "rate"},
     {figure::cpu_per_item, "cpu_us_per_item", "CPU/item", "processor time per item"},
     {figure::memory, "peak_bytes", "memory", "peak memory"},
     {figure::p50, "p50_ms", "p50", "p50"},
     {figure::p99, "p99_ms", "p99", "p99"},
     {figure::voluntary, "voluntary_switches_per_item", "voluntary", "voluntary switches per item"},
     {figure::involuntary, "involuntary_switches_per_item", "involuntary", "involuntary switches per item"}}};
double value_of(const shape_run& run, figure which) noexcept;
std::optional<spread> spread_of(const compared_shape& shape, figure which);

// How many times the rate of the first shape, round by round. Nothing where no round has both.
std::optional<spread> rate_ratio(const comparison& all, std::size_t shape);

// What the figures say, a sentence each, in plain text; none where nothing counts.
std::vector<std::string> findings(const comparison& all);
// Runs that do not count and why, shapes with fewer items, a comparison that was cut short: a sentence each.
std::vector<std::string> caveats(const comparison& all);

// "21.3 MB".
std::string bytes_text(double bytes);
// As a person reads it: "1.23 ms", "485/s", "21.3 MB", "0.41".
std::string figure_text(double value, figure which);
// The least and the most: "4.10–4.15"; units stand where they are another than the median's, which stands beside it.
std::string range_text(const spread& one, figure which);
// Three digits: "1.23", "50.0", "123".
std::string ratio_text(double ratio);

// Everything, as one JSON object on one line: docs/schema/comparison.schema.json.
std::string comparison_json(const comparison& all, std::string_view written_at);

}  // namespace lakh::load
