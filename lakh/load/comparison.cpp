#include <lakh/load/comparison.hpp>
#include <lakh/load/report_text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

namespace lakh::load {
namespace {

double per_item(double sum, const shape_run& run) noexcept {
  return sum / static_cast<double>(std::max<std::uint64_t>(run.settled(), 1));
}

struct ranked_shape {
  std::size_t shape = 0;
  spread value;
};

// The shapes that have the figure, the best first.
std::vector<ranked_shape> ranked(const comparison& all, figure which, bool more_is_better) {
  std::vector<ranked_shape> order;
  for (std::size_t i = 0; i < all.shapes.size(); ++i)
    if (const auto one = spread_of(all.shapes[i], which)) order.push_back({i, *one});
  std::ranges::sort(order, [&](const ranked_shape& a, const ranked_shape& b) {
    const double first = more_is_better ? b.value.median : a.value.median;
    const double second = more_is_better ? a.value.median : b.value.median;
    return first != second ? first < second : a.shape < b.shape;
  });
  return order;
}

bool touch(const spread& a, const spread& b) noexcept {
  return a.least <= b.most && b.least <= a.most;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return text;
}

// The worst of those that are told apart from the best; null where none is.
const ranked_shape* worst_told_apart(const std::vector<ranked_shape>& order) {
  for (auto at = order.rbegin(); at != order.rend(); ++at)
    if (!touch(at->value, order.front().value)) return &*at;
  return nullptr;
}

// "; auto and threads:8 are not told apart from it by their rounds", or nothing.
std::string beside_the_best(const comparison& all, const std::vector<ranked_shape>& order) {
  std::vector<std::string> names;
  for (auto at = order.begin() + 1; at != order.end(); ++at)
    if (touch(at->value, order.front().value)) names.push_back(all.shapes[at->shape].name);
  if (names.empty()) return {};
  return "; " + listed(names) +
         (names.size() == 1 ? " is not told apart from it by its rounds"
                            : " are not told apart from it by their rounds");
}

// "serial took the least processor time for an item: 400 µs, against 1.00 ms of auto". Nothing where none is told
// apart.
void add_least(std::vector<std::string>& said, const comparison& all, figure which, std::string_view what) {
  const auto order = ranked(all, which, false);
  const ranked_shape* const worst = worst_told_apart(order);
  if (worst == nullptr) return;
  said.push_back(fmt::format("{} {}: {}, against {} of {}{}", all.shapes[order.front().shape].name, what,
                             figure_text(order.front().value.median, which), figure_text(worst->value.median, which),
                             all.shapes[worst->shape].name, beside_the_best(all, order)));
}

}  // namespace

std::size_t compared_shape::counted() const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(runs, &shape_run::counts));
}

std::vector<std::size_t> order_of_round(std::size_t shapes, unsigned round) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < shapes; ++i) order.push_back((i + round - 1) % shapes);
  return order;
}

bool is_slow(std::uint64_t lanes, std::uint64_t widest) noexcept {
  return lanes <= widest / 4;
}

std::optional<spread> spread_of(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  spread result;
  result.median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  result.least = values.front();
  result.most = values.back();
  return result;
}

double value_of(const shape_run& run, figure which) noexcept {
  switch (which) {
    case figure::wall: return run.seconds * 1e6;
    case figure::rate: return run.seconds > 0 ? static_cast<double>(run.settled()) / run.seconds : 0;
    case figure::cpu_per_item: return per_item((run.user_seconds + run.system_seconds) * 1e6, run);
    case figure::memory: return static_cast<double>(run.peak_bytes);
    case figure::p50: return run.p50_us;
    case figure::p99: return run.p99_us;
    case figure::voluntary: return per_item(static_cast<double>(run.voluntary_switches), run);
    case figure::involuntary: return per_item(static_cast<double>(run.involuntary_switches), run);
  }
  return 0;
}

std::optional<spread> spread_of(const compared_shape& shape, figure which) {
  std::vector<double> values;
  for (const shape_run& run : shape.runs)
    if (run.counts()) values.push_back(value_of(run, which));
  return spread_of(std::move(values));
}

std::optional<spread> rate_ratio(const comparison& all, std::size_t shape) {
  std::vector<double> ratios;
  for (const shape_run& run : all.shapes[shape].runs)
    for (const shape_run& first : all.shapes.front().runs)
      if (run.round == first.round && run.counts() && first.counts() && value_of(first, figure::rate) > 0)
        ratios.push_back(value_of(run, figure::rate) / value_of(first, figure::rate));
  return spread_of(std::move(ratios));
}

std::vector<std::string> findings(const comparison& all) {
  std::vector<std::string> said;
  const auto order = ranked(all, figure::rate, true);
  if (order.size() < 2) return said;
  const ranked_shape& best = order.front();
  const std::string rate = figure_text(best.value.median, figure::rate);
  if (worst_told_apart(order) == nullptr) {
    said.push_back(fmt::format("No shape was slower than the best, {}, beyond the spread of its rounds: {} to {}",
                               all.shapes[best.shape].name, figure_text(order.back().value.median, figure::rate),
                               rate));
  } else {
    std::string line = fmt::format("{} was the fastest, with {}", all.shapes[best.shape].name, rate);
    const auto first = std::ranges::find(order, std::size_t{0}, &ranked_shape::shape);
    const auto ratio = rate_ratio(all, best.shape);
    if (ratio && first != order.end() && !touch(first->value, best.value))
      line += fmt::format(": {} times the rate of {}", ratio_text(ratio->median), all.shapes.front().name);
    said.push_back(line + beside_the_best(all, order));
  }
  add_least(said, all, figure::cpu_per_item, "took the least processor time for an item");
  add_least(said, all, figure::memory, "held the least memory");
  return said;
}

std::vector<std::string> caveats(const comparison& all) {
  std::vector<std::string> said;
  for (const compared_shape& shape : all.shapes)
    if (shape.fewer && shape.items)
      said.push_back(
          fmt::format("{} ran with {} items only, as was asked for slow shapes: the program's own start weighs more "
                      "in its figures for an item",
                      shape.name, grouped(*shape.items)));
  for (const compared_shape& shape : all.shapes)
    for (const shape_run& run : shape.runs)
      if (!run.counts())
        said.push_back(fmt::format("{}, round {}{}, does not count: {}", shape.name, run.round,
                                   run.run_id.empty() ? std::string() : " (run " + run.run_id + ")", run.problem));
  std::vector<std::string> once;
  for (const compared_shape& shape : all.shapes)
    if (shape.counted() == 1) once.push_back(shape.name);
  if (once.size() == 1)
    said.push_back(once.front() + " has one run that counts: how far its figures vary is not known");
  else if (!once.empty())
    said.push_back(fmt::format("{} one run each that counts: how far their figures vary is not known",
                               once.size() == all.shapes.size() ? "the shapes have" : listed(once) + " have"));
  if (all.cut_short) said.emplace_back("the comparison was stopped before its last round");
  if (!all.ledger) said.emplace_back("without ledgers, as was asked: none of the runs can be proved");
  return said;
}

std::string bytes_text(double bytes) {
  if (bytes >= 999.5e6) return number_text(bytes / 1e9) + " GB";
  if (bytes >= 999.5e3) return number_text(bytes / 1e6) + " MB";
  return number_text(bytes / 1e3) + " kB";
}

std::string figure_text(double value, figure which) {
  switch (which) {
    case figure::rate: return number_text(value) + "/s";
    case figure::memory: return bytes_text(value);
    case figure::voluntary:
    case figure::involuntary: return number_text(value);
    case figure::wall:
    case figure::cpu_per_item:
    case figure::p50:
    case figure::p99: break;
  }
  return duration_text(value);
}

std::string range_text(const spread& one, figure which) {
  const auto unit_at = [](const std::string& text) { return text.find_last_of("0123456789") + 1; };
  const std::string median = figure_text(one.median, which);
  const auto bare = [&](double value) {
    std::string text = figure_text(value, which);
    if (text.substr(unit_at(text)) == median.substr(unit_at(median))) text.resize(unit_at(text));
    return text;
  };
  const std::string least = bare(one.least);
  const std::string most = bare(one.most);
  return least == most ? least : least + "–" + most;
}

std::string ratio_text(double ratio) {
  return fmt::format("{:.{}f}", ratio, ratio < 9.995 ? 2 : ratio < 99.95 ? 1 : 0);
}

}  // namespace lakh::load
