#include <lakh/core/histogram_log.hpp>
#include <lakh/load/report_formats.hpp>
#include <lakh/load/report_text.hpp>

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <ostream>

namespace lakh::load {
namespace {

std::string csv_field(std::string_view text) {
  if (text.find_first_of("\",\r\n") == std::string_view::npos) return std::string(text);
  std::string field = "\"";
  for (const char c : text) {
    if (c == '"') field += '"';
    field += c;
  }
  return field + "\"";
}

struct junit_case {
  std::string name;
  std::string failure;  // empty: passed
};

std::vector<junit_case> cases_of(const run_report& run) {
  std::vector<junit_case> cases;
  const balance& sheet = run.result;
  std::string balanced;
  if (!sheet.settled())
    balanced =
        fmt::format("requested {}, confirmed {}, failed {}, unknown {}, in doubt {}, not sent {}", sheet.requested,
                    sheet.confirmed, sheet.failed, sheet.unknown, sheet.doubtful, sheet.unclaimed);
  cases.push_back({"requested = confirmed + failed + unknown", std::move(balanced)});
  if (!run.reconcile_problem.empty()) {
    cases.push_back({"reconciliation", run.reconcile_problem});
  } else if (run.reconciled) {
    const reconciliation& both = *run.reconciled;
    std::string differs;
    if (!both.clean())
      differs = fmt::format("missing {}, duplicate {}, altered {}, unexpected {}", both.missing, both.duplicate,
                            both.altered, both.unexpected);
    cases.push_back({"reconciliation", std::move(differs)});
  }
  for (const limit_verdict& one : run.limits)
    cases.push_back({one.text, one.holds ? std::string() : "measured: " + one.actual});
  return cases;
}

}  // namespace

std::string report_csv(std::span<const run_report> runs) {
  std::string out =
      "run,title,at_seconds,bucket_seconds,started,confirmed,failed,unknown,rate_per_second,p50_ms,p99_ms,max_ms\r\n";
  for (const run_report& run : runs) {
    const std::string who = csv_field(run.info.run_id) + "," + csv_field(run.info.title);
    for (std::size_t i = 0; i < run.series.buckets().size(); ++i) {
      const series_bucket& one = run.series.buckets()[i];
      fmt::format_to(std::back_inserter(out), "{},{:.3f},{:.6g},{},{},{},{},{:.3f}", who,
                     static_cast<double>(i) * static_cast<double>(run.series.width()) / 1e6,
                     static_cast<double>(run.series.width()) / 1e6, one.started, one.confirmed, one.failed, one.unknown,
                     static_cast<double>(one.ended()) / run.series.seconds(i));
      if (one.latency.count() == 0)
        out += ",,,\r\n";
      else
        fmt::format_to(
            std::back_inserter(out), ",{:.3f},{:.3f},{:.3f}\r\n", static_cast<double>(one.latency.percentile(50)) / 1e3,
            static_cast<double>(one.latency.percentile(99)) / 1e3, static_cast<double>(one.latency.max()) / 1e3);
    }
  }
  return out;
}

void write_report_hdr(std::ostream& out, std::span<const run_report> runs) {
  histogram_log_writer log(out, std::chrono::system_clock::time_point(), "lakh report; values in microseconds");
  for (const run_report& run : runs) {
    const std::chrono::microseconds length(static_cast<std::int64_t>(run.seconds * 1e6));
    const std::string who = runs.size() == 1 ? std::string() : run.info.run_id + "/";
    log.write(who + "from_start", {}, length, run.latency);
    log.write(who + "from_send", {}, length, run.service);
  }
}

std::string report_junit(std::span<const run_report> runs) {
  std::string suites;
  std::size_t all = 0;
  std::size_t broken = 0;
  for (const run_report& run : runs) {
    const std::vector<junit_case> cases = cases_of(run);
    std::size_t failures = 0;
    for (const junit_case& one : cases) failures += one.failure.empty() ? 0 : 1;
    all += cases.size();
    broken += failures;
    const std::string suite = run.info.title.empty() ? run.info.run_id : run.info.title;
    fmt::format_to(std::back_inserter(suites),
                   "  <testsuite name=\"{}\" id=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\" "
                   "time=\"{:.3f}\" timestamp=\"{}\">\n",
                   html(suite), html(run.info.run_id), cases.size(), failures, run.seconds,
                   html(std::string_view(run.info.started_at).substr(0, 19)));
    for (const junit_case& one : cases) {
      fmt::format_to(std::back_inserter(suites), "    <testcase classname=\"{}\" name=\"{}\" time=\"0\"", html(suite),
                     html(one.name));
      if (one.failure.empty())
        suites += "/>\n";
      else
        fmt::format_to(std::back_inserter(suites), ">\n      <failure message=\"{}\"/>\n    </testcase>\n",
                       html(one.failure));
    }
    suites += "  </testsuite>\n";
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"lakh\" tests=\"{}\" failures=\"{}\" "
      "errors=\"0\">\n{}</testsuites>\n",
      all, broken, suites);
}

}  // namespace lakh::load
