#include <lakh/core/duration.hpp>
#include <lakh/core/text.hpp>
#include <lakh/load/limit.hpp>
#include <lakh/load/report_text.hpp>
#include <lakh/load/run_report.hpp>
#include <lakh/load/yaml.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace lakh::load {
namespace {

enum class measure : std::uint8_t { latency, items, rate, time };

struct metric_name {
  std::string_view name;
  limit_metric metric;
  measure of;
};

constexpr std::array<metric_name, 18> metrics{{
    {"min", limit_metric::min, measure::latency},
    {"mean", limit_metric::mean, measure::latency},
    {"max", limit_metric::max, measure::latency},
    {"requested", limit_metric::requested, measure::items},
    {"confirmed", limit_metric::confirmed, measure::items},
    {"failed", limit_metric::failed, measure::items},
    {"unknown", limit_metric::unknown, measure::items},
    {"doubtful", limit_metric::doubtful, measure::items},
    {"unsent", limit_metric::unsent, measure::items},
    {"errors", limit_metric::errors, measure::items},
    {"attempts", limit_metric::attempts, measure::items},
    {"retries", limit_metric::retries, measure::items},
    {"missing", limit_metric::missing, measure::items},
    {"duplicate", limit_metric::duplicate, measure::items},
    {"altered", limit_metric::altered, measure::items},
    {"unexpected", limit_metric::unexpected, measure::items},
    {"rate", limit_metric::rate, measure::rate},
    {"time", limit_metric::time, measure::time},
}};

constexpr std::array<std::pair<std::string_view, limit_comparison>, 6> comparisons{{{"<=", limit_comparison::at_most},
                                                                                    {">=", limit_comparison::at_least},
                                                                                    {"==", limit_comparison::equal},
                                                                                    {"<", limit_comparison::less},
                                                                                    {">", limit_comparison::more},
                                                                                    {"=", limit_comparison::equal}}};

constexpr std::string_view example = "as in p99<250ms, failed=0, errors<0.1% or rate>=500/s";

[[noreturn]] void refuse(std::string_view text, const std::string& what, const input_place& place,
                         std::string hint = std::string(example)) {
  throw input_error(place, "limit '" + std::string(text) + "': " + what, std::move(hint));
}

std::optional<double> plain_number(std::string_view text) {
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  // Begins with a digit: from_chars would also read -1, inf and nan.
  if (text.empty() || text.front() < '0' || text.front() > '9' || read.ec != std::errc() ||
      read.ptr != text.data() + text.size())
    return std::nullopt;
  return value;
}

measure read_metric(std::string_view whole, std::string_view name, const input_place& place, limit& out) {
  std::string_view bare = name;
  bool prefixed = false;
  for (const auto& [prefix, from_send] : {std::pair(std::string_view("send."), true), {"start.", false}})
    if (bare.starts_with(prefix)) {
      bare.remove_prefix(prefix.size());
      out.from_send = from_send;
      prefixed = true;
      break;
    }
  if (bare.size() > 1 && bare.front() == 'p' && bare[1] >= '0' && bare[1] <= '9') {
    const auto percent = plain_number(bare.substr(1));
    if (!percent || *percent > 100)
      refuse(whole, "'" + std::string(bare) + "' is not a percentile", place, "from p0 to p100, as in p99 or p99.9");
    out.metric = limit_metric::percentile;
    out.percent = *percent;
    return measure::latency;
  }
  const auto found = std::ranges::find(metrics, bare, &metric_name::name);
  if (found == metrics.end() || (prefixed && found->of != measure::latency)) {
    std::vector<std::string_view> names = {"p50", "p90", "p99", "p99.9"};
    for (const metric_name& one : metrics) names.push_back(one.name);
    const std::string_view near = nearest(bare, names);
    refuse(whole, "nothing is measured by the name '" + std::string(name) + "'", place,
           near.empty() || near == bare ? "known are " + list_of(names)
                                        : "did you mean '" + std::string(near) + "'? Known are " + list_of(names));
  }
  out.metric = found->metric;
  return found->of;
}

void read_value(std::string_view text, measure of, const input_place& place, limit& out, std::string_view value) {
  switch (of) {
    case measure::latency:
    case measure::time: {
      const auto duration = parse_duration(value);
      if (!duration || (value != "0" && plain_number(value)))
        refuse(text, "'" + std::string(value) + "' is not a time", place, "a number and a unit, as in 250ms or 1.5s");
      out.value = static_cast<double>(duration->count()) / 1e3;
      return;
    }
    case measure::rate: {
      const auto rate = parse_rate(value);
      if (!rate) refuse(text, "'" + std::string(value) + "' is not a rate", place, "as in 500/s or 300/m");
      out.value = rate->per_second();
      return;
    }
    case measure::items: break;
  }
  out.share = value.ends_with('%');
  const auto number = plain_number(out.share ? value.substr(0, value.size() - 1) : value);
  if (!number || (!out.share && *number != static_cast<double>(static_cast<std::uint64_t>(std::min(*number, 1e15)))))
    refuse(text, "'" + std::string(value) + "' is not a number of items", place,
           "a whole number, or a share as in 0.1%");
  if (out.share && *number > 100) refuse(text, "a share is at most 100%", place);
  out.value = out.share ? *number / 100 : *number;
}

bool compare(double actual, limit_comparison how, double bound) {
  switch (how) {
    case limit_comparison::less: return actual < bound;
    case limit_comparison::at_most: return actual <= bound;
    case limit_comparison::more: return actual > bound;
    case limit_comparison::at_least: return actual >= bound;
    case limit_comparison::equal: break;
  }
  return actual == bound;
}

std::optional<double> latency_of(const limit& one, const run_report& report) {
  const histogram& values = one.from_send ? report.service : report.latency;
  if (values.empty()) return std::nullopt;
  switch (one.metric) {
    case limit_metric::min: return static_cast<double>(values.min().count());
    case limit_metric::mean: return values.mean();
    case limit_metric::max: return static_cast<double>(values.max().count());
    default: return static_cast<double>(values.percentile(one.percent).count());
  }
}

std::optional<std::uint64_t> items_of(limit_metric metric, const run_report& report) {
  const balance& sheet = report.result;
  const auto& both = report.reconciled;
  switch (metric) {
    case limit_metric::requested: return sheet.requested;
    case limit_metric::confirmed: return sheet.confirmed;
    case limit_metric::failed: return sheet.failed;
    case limit_metric::unknown: return sheet.unknown;
    case limit_metric::doubtful: return sheet.doubtful;
    case limit_metric::unsent: return sheet.unclaimed;
    case limit_metric::errors: return sheet.failed + sheet.unknown;
    case limit_metric::attempts: return report.attempts;
    case limit_metric::retries: return report.retries;
    case limit_metric::missing: return both ? std::optional(both->missing) : std::nullopt;
    case limit_metric::duplicate: return both ? std::optional(both->duplicate) : std::nullopt;
    case limit_metric::altered: return both ? std::optional(both->altered) : std::nullopt;
    case limit_metric::unexpected: return both ? std::optional(both->unexpected) : std::nullopt;
    default: return std::nullopt;
  }
}

}  // namespace

limit parse_limit(std::string_view written, const input_place& place) {
  std::string text;
  for (const char c : written)
    if (c != ' ' && c != '\t') text += c;
  limit one;
  one.text = text;
  const std::size_t at = text.find_first_of("<>=");
  if (at == std::string::npos || at == 0) refuse(written, "it does not compare anything", place);
  const std::string_view rest = std::string_view(text).substr(at);
  const auto* comparison = std::ranges::find_if(comparisons, [&](const auto& c) { return rest.starts_with(c.first); });
  one.comparison = comparison->second;
  const measure of = read_metric(written, std::string_view(text).substr(0, at), place, one);
  read_value(written, of, place, one, rest.substr(comparison->first.size()));
  return one;
}

std::vector<limit> read_limits(const config& list) {
  std::vector<limit> all;
  const auto add = [&all](const config& one) {
    all.push_back(parse_limit(one.text("limits.assert"), one.place_in_text(0)));
  };
  if (list.is_scalar())
    add(list);
  else
    for (const config& one : list.items("limits.assert")) add(one);
  return all;
}

std::vector<limit> limits_of_plan(const std::filesystem::path& run_folder) {
  const config tree = load_yaml(run_folder / "plan.yaml");
  const config* limits = tree.find("limits");
  const config* list = limits == nullptr ? nullptr : limits->find("assert");
  return list == nullptr || list->is_null() ? std::vector<limit>() : read_limits(*list);
}

limit_verdict judge(const limit& one, const run_report& report) {
  limit_verdict verdict;
  verdict.text = one.text;
  std::optional<double> actual;
  if (one.metric <= limit_metric::max) {
    actual = latency_of(one, report);
    if (actual) verdict.actual = duration_text(*actual);
  } else if (one.metric == limit_metric::rate) {
    if (report.seconds > 0) actual = report.rate();
    if (actual) verdict.actual = number_text(*actual) + "/s";
  } else if (one.metric == limit_metric::time) {
    actual = report.seconds * 1e6;
    verdict.actual = duration_text(*actual);
  } else if (const auto items = items_of(one.metric, report)) {
    const std::uint64_t all = report.result.requested;
    if (!one.share) {
      actual = static_cast<double>(*items);
      verdict.actual = grouped(*items);
    } else if (all != 0) {
      actual = static_cast<double>(*items) / static_cast<double>(all);
      verdict.actual = share_text(*items, all);
    }
  }
  if (!actual) {
    verdict.actual = "never measured";
    return verdict;
  }
  verdict.holds = compare(*actual, one.comparison, one.value);
  return verdict;
}

std::vector<limit_verdict> judge(std::span<const limit> all, const run_report& report) {
  std::vector<limit_verdict> verdicts;
  for (const limit& one : all) verdicts.push_back(judge(one, report));
  return verdicts;
}

}  // namespace lakh::load
