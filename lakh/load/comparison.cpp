#include <lakh/load/comparison.hpp>
#include <lakh/load/report_text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

namespace lakh::load {
namespace {

constexpr std::array<std::string_view, 8> figure_names{
    {"wall", "rate", "cpu_per_item", "memory", "p50", "p99", "voluntary", "involuntary"}};

double per_item(double sum, const shape_run& run) noexcept {
  return sum / static_cast<double>(std::max<std::uint64_t>(run.settled(), 1));
}

// The shapes that have the figure, the best first.
std::vector<std::pair<std::size_t, spread>> ranked(const comparison& all, figure which, bool more_is_better) {
  std::vector<std::pair<std::size_t, spread>> order;
  for (std::size_t i = 0; i < all.shapes.size(); ++i)
    if (const auto one = spread_of(all.shapes[i], which)) order.emplace_back(i, *one);
  std::ranges::sort(order, [&](const auto& a, const auto& b) {
    const double first = more_is_better ? b.second.median : a.second.median;
    const double second = more_is_better ? a.second.median : b.second.median;
    return first != second ? first < second : a.first < b.first;
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

// The best, and all whose spread touches the best's.
std::vector<std::string> leaders(const comparison& all, const std::vector<std::pair<std::size_t, spread>>& order) {
  std::vector<std::string> names;
  for (const auto& [shape, value] : order)
    if (touch(value, order.front().second)) names.push_back(all.shapes[shape].name);
  return names;
}

std::string ratio_text(double ratio) {
  return ratio < 10 ? fmt::format("{:.2f}", ratio) : fmt::format("{:.1f}", ratio);
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

std::string_view name(figure which) noexcept {
  return figure_names[static_cast<std::size_t>(which)];
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
  const auto fastest = ranked(all, figure::rate, true);
  if (fastest.size() < 2) return said;
  const auto fast_names = leaders(all, fastest);
  const std::string rate = figure_text(fastest.front().second.median, figure::rate);
  if (fast_names.size() == fastest.size()) {
    said.push_back(fmt::format("No shape was faster than another beyond the spread of its rounds: {}",
                               figure_text(fastest.back().second.median, figure::rate) + " to " + rate));
  } else {
    std::string line = listed(fast_names);
    line += fast_names.size() == 1 ? " was the fastest, with "
                                   : " were the fastest, not told apart by their rounds, with up to ";
    line += rate;
    const auto ratio = rate_ratio(all, fastest.front().first);
    if (fastest.front().first != 0 && ratio)
      line += fmt::format(": {} times the rate of {}", ratio_text(ratio->median), all.shapes.front().name);
    said.push_back(std::move(line));
  }
  const auto cheapest = ranked(all, figure::cpu_per_item, false);
  const auto cheap_names = leaders(all, cheapest);
  if (cheap_names.size() < cheapest.size())
    said.push_back(fmt::format("{} took the least processor time for an item: {}, against {} of {}",
                               listed(cheap_names), figure_text(cheapest.front().second.median, figure::cpu_per_item),
                               figure_text(cheapest.back().second.median, figure::cpu_per_item),
                               all.shapes[cheapest.back().first].name));
  const auto leanest = ranked(all, figure::memory, false);
  const auto lean_names = leaders(all, leanest);
  if (lean_names.size() < leanest.size())
    said.push_back(fmt::format("{} held the least memory: {}, against {} of {}", listed(lean_names),
                               figure_text(leanest.front().second.median, figure::memory),
                               figure_text(leanest.back().second.median, figure::memory),
                               all.shapes[leanest.back().first].name));
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
  for (const compared_shape& shape : all.shapes)
    if (shape.counted() == 1)
      said.push_back(shape.name + " has one run that counts: how far its figures vary is not known");
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

}  // namespace lakh::load
