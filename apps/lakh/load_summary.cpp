#include "exit_code.hpp"
#include "load_summary.hpp"

#include <lakh/core/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <tuple>
#include <utility>
#include <vector>

namespace lakh::cli {
namespace {

constexpr std::size_t label_width = 15;
constexpr std::array<std::pair<std::string_view, double>, 4> percentiles{
    {{"p50", 50.0}, {"p90", 90.0}, {"p99", 99.0}, {"p99.9", 99.9}}};

std::string row(std::string_view label, std::string_view text) {
  return fmt::format("  {}{}\n", pad_right(label, label_width), text);
}

std::string latency_row(std::string_view label, const histogram& values) {
  std::string text = "  " + pad_right(label, label_width);
  for (const auto& [name, at] : percentiles) text += pad_left(short_duration(values.percentile(at)), 10);
  return text + pad_left(short_duration(values.max()), 10) + "\n";
}

std::string latency_table(const load::run_stats& stats, const paint& colours) {
  if (stats.latency.empty()) return {};
  std::string head = pad_right("latency", label_width);
  for (const auto& [name, at] : percentiles) head += pad_left(name, 10);
  return "  " + colours.dim(head + pad_left("max", 10)) + "\n" + latency_row("  from start", stats.latency) +
         (stats.service.empty() ? std::string() : latency_row("  from send", stats.service));
}

std::string statuses_text(const load::run_stats& stats, load::code_kind codes, const paint& colours) {
  const std::size_t odd = codes == load::code_kind::exit_code ? 1 : 400;
  std::string text;
  for (std::size_t status = 0; status < stats.statuses.size(); ++status) {
    if (stats.statuses[status] == 0) continue;
    if (status == 0 && codes == load::code_kind::status) continue;  // an answer without one
    if (!text.empty()) text += "   ";
    const std::string code = std::to_string(status);
    text += fmt::format("{} × {}", status >= odd ? colours.yellow(code) : code, load::grouped(stats.statuses[status]));
  }
  return text;
}

std::string errors_text(const load::run_stats& stats) {
  std::string text;
  for (std::size_t kind = 1; kind < stats.errors.size(); ++kind) {
    if (stats.errors[kind] == 0) continue;
    if (!text.empty()) text += "   ";
    text += fmt::format("{} × {}", name(static_cast<error_kind>(kind)), load::grouped(stats.errors[kind]));
  }
  return text;
}

// The most frequent first.
std::vector<std::pair<std::string, std::uint64_t>> sorted_reasons(const load::run_stats& stats) {
  std::vector<std::pair<std::string, std::uint64_t>> all;
  for (const auto& [kind, reason] : stats.reasons) all.emplace_back(reason.example, reason.times);
  std::ranges::sort(
      all, [](const auto& a, const auto& b) { return std::tie(b.second, a.first) < std::tie(a.second, b.first); });
  return all;
}

std::string reasons_rows(const load::run_stats& stats, std::size_t columns) {
  constexpr std::size_t most = 8;
  constexpr std::string_view not_confirmed = "not confirmed";
  const auto all = sorted_reasons(stats);
  std::string text;
  for (std::size_t i = 0; i < std::min(all.size(), most); ++i) {
    const std::string count = load::grouped(all[i].second) + " × ";
    std::string lines = wrapped(count + fit(printable(all[i].first), 300), columns, label_width + 2);
    if (i == 0) lines.replace(2, not_confirmed.size(), not_confirmed);
    text += lines;
  }
  if (all.size() > most) text += row("", fmt::format("and {} more reasons", all.size() - most));
  return text;
}

std::string reconciliation_text(const actions::load_report& report, std::size_t columns, const paint& colours) {
  if (!report.reconcile_problem.empty())
    return "\n  " + colours.red("NOT RECONCILED:") + " " + printable(report.reconcile_problem) + "\n";
  if (!report.reconciled) return {};
  const load::reconciliation& both = *report.reconciled;
  struct line {
    std::string_view label;
    std::uint64_t number;
    bool bad;
    std::string_view means;
  };
  const std::array<line, 9> lines{{{"confirmed here", report.result.confirmed, false, ""},
                                   {"found there", both.listed, false, "entries of this run in the target's own data"},
                                   {"matched", both.matched, false,
                                    both.digests_compared ? "confirmed here, there once, and byte for byte as sent"
                                                          : "confirmed here, and there once"},
                                   {"missing", both.missing, true, "confirmed here, not there"},
                                   {"duplicate", both.duplicate, true, "there more than once"},
                                   {"altered", both.altered, true, "there, but not as it was sent"},
                                   {"unexpected", both.unexpected, true, "there, but not confirmed here"},
                                   {"settled", both.settled, false, "was in doubt here, found there: now confirmed"},
                                   {"absent", both.absent, false, "in doubt here, and not there"}}};
  std::size_t width = 12;
  for (const line& one : lines) width = std::max(width, load::grouped(one.number).size());
  std::string text =
      "\n" + colours.bold("Reconciliation with the target's own data") +
      colours.dim(fmt::format(
          "  ({})", short_duration(std::chrono::nanoseconds(static_cast<std::int64_t>(both.seconds * 1e9))))) +
      "\n";
  for (const line& one : lines) {
    if ((one.label == "settled" || one.label == "absent") && one.number == 0) continue;
    if (one.label == "altered" && !both.digests_compared && one.number == 0) continue;
    const std::string number = pad_left(load::grouped(one.number), width);
    std::string shown = fmt::format("  {}{}", pad_right(one.label, 24),
                                    one.bad && one.number != 0 ? colours.red(colours.bold(number)) : number);
    const std::size_t room = columns > 26 + width + 2 ? columns - 26 - width - 2 : 0;
    if (!one.means.empty() && display_width(one.means) <= room) shown += "  " + colours.dim(one.means);
    text += shown + "\n";
  }
  text += "  " +
          (both.clean() ? colours.green(colours.bold("both sides agree"))
                        : colours.red(colours.bold("THE TWO SIDES DIFFER"))) +
          "\n";
  for (const std::string& example : both.examples)
    text += "    " + fit(printable(example), std::max<std::size_t>(columns, 40) - 4) + "\n";
  return text;
}

std::string limits_rows(std::span<const load::limit_verdict> limits, const paint& colours) {
  std::size_t width = 0;
  for (const load::limit_verdict& one : limits) width = std::max(width, display_width(one.text));
  std::string text;
  for (const load::limit_verdict& one : limits) {
    const std::string verdict = one.holds ? colours.green("holds ") : colours.red("BROKEN");
    text += row(text.empty() ? "limits" : "", pad_right(one.text, width) + "  " + verdict + "  " + one.actual);
  }
  return text;
}

// "2x1x32: 2 processes × 1 thread × 32 coroutines".
std::string shape_text(const load::run_shape& shape) {
  const auto part = [](unsigned count, std::string_view what) {
    return fmt::format("{} {}{}", load::grouped(count), what, count == 1 ? "" : "s");
  };
  return fmt::format("{}: {} × {} × {}", load::format_shape(shape),
                     shape.processes == 1 ? "1 process" : load::grouped(shape.processes) + " processes",
                     part(shape.threads, "thread"), part(shape.coroutines, "coroutine"));
}

std::string_view end_text(const actions::load_report& report) {
  switch (report.run.end) {
    case load::run_end::complete: return {};
    case load::run_end::stopped: return "stopped before its end; what was in flight is settled";
    case load::run_end::aborted: return "stopped at once; what was in flight is in doubt";
    case load::run_end::out_of_time: return "out of time";
    case load::run_end::too_many_failures: return "ended, because more items failed than the plan allows";
    case load::run_end::ledger_failed: return "ended, because the ledger could not be written";
    case load::run_end::processes_lost: return "ended, because its worker processes died";
  }
  return {};
}

std::string_view end_name(load::run_end end) {
  switch (end) {
    case load::run_end::complete: return "complete";
    case load::run_end::stopped: return "stopped";
    case load::run_end::aborted: return "aborted";
    case load::run_end::out_of_time: return "out_of_time";
    case load::run_end::too_many_failures: return "too_many_failures";
    case load::run_end::ledger_failed: return "ledger_failed";
    case load::run_end::processes_lost: return "processes_lost";
  }
  return "complete";
}

double rate_of(const actions::load_report& report) {
  const double seconds = std::chrono::duration<double>(report.run.elapsed).count();
  return seconds > 0 ? static_cast<double>(report.run.stats.settled()) / seconds : 0;
}

}  // namespace

int exit_code_of(const actions::load_report& report, int signal) noexcept {
  const load::run_end end = report.run.end;
  if (end == load::run_end::ledger_failed) return storage_failed;
  if (end == load::run_end::processes_lost) return internal_failure;
  if (signal != 0 && (end == load::run_end::stopped || end == load::run_end::aborted))
    return signal == SIGTERM ? terminated : interrupted;
  if (end == load::run_end::too_many_failures) return limit_broken;
  if (!report.reconcile_problem.empty() || (report.reconciled && !report.reconciled->clean())) return reconcile_differs;
  // A run by duration ends by it; one that was asked for a number of items was cut short.
  if (end == load::run_end::out_of_time && report.requested_known && !report.result.settled()) return limit_broken;
  return report.result.perfect() ? all_well : not_all_confirmed;
}

std::string coloured_balance(const load::balance& result, const paint& colours) {
  const std::string sheet = result.text();
  std::string text;
  for (std::size_t at = 0; at < sheet.size();) {
    const std::size_t end = std::min(sheet.find('\n', at), sheet.size());
    const std::string line = sheet.substr(at, end - at);
    const auto says = [&](std::string_view label) { return line.starts_with("  " + std::string(label)); };
    const std::size_t balanced = line.find("  balanced");
    if (says("---"))
      text += colours.dim(line);
    else if (says("confirmed") && result.confirmed != 0)
      text += colours.green(line);
    else if (says("failed") && result.failed != 0)
      text += colours.red(line);
    else if ((says("unknown") && result.unknown != 0) || says("in flight") || says("not yet"))
      text += colours.yellow(line);
    else if (balanced != std::string::npos)
      text += line.substr(0, balanced) + colours.green(line.substr(balanced));
    else if (line.find("NOT BALANCED") != std::string::npos)
      text += colours.red(colours.bold(line));
    else
      text += says("requested") ? colours.bold(line) : line;
    text += '\n';
    at = end + 1;
  }
  return text;
}

std::string balance_sheet(const run_summary_facts& facts, std::size_t columns, const paint& colours) {
  const actions::load_report& report = *facts.report;
  const load::run_stats& stats = report.run.stats;
  std::string title = "Balance of run " + report.run_id;
  if (!facts.title.empty()) title += ": " + printable(facts.title);
  std::string text = colours.bold(fit(title, columns)) + "\n" + coloured_balance(report.result, colours) + "\n";

  if (!facts.target.empty()) text += row("target", printable(facts.target));
  if (report.shape.processes > 1) text += row("shape", shape_text(report.shape));
  text +=
      row("time", fmt::format("{}, {} a second", short_duration(report.run.elapsed), short_number(rate_of(report))));
  text += latency_table(stats, colours);
  if (const std::string statuses = statuses_text(stats, report.codes, colours); !statuses.empty())
    text += row(report.codes == load::code_kind::exit_code ? "exit codes" : "answers", statuses);
  if (stats.retries != 0)
    text += row("attempts",
                fmt::format("{}, {} of them retries", load::grouped(stats.attempts), load::grouped(stats.retries)));
  if (const std::string errors = errors_text(stats); !errors.empty()) text += row("no answer", errors);
  text += reasons_rows(stats, columns);
  if (report.folder.empty())
    text += row("ledger", "none was kept (--no-ledger)");
  else
    text += row("ledger", printable(report.folder.string()));
  if (!report.receipt_digest.empty()) text += row("receipt", "SHA-256 " + report.receipt_digest);
  if (!facts.page.empty()) text += row("report", printable(facts.page));
  text += limits_rows(facts.limits, colours);

  text += reconciliation_text(report, columns, colours);
  for (const std::string& note : report.notes) text += colours.yellow("note:") + " " + printable(note) + "\n";
  if (const std::string_view end = end_text(report); !end.empty()) {
    text +=
        "\n" + colours.yellow("The run " + std::string(report.run.end == load::run_end::out_of_time ? "is " : "was "));
    text += colours.yellow(end);
    if (!report.run.message.empty()) text += ": " + printable(report.run.message);
    text += "\n";
  }
  if (facts.exit_code != all_well) {
    std::string_view meaning = meaning_of(facts.exit_code);
    meaning = meaning.substr(0, meaning.find(" (once"));
    text += fmt::format("\nexit code {}: {}\n", facts.exit_code, meaning);
    if (!report.folder.empty() && (report.result.failed != 0 || report.result.unknown != 0))
      text += colours.cyan("  hint:") + fmt::format(" 'lakh runs show {} --{}' lists them\n", report.run_id,
                                                    report.result.failed != 0 ? "failed" : "unknown");
  }
  if (!facts.resume_command.empty())
    text += colours.cyan("to go on:") + " " + colours.bold(printable(facts.resume_command)) + "\n";
  return text;
}

std::string summary_json(const run_summary_facts& facts) {
  const actions::load_report& report = *facts.report;
  const load::run_stats& stats = report.run.stats;
  std::string out = R"({"type":"summary","run":)";
  const auto string = [&](std::string_view text) {
    append_json_string(out, is_utf8(text) ? std::string(text) : printable(text));
  };
  const auto strings = [&](const std::vector<std::string>& texts) {
    out += '[';
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (i != 0) out += ',';
      string(texts[i]);
    }
    out += ']';
  };
  const auto latency = [&](std::string_view label, const histogram& values) {
    out += fmt::format(R"("{}":{{"count":{})", label, values.count());
    for (const auto& [name, at] : percentiles)
      out += fmt::format(R"(,"{}":{:.3f})", name, static_cast<double>(values.percentile(at).count()) / 1000);
    out += fmt::format(R"(,"max":{:.3f},"mean":{:.3f}}})", static_cast<double>(values.max().count()) / 1000,
                       values.mean() / 1000);
  };
  string(report.run_id);
  out += R"(,"title":)";
  string(facts.title);
  out += R"(,"target":)";
  string(facts.target);
  out += fmt::format(R"(,"session":{},"resume":)", report.session);
  if (facts.resume_command.empty())
    out += "null";
  else
    string(facts.resume_command);
  out += R"(,"folder":)";
  if (report.folder.empty())
    out += "null";
  else
    string(report.folder.string());
  out += R"(,"receipt_digest":)";
  if (report.receipt_digest.empty())
    out += "null";
  else
    string(report.receipt_digest);
  out += fmt::format(
      R"(,"shape":"{}","end":"{}","exit_code":{},"balance":{},"seconds":{:.6f},"rate":{:.3f},"attempts":{},"retries":{},"peak_bytes":{},)",
      load::format_shape(report.shape), end_name(report.run.end), facts.exit_code, report.result.json(),
      std::chrono::duration<double>(report.run.elapsed).count(), rate_of(report), stats.attempts, stats.retries,
      facts.peak_bytes);
  out += R"("latency_ms":{)";
  latency("from_start", stats.latency);
  out += ',';
  latency("from_send", stats.service);
  out += R"(},"statuses":{)";
  bool first = true;
  const auto comma = [&] {
    if (!first) out += ',';
    first = false;
  };
  for (std::size_t status = 0; status < stats.statuses.size(); ++status) {
    if (stats.statuses[status] == 0) continue;
    comma();
    out += fmt::format(R"("{}":{})", status, stats.statuses[status]);
  }
  out += R"(},"errors":{)";
  first = true;
  for (std::size_t kind = 1; kind < stats.errors.size(); ++kind) {
    if (stats.errors[kind] == 0) continue;
    comma();
    out += fmt::format(R"("{}":{})", name(static_cast<error_kind>(kind)), stats.errors[kind]);
  }
  out += R"(},"reasons":[)";
  first = true;
  for (const auto& [reason, count] : sorted_reasons(stats)) {
    comma();
    out += R"({"reason":)";
    string(reason);
    out += fmt::format(R"(,"items":{}}})", count);
  }
  out += R"(],"reconciliation":)";
  if (report.reconciled) {
    const load::reconciliation& both = *report.reconciled;
    out += fmt::format(
        R"({{"clean":{},"listed":{},"matched":{},"missing":{},"duplicate":{},"altered":{},"unexpected":{},"settled":{},"absent":{},)"
        R"("digests_compared":{},"seconds":{:.3f},"examples":)",
        both.clean(), both.listed, both.matched, both.missing, both.duplicate, both.altered, both.unexpected,
        both.settled, both.absent, both.digests_compared, both.seconds);
    strings(both.examples);
    out += '}';
  } else {
    out += "null";
  }
  out += R"(,"problem":)";
  const std::string& problem = report.reconcile_problem.empty() ? report.run.message : report.reconcile_problem;
  if (problem.empty())
    out += "null";
  else
    string(problem);
  out += R"(,"limits":[)";
  first = true;
  for (const load::limit_verdict& one : facts.limits) {
    comma();
    out += R"({"limit":)";
    string(one.text);
    out += fmt::format(R"(,"holds":{},"measured":)", one.holds);
    string(one.actual);
    out += '}';
  }
  out += R"(],"notes":)";
  strings(report.notes);
  return out + "}";
}

}  // namespace lakh::cli
