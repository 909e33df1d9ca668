#include <lakh/load/report_curves.hpp>
#include <lakh/load/report_sections.hpp>
#include <lakh/load/report_text.hpp>

#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <iterator>
#include <optional>

namespace lakh::load::sections {
namespace {

template <typename... Args> void put(std::string& out, fmt::format_string<Args...> form, Args&&... args) {
  fmt::format_to(std::back_inserter(out), form, std::forward<Args>(args)...);
}

using figure = std::function<std::optional<double>(const run_report&)>;

// How the figure stands to the first run's.
std::string ratio_text(double value, double first) {
  if (first <= 0) return {};
  const double ratio = value / first;
  if (ratio >= 0.995 && ratio < 1.005) return "×1";
  return ratio < 0.1 || ratio >= 100 ? fmt::format("×{:.2g}", ratio) : fmt::format("×{:.2f}", ratio);
}

void append_row(std::string& out, std::span<const run_report> runs, std::string_view name, const figure& of,
                const std::function<std::string(double)>& text, bool ratios) {
  put(out, R"(<tr><th scope="row">{}</th>)", name);
  const std::optional<double> first = of(runs.front());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::optional<double> value = of(runs[i]);
    if (!value) {
      out += "<td>–</td>";
      continue;
    }
    put(out, R"(<td class="num">{})", text(*value));
    if (ratios && i != 0 && first) put(out, R"( <span class="reason">{}</span>)", ratio_text(*value, *first));
    out += "</td>";
  }
  out += "</tr>";
}

}  // namespace

void append_comparison(std::string& out, std::span<const run_report> runs, std::span<const std::string> names) {
  out +=
      R"(<section class="compared" aria-labelledby="compared"><h2 id="compared" class="hidden">Figures compared</h2>)"
      R"(<div class="wide"><table><caption>Figures of the runs, with the ratio to the first</caption><thead><tr><th scope="col"><span class="hidden">figure</span></th>)";
  for (std::size_t i = 0; i < runs.size(); ++i)
    put(out, R"(<th scope="col"><i class="key {}"></i><bdi>{}</bdi></th>)", run_colour(i), html(names[i]));
  out += R"(</tr></thead><tbody><tr><th scope="row">balance</th>)";
  for (const run_report& run : runs) {
    out += "<td>";
    append_bar(out, run.result, true);
    out += "</td>";
  }
  out += "</tr>";
  const auto items = [](double value) { return grouped(static_cast<std::uint64_t>(value)); };
  const auto count = [&](std::string_view name, std::uint64_t balance::* part) {
    append_row(
        out, runs, name, [part](const run_report& run) { return static_cast<double>(run.result.*part); }, items, false);
  };
  count("requested", &balance::requested);
  count("confirmed", &balance::confirmed);
  count("failed", &balance::failed);
  count("unknown", &balance::unknown);
  for (const run_report& run : runs)
    if (run.result.doubtful + run.result.unclaimed != 0) {
      append_row(
          out, runs, "not settled",
          [](const run_report& r) { return static_cast<double>(r.result.doubtful + r.result.unclaimed); }, items,
          false);
      break;
    }
  append_row(
      out, runs, "retries", [](const run_report& run) { return static_cast<double>(run.retries); }, items, false);
  append_row(out, runs, "time", [](const run_report& run) { return run.seconds * 1e6; }, duration_text, true);
  append_row(
      out, runs, "rate", [](const run_report& run) { return run.rate(); },
      [](double value) { return number_text(value) + "/s"; }, true);
  const auto latency = [&](std::string_view name, double percent, histogram run_report::* values) {
    append_row(
        out, runs, name,
        [=](const run_report& run) -> std::optional<double> {
          if ((run.*values).empty()) return std::nullopt;
          return static_cast<double>((run.*values).percentile(percent).count());
        },
        duration_text, true);
  };
  latency("p50 from start", 50, &run_report::latency);
  latency("p90 from start", 90, &run_report::latency);
  latency("p99 from start", 99, &run_report::latency);
  latency("p99.9 from start", 99.9, &run_report::latency);
  latency("slowest", 100, &run_report::latency);
  latency("p50 from send", 50, &run_report::service);
  latency("p99 from send", 99, &run_report::service);
  const auto words = [&](std::string_view name, auto text) {
    put(out, R"(<tr><th scope="row">{}</th>)", name);
    for (const run_report& run : runs) put(out, "<td>{}</td>", text(run));
    out += "</tr>";
  };
  words("state", [](const run_report& run) { return html(run.state); });
  words("reconciled", [](const run_report& run) -> std::string {
    if (!run.reconcile_problem.empty()) return R"(<span class="broken">could not be</span>)";
    if (!run.reconciled) return "–";
    return run.reconciled->clean() ? R"(<span class="good">agrees</span>)" : R"(<span class="broken">differs</span>)";
  });
  words("target", [](const run_report& run) { return "<bdi>" + html(run.info.target) + "</bdi>"; });
  words("began", [](const run_report& run) { return html(date_text(run.info.started_at)); });
  words("run", [](const run_report& run) { return R"(<span class="mono">)" + html(run.info.run_id) + "</span>"; });
  out += "</tbody></table></div></section>\n";
}

}  // namespace lakh::load::sections
