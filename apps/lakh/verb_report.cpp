// `lakh report`: what a run did, for people and for programs, computed from its ledger.
#include "report_files.hpp"
#include "verb.hpp"

#include <lakh/core/clock.hpp>
#include <lakh/core/error.hpp>
#include <lakh/load/limit.hpp>
#include <lakh/load/report_curves.hpp>
#include <lakh/load/report_formats.hpp>
#include <lakh/load/report_html.hpp>
#include <lakh/load/run_folder.hpp>

#include <algorithm>
#include <ostream>
#include <sstream>

namespace lakh::cli {
namespace {

std::string written_as(const std::string& format, std::span<const load::run_report> runs) {
  const std::string now = rfc3339(wall_now());
  if (format == "json") return load::report_json(runs, now);
  if (format == "csv") return load::report_csv(runs);
  if (format == "junit") return load::report_junit(runs);
  if (format == "hdr") {
    std::ostringstream out;
    load::write_report_hdr(out, runs);
    return std::move(out).str();
  }
  return load::report_html(runs, now);
}

// By the option, else by the file's name, else HTML.
std::string format_of(const words& given) {
  if (const auto said = given.text("--format")) return *said;
  const std::string extension = std::filesystem::path(given.text("--output").value_or("")).extension().string();
  if (extension == ".json" || extension == ".csv") return extension.substr(1);
  if (extension == ".xml") return "junit";
  if (extension == ".hlog" || extension == ".hdr") return "hdr";
  return "html";
}

int run_report_verb(environment& env, const words& given) {
  const std::filesystem::path root = given.text("--runs").value_or("runs");
  std::vector<std::string> wanted = given.positional();
  if (wanted.empty()) wanted.emplace_back("last");
  if (wanted.size() > load::most_runs)
    throw input_error("a report shows at most " + std::to_string(load::most_runs) + " runs side by side",
                      "make several reports");
  std::vector<load::limit> limits;
  for (const std::string& text : given.all("--limit"))
    limits.push_back(load::parse_limit(text, input_place("--limit")));

  std::vector<load::run_report> runs;
  bool kept = true;
  for (const std::string& name : wanted) {
    const std::filesystem::path folder = load::run_folder::find(root, name);
    load::run_report& run = runs.emplace_back(load::read_run_report(folder));
    run.limits = load::judge(limits.empty() ? load::limits_of_plan(folder) : limits, run);
    kept = kept && std::ranges::all_of(run.limits, &load::limit_verdict::holds);
  }

  const std::string format = format_of(given);
  const std::string text = written_as(format, runs);
  std::string file = given.text("--output").value_or("");
  if (file.empty() && format == "html" && runs.size() == 1) file = (runs.front().folder / "report.html").string();
  if (file.empty() && format == "html" && env.out_is_terminal) file = "report.html";
  if (file.empty() || file == "-") {
    *env.out << text;
  } else {
    write_whole(file, text);
    *env.err << "written: " << file << '\n';
  }
  return kept ? all_well : limit_broken;
}

}  // namespace

const verb& report_verb() {
  static const verb made = {
      .name = "report",
      .summary = "shows what runs did: charts, percentiles, errors, balance; for people and for CI",
      .usage = {"lakh report [RUN...] [options]"},
      .about =
          "RUN is a run's name, the beginning or the last part of one, 'last' for the newest (the default), or the "
          "path "
          "of its folder. Several runs are laid over one another and compared.\n"
          "All figures are computed from the ledgers, whose digests are checked. HTML of one run goes to report.html "
          "in "
          "its folder, all else to stdout, unless -o says otherwise; the page is one file that needs no network.\n"
          "Limits are those of the run's plan, unless --limit gives others; the exit code is 6 where one is broken.\n",
      .options =
          {
              {.name = "--runs", .value = "FOLDER", .help = "where the runs are (./runs)", .kind = value_kind::folder},
              {.name = "--output",
               .letter = 'o',
               .value = "FILE",
               .help = "where to write it; - is stdout",
               .kind = value_kind::file},
              {.name = "--format",
               .value = "FORMAT",
               .help = "what to write (by the file's name, else html)",
               .choices = {"html", "json", "csv", "junit", "hdr"}},
              {.name = "--limit",
               .value = "LIMIT",
               .help = "what the run must have kept to, as in p99<250ms, failed=0, rate>=500/s or errors<0.1%",
               .repeated = true},
          },
      .positionals = {{.name = "RUN", .choices = {"last"}}},
      .more_positionals = true,
      .examples =
          {
              {"lakh report", "writes report.html of the newest run into its folder"},
              {"lakh report k7f3q2 m2x9ab -o compared.html", "two runs side by side"},
              {"lakh report last --format json | jq '.runs[0].latency_ms.from_start.p99'", "a figure for a program"},
              {"lakh report last --limit 'p99<250ms' --limit failed=0 -o limits.xml",
               "JUnit for CI; exit code 6 if one "
               "is broken"},
              {"lakh report last --format csv -o run.csv", "the series over time, for a spreadsheet"},
          },
      .run = run_report_verb,
  };
  return made;
}

}  // namespace lakh::cli
