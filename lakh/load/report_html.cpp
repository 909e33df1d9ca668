#include <lakh/core/error.hpp>
#include <lakh/core/version.hpp>
#include <lakh/load/report_curves.hpp>
#include <lakh/load/report_html.hpp>
#include <lakh/load/report_page.hpp>
#include <lakh/load/report_sections.hpp>
#include <lakh/load/report_text.hpp>

#include <fmt/format.h>

#include <iterator>
#include <vector>

namespace lakh::load {
namespace {

void append_foot(std::string& out, std::span<const run_report> runs, std::string_view written_at) {
  out += "</main>\n<footer>";
  fmt::format_to(std::back_inserter(out), "<p>Written by lakh {} on {}. Every figure is computed from the ledger",
                 version, html(sections::date_text(written_at)));
  bool ledger = true;
  for (const run_report& run : runs) ledger = ledger && !run.folder.empty();
  out += ledger ? ", whose digests were checked.</p>" : ".</p>";
  if (runs.size() == 1 && !runs.front().info.run_id.empty())
    fmt::format_to(std::back_inserter(out), "<p>To check it again: <code>lakh verify {}</code></p>",
                   html(runs.front().info.run_id));
  append_page_end(out);
}

std::string_view tone_of(const run_report& run) {
  if (run.state == "finished") return run.result.perfect() ? "ok" : "odd";
  return run.state == "running" ? "wait" : "bad";
}

std::string title_of(const run_report& run) {
  return run.info.title.empty() ? run.info.run_id : run.info.title;
}

void append_one(std::string& out, const run_report& run, std::string_view written_at) {
  append_page_head(out, title_of(run) + " – lakh report", sections::verdict(run, false) + ".");
  const std::string title = title_of(run);
  fmt::format_to(std::back_inserter(out),
                 R"(<header><p class="brand"><b>lakh</b> run report</p><h1><bdi>{}</bdi></h1><p class="facts">)",
                 html(title.empty() ? "A run" : title));
  if (!run.state.empty())
    fmt::format_to(std::back_inserter(out), R"(<span class="chip tone {}">{}</span>)", tone_of(run), html(run.state));
  if (!run.info.target.empty()) fmt::format_to(std::back_inserter(out), "<bdi>{}</bdi>", html(run.info.target));
  if (!run.info.started_at.empty())
    fmt::format_to(std::back_inserter(out), R"(<time datetime="{}">{}</time>)", html(run.info.started_at),
                   html(sections::date_text(run.info.started_at)));
  if (!run.info.title.empty())
    fmt::format_to(std::back_inserter(out), R"(<span class="mono">{}</span>)", html(run.info.run_id));
  out += "</p></header>\n<main>\n";
  sections::append_balance(out, run);
  sections::append_key_figures(out, run);
  sections::append_limits(out, {&run, 1}, {});
  sections::append_over_time(out, run);
  sections::append_latency(out, run);
  sections::append_answers(out, run);
  sections::append_problems(out, run);
  sections::append_reconciliation(out, run);
  sections::append_record(out, run);
  append_foot(out, {&run, 1}, written_at);
}

// What tells the runs apart: their titles, or the last part of the id where titles are the same.
std::vector<std::string> names_of(std::span<const run_report> runs) {
  std::vector<std::string> names;
  for (const run_report& run : runs) {
    std::size_t same = 0;
    for (const run_report& other : runs) same += title_of(other) == title_of(run) ? 1 : 0;
    const std::string& id = run.info.run_id;
    std::string name = title_of(run);
    if (same > 1) name = name == id ? id : name + " " + id.substr(id.rfind('-') + 1);
    names.push_back(std::move(name));
  }
  return names;
}

void append_several(std::string& out, std::span<const run_report> runs, std::string_view written_at) {
  const std::vector<std::string> names = names_of(runs);
  const std::string title = fmt::format("{} runs side by side", runs.size());
  append_page_head(out, title + " – lakh report", title + ".");
  fmt::format_to(std::back_inserter(out),
                 R"(<header><p class="brand"><b>lakh</b> run report</p><h1>{}</h1></header>
<main>
)",
                 title);
  sections::append_comparison(out, runs, names);
  sections::append_limits(out, runs, names);
  const auto figure = [&out](std::string_view heading, std::string_view note, const chart& drawn) {
    fmt::format_to(std::back_inserter(out), R"(<section><h2>{}</h2><p class="note">{}</p>)", heading, note);
    append_chart(out, drawn);
    out += "</section>\n";
  };
  figure("Rate over time", "Items that ended in each second, every run from its own beginning.",
         rates_chart(runs, names));
  figure("Latency by percentile", "From the intended start. Each nine has the same room.",
         percentiles_chart(runs, names));
  figure("p99 over time", "From the intended start, every run from its own beginning.", latencies_chart(runs, names));
  append_foot(out, runs, written_at);
}

}  // namespace

std::string report_html(std::span<const run_report> runs, std::string_view written_at) {
  if (runs.empty() || runs.size() > most_runs)
    throw input_error(fmt::format("a report shows from 1 to {} runs, not {}", most_runs, runs.size()),
                      "make several reports");
  std::string out;
  out.reserve(96 * 1024);
  if (runs.size() == 1)
    append_one(out, runs.front(), written_at);
  else
    append_several(out, runs, written_at);
  return out;
}

}  // namespace lakh::load
