#include <lakh/core/text.hpp>
#include <lakh/core/version.hpp>
#include <lakh/load/report_metrics.hpp>

#include <fmt/format.h>

#include <array>
#include <iterator>

namespace lakh::load {
namespace {

template <typename... Args> void put(std::string& out, fmt::format_string<Args...> form, Args&&... args) {
  fmt::format_to(std::back_inserter(out), form, std::forward<Args>(args)...);
}

void head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  put(out, "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

// Inside quotation marks; what is not UTF-8 the format cannot hold.
std::string label(std::string_view text) {
  std::string out;
  const bool good = is_utf8(text);
  for (const char c : text) {
    if (c == '\\' || c == '"') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += good || static_cast<unsigned char>(c) < 0x80 ? c : '?';
    }
  }
  return out;
}

// Upper ends in µs with their names in seconds: from half a millisecond to a minute.
constexpr std::array<std::pair<std::uint64_t, std::string_view>, 17> bounds{{{500, "0.0005"},
                                                                             {1'000, "0.001"},
                                                                             {2'500, "0.0025"},
                                                                             {5'000, "0.005"},
                                                                             {10'000, "0.01"},
                                                                             {25'000, "0.025"},
                                                                             {50'000, "0.05"},
                                                                             {100'000, "0.1"},
                                                                             {250'000, "0.25"},
                                                                             {500'000, "0.5"},
                                                                             {1'000'000, "1"},
                                                                             {2'500'000, "2.5"},
                                                                             {5'000'000, "5"},
                                                                             {10'000'000, "10"},
                                                                             {20'000'000, "20"},
                                                                             {30'000'000, "30"},
                                                                             {60'000'000, "60"}}};

void put_histogram(std::string& out, std::string_view name, std::string_view help, const histogram& values) {
  head(out, name, "histogram", help);
  std::array<std::uint64_t, bounds.size()> counts{};
  values.for_each([&](const histogram::bucket& one) {
    // One that a bound falls into counts below it: none is wider than a thousandth of its values.
    for (std::size_t i = 0; i < bounds.size(); ++i)
      if (one.lowest <= bounds[i].first) {
        counts[i] += one.count;
        break;
      }
  });
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i)
    put(out, "{}_bucket{{le=\"{}\"}} {}\n", name, bounds[i].second, sum += counts[i]);
  put(out, "{0}_bucket{{le=\"+Inf\"}} {1}\n{0}_sum {2:.6f}\n{0}_count {1}\n", name, values.count(),
      values.mean() * static_cast<double>(values.count()) / 1e6);
}

}  // namespace

std::string metrics_text(const run_progress& now, const metrics_facts& facts) {
  const run_stats& stats = now.stats;
  std::string out;
  head(out, "lakh_run_info", "gauge", "The run, by its name, its target and the version of lakh.");
  put(out, "lakh_run_info{{title=\"{}\",target=\"{}\",version=\"{}\"}} 1\n", label(facts.title), label(facts.target),
      version);
  if (now.requested) {
    head(out, "lakh_items_requested", "gauge", "Items that the run is asked for.");
    put(out, "lakh_items_requested {}\n", *now.requested);
  }
  head(out, "lakh_items_total", "counter", "Items with an outcome.");
  put(out, "lakh_items_total{{outcome=\"confirmed\"}} {}\n", stats.confirmed);
  put(out, "lakh_items_total{{outcome=\"failed\"}} {}\n", stats.failed);
  put(out, "lakh_items_total{{outcome=\"unknown\"}} {}\n", stats.unknown);
  head(out, "lakh_items_in_flight", "gauge", "Items that a user holds now.");
  put(out, "lakh_items_in_flight {}\n", stats.in_flight);
  head(out, "lakh_attempts_total", "counter", "Attempts, the first of each item included.");
  put(out, "lakh_attempts_total {}\n", stats.attempts);
  head(out, "lakh_retries_total", "counter", "Attempts after the first.");
  put(out, "lakh_retries_total {}\n", stats.retries);
  head(out, "lakh_answers_total", "counter", "Answers by status, those to attempts that were retried included.");
  for (std::size_t status = 0; status < stats.statuses.size(); ++status)
    if (stats.statuses[status] != 0)
      put(out, "lakh_answers_total{{status=\"{}\"}} {}\n", status, stats.statuses[status]);
  head(out, "lakh_errors_total", "counter", "Attempts that ended without an answer, by kind.");
  for (std::size_t kind = 1; kind < stats.errors.size(); ++kind)
    put(out, "lakh_errors_total{{kind=\"{}\"}} {}\n", name(static_cast<error_kind>(kind)), stats.errors[kind]);
  head(out, "lakh_elapsed_seconds", "gauge", "Since the session began.");
  put(out, "lakh_elapsed_seconds {:.3f}\n", std::chrono::duration<double>(now.elapsed).count());
  put_histogram(out, "lakh_latency_seconds", "Of items, from the intended start to the end.", stats.latency);
  put_histogram(out, "lakh_service_seconds", "Of attempts that were answered, from the send to the end.",
                stats.service);
  return out;
}

}  // namespace lakh::load
