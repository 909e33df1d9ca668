#include "report_files.hpp"

#include <lakh/core/clock.hpp>
#include <lakh/core/error.hpp>
#include <lakh/load/report_formats.hpp>
#include <lakh/load/report_html.hpp>

#include <algorithm>
#include <cerrno>
#include <fstream>

#include <unistd.h>

namespace lakh::cli {

void write_whole(const std::filesystem::path& file, std::string_view text) {
  const std::filesystem::path draft = file.string() + ".part-" + std::to_string(::getpid());
  std::error_code code;
  {
    std::ofstream out(draft, std::ios::binary | std::ios::trunc);
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    out.close();
    if (!out) code = std::error_code(errno == 0 ? EIO : errno, std::generic_category());
  }
  if (!code) std::filesystem::rename(draft, file, code);
  if (code) {
    std::error_code ignored;
    std::filesystem::remove(draft, ignored);
    throw storage_error(code, file.string() + ": cannot write it: " + code.message(),
                        "choose another place, or free the disk");
  }
}

run_files write_run_files(const words& given, std::span<const load::limit> limits, const actions::load_report& report,
                          const std::string& title, const std::string& target) {
  run_files files;
  const auto junit = given.text("--junit");
  const bool page = !report.folder.empty() && !given.has("--no-report");
  if (limits.empty() && !junit && !page) return files;

  load::run_report run;
  try {
    run = report.folder.empty() ? load::report_without_ledger(report.run.stats, report.result, report.run.elapsed)
                                : load::read_run_report(report.folder);
  } catch (const storage_error& unreadable) {
    // The ledger's own trouble was told already, and by a worse exit code than a broken limit has.
    files.notes.push_back(std::string("no report: ") + unreadable.what());
    files.kept = limits.empty();
    return files;
  }
  if (report.folder.empty()) {
    run.info.run_id = report.run_id;
    run.info.title = title;
    run.info.target = target;
    run.reconciled = report.reconciled;
    run.reconcile_problem = report.reconcile_problem;
  }
  run.limits = load::judge(limits, run);
  files.limits = run.limits;
  files.kept = std::ranges::all_of(run.limits, &load::limit_verdict::holds);
  if (page) {
    const std::filesystem::path file = report.folder / "report.html";
    try {
      write_whole(file, load::report_html({&run, 1}, rfc3339(wall_now())));
      files.page = file.string();
    } catch (const storage_error& failed) {
      files.notes.push_back(std::string("no report: ") + failed.what());
    }
  }
  if (junit) write_whole(*junit, load::report_junit({&run, 1}));
  return files;
}

}  // namespace lakh::cli
