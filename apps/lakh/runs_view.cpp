#include "load_summary.hpp"
#include "runs_view.hpp"

#include <lakh/core/shell_word.hpp>
#include <lakh/core/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace lakh::cli {
namespace {

void string(std::string& out, std::string_view text) {
  append_json_string(out, is_utf8(text) ? std::string(text) : printable(text));
}

// "2026-11-21T23:59:01.042Z" as "2026-11-21 23:59:01".
std::string when(const std::string& rfc3339) {
  std::string text = rfc3339.substr(0, 19);
  if (text.size() > 10) text[10] = ' ';
  return printable(text);
}

std::string result_of(const load::run_summary& run) {
  if (!run.info.result) return run.info.requested ? "of " + load::grouped(*run.info.requested) : std::string("–");
  const load::balance& b = *run.info.result;
  std::string text = load::grouped(b.confirmed) + " of " + load::grouped(b.requested);
  if (b.failed != 0) text += fmt::format(", {} failed", load::grouped(b.failed));
  if (b.unknown != 0) text += fmt::format(", {} unknown", load::grouped(b.unknown));
  if (b.doubtful != 0) text += fmt::format(", {} in doubt", load::grouped(b.doubtful));
  return text;
}

std::string coloured_state(const load::run_summary& run, const std::string& text, const paint& colours) {
  const std::string_view state = state_of(run);
  if (state == "running") return colours.cyan(text);
  if (state == "stopped") return colours.yellow(text);
  if (state != "finished") return colours.red(text);
  return run.info.result && run.info.result->perfect() ? colours.green(text) : colours.yellow(text);
}

}  // namespace

std::string_view state_of(const load::run_summary& run) noexcept {
  if (!run.problem.empty()) return "unreadable";
  if (run.alive) return "running";
  if (run.info.state == load::run_state::running) return "died";
  return load::name(run.info.state);
}

std::string runs_table(std::span<const load::run_summary> runs, std::size_t columns, const paint& colours) {
  std::size_t id_width = 3;
  std::size_t result_width = 9;
  for (const load::run_summary& run : runs) {
    id_width = std::max(id_width, display_width(run.info.run_id));
    result_width = std::max(result_width, display_width(result_of(run)));
  }
  result_width = std::min<std::size_t>(result_width, 48);
  constexpr std::size_t state_width = 10;
  constexpr std::size_t when_width = 19;
  const std::size_t fixed = id_width + 2 + state_width + 2 + result_width + 2 + when_width + 2;
  const std::size_t room = columns > fixed + 8 ? columns - fixed : 0;
  std::string text =
      colours.bold(pad_right("RUN", id_width) + "  " + pad_right("STATE", state_width) + "  " +
                   pad_right("CONFIRMED", result_width) + "  " +
                   (room != 0 ? pad_right("WHEN (UTC)", when_width) : "WHEN (UTC)") + (room != 0 ? "  WHAT" : "")) +
      "\n";
  for (const load::run_summary& run : runs) {
    std::string line = colours.bold(pad_right(printable(run.info.run_id), id_width)) + "  " +
                       coloured_state(run, pad_right(state_of(run), state_width), colours) + "  ";
    if (!run.problem.empty()) {
      text += line + printable(run.problem) + "\n";
      continue;
    }
    line += pad_right(fit(result_of(run), result_width), result_width) + "  " +
            pad_right(when(run.info.started_at), when_width);
    std::string what = printable(run.info.title);
    if (!run.info.target.empty()) what += (what.empty() ? "" : " → ") + printable(run.info.target);
    if (room != 0 && !what.empty()) line += "  " + fit(what, room);
    while (line.ends_with(' ')) line.pop_back();
    text += line + "\n";
  }
  return text;
}

std::string run_as_json(const load::run_summary& run) {
  std::string out = R"({"run":)";
  string(out, run.info.run_id);
  out += R"(,"state":)";
  string(out, state_of(run));
  out += R"(,"folder":)";
  string(out, run.folder.string());
  if (!run.problem.empty()) {
    out += R"(,"problem":)";
    string(out, run.problem);
    return out + "}";
  }
  out += R"(,"title":)";
  string(out, run.info.title);
  out += R"(,"target":)";
  string(out, run.info.target);
  out += R"(,"started_at":)";
  string(out, run.info.started_at);
  out += R"(,"ended_at":)";
  if (run.info.ended_at.empty())
    out += "null";
  else
    string(out, run.info.ended_at);
  out += fmt::format(R"(,"seconds":{:.3f},"sessions":{},"requested":{},"balance":{})", run.info.seconds,
                     run.info.sessions, run.info.requested ? std::to_string(*run.info.requested) : "null",
                     run.info.result ? run.info.result->json() : "null");
  out += R"(,"message":)";
  string(out, run.info.message);
  return out + "}";
}

std::string run_sheet(const run_detail& run, std::size_t columns, const paint& colours) {
  const load::run_info& info = run.summary.info;
  std::string title = "Run " + info.run_id;
  if (!info.title.empty()) title += ": " + printable(info.title);
  std::string text = colours.bold(fit(title, columns)) + "\n" + coloured_balance(run.result, colours) + "\n";
  const auto row = [&](std::string_view label, const std::string& value) {
    if (!value.empty()) text += fmt::format("  {}{}\n", pad_right(label, 13), value);
  };
  const std::string state(state_of(run.summary));
  row("state", coloured_state(run.summary, state, colours) +
                   (state == "died" ? ": its process ended without a word; what it had claimed is in doubt" : "") +
                   (info.message.empty() ? "" : ": " + printable(info.message)));
  row("target", printable(info.target));
  row("started", when(info.started_at) + " UTC");
  if (!info.ended_at.empty())
    row("ended", when(info.ended_at) + " UTC, after " +
                     short_duration(std::chrono::nanoseconds(
                         static_cast<std::int64_t>(std::clamp(info.seconds, 0.0, 9e8) * 1e9))));
  if (info.sessions > 1) row("sessions", std::to_string(info.sessions));
  row("seed", std::to_string(info.seed));
  std::string command;
  for (const std::string& word : info.command_line) command += (command.empty() ? "" : " ") + shell_word(word);
  row("command", fit(printable(command), std::max<std::size_t>(columns, 60) - 15));
  row("folder", printable(run.summary.folder.string()));
  for (const load::ledger_file& file : run.files)
    row("ledger",
        fmt::format("{}  {} entries, {}", printable(file.file.filename().string()), load::grouped(file.entries),
                    file.closed ? "closed, digests checked" : "not closed, digests checked"));
  if (run.result.failed != 0)
    text +=
        colours.cyan("  hint:") + fmt::format(" 'lakh runs show {} --failed' lists the failed items\n", info.run_id);
  if (run.result.unknown != 0)
    text +=
        colours.cyan("  hint:") + fmt::format(" 'lakh runs show {} --unknown' lists the unknown items\n", info.run_id);
  return text;
}

std::string run_sheet_json(const run_detail& run) {
  std::string out = run_as_json(run.summary);
  out.pop_back();
  out += R"(,"ledger_balance":)" + run.result.json() + R"(,"ledger_files":[)";
  for (std::size_t i = 0; i < run.files.size(); ++i) {
    const load::ledger_file& file = run.files[i];
    if (i != 0) out += ',';
    out += R"({"file":)";
    string(out, file.file.filename().string());
    out += fmt::format(R"(,"entries":{},"closed":{}}})", file.entries, file.closed);
  }
  return out + "]}";
}

std::string outcome_line(const load::outcome_record& record, std::size_t columns, const paint& colours) {
  const std::string state(load::name(record.state));
  std::string text = pad_left(load::grouped(record.item), 12) + "  ";
  const std::string padded = pad_right(state, 9);
  text += record.state == load::outcome_state::confirmed ? colours.green(padded)
          : record.state == load::outcome_state::failed  ? colours.red(padded)
                                                         : colours.yellow(padded);
  text += "  " + pad_left(record.status != 0 ? std::to_string(record.status) : std::string(name(record.error)), 9);
  text += "  " + pad_left(std::to_string(record.attempts), 2) + (record.attempts == 1 ? " attempt   " : " attempts  ");
  text += pad_left(short_duration(std::chrono::microseconds(std::max<std::int64_t>(0, record.latency_us))), 8);
  const std::string_view rest = record.reason.empty() ? record.kept : record.reason;
  const std::size_t used = 12 + 2 + 9 + 2 + 9 + 2 + 2 + 11 + 8 + 2;
  if (!rest.empty()) text += "  " + fit(printable(rest), columns > used + 20 ? columns - used : 200);
  return text;
}

std::string outcome_json(const load::outcome_record& record) {
  std::string out = fmt::format(
      R"({{"item":{},"state":"{}","status":{},"error":"{}","last_attempt":"{}","attempts":{},"start_us":{},"latency_us":{},)"
      R"("service_us":{},"reason":)",
      record.item, load::name(record.state), record.status, name(record.error), name(record.last_attempt),
      record.attempts, record.start_us, record.latency_us, record.service_us);
  string(out, record.reason);
  out += R"(,"kept":)";
  out += record.kept.empty() ? std::string_view("null") : record.kept;
  return out + "}";
}

}  // namespace lakh::cli
