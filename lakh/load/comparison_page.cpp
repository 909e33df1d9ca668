#include <lakh/core/error.hpp>
#include <lakh/core/version.hpp>
#include <lakh/load/comparison_page.hpp>
#include <lakh/load/report_curves.hpp>
#include <lakh/load/report_page.hpp>
#include <lakh/load/report_sections.hpp>
#include <lakh/load/report_text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <vector>

namespace lakh::load {
namespace {

static_assert(most_shapes <= most_runs, "each shape has a colour of its own");

// A bar has its length from the median; the stroke over it reaches from the least to the most.
constexpr std::string_view style = R"css(
.verdict h2{max-width:52rem}.said{margin-top:1rem;display:grid;gap:.25rem;max-width:56rem}
.bars{list-style:none;margin-top:1rem;display:grid;gap:.5rem}
.bars li{display:grid;grid-template-columns:minmax(6.5rem,9.5rem) minmax(0,1fr) minmax(9.5rem,max-content);gap:.1rem 1rem;align-items:center;font-size:.9375rem}
.pair .bars li{grid-template-columns:1fr auto}.pair .bars .track{grid-column:1/3;order:3}
.bars bdi{overflow-wrap:anywhere}.bars .amount{text-align:right;font-weight:600;white-space:nowrap}
.bars .amount small{display:block;font-size:.8125rem;font-weight:450;color:var(--soft);line-height:1.3}
.track{position:relative;height:1.15rem;background:var(--panel);border-radius:.2rem}
.pair .track{height:.8rem}
.fill{position:absolute;left:0;top:0;bottom:0;background:var(--c);border-radius:.2rem;min-width:2px}
.reach{position:absolute;top:50%;height:0;border-top:2px solid var(--ink);min-width:2px}
.figures-of td .reason{display:block;white-space:nowrap}.wide{overflow-x:auto}
.left{border-left:3px solid var(--odd);padding:.1rem 0 .1rem 1rem}.left li{margin:.15rem 0 .15rem 1rem}
@media (max-width:46rem){.bars li{grid-template-columns:1fr auto}.bars .track{grid-column:1/3;order:3;height:.8rem}.bars .amount small{display:inline;margin-left:.35rem}}
@media print{.bars li{break-inside:avoid}.track{background:#eee}}
)css";

template <typename... Args> void put(std::string& out, fmt::format_string<Args...> form, Args&&... args) {
  fmt::format_to(std::back_inserter(out), form, std::forward<Args>(args)...);
}

void append_bars(std::string& out, const comparison& all, figure which) {
  double longest = 0;
  for (const compared_shape& shape : all.shapes)
    if (const auto one = spread_of(shape, which)) longest = std::max(longest, one->most);
  const auto share = [longest](double value) { return longest > 0 ? 100 * value / longest : 0; };
  out += R"(<ul class="bars">)";
  for (std::size_t i = 0; i < all.shapes.size(); ++i) {
    const compared_shape& shape = all.shapes[i];
    put(out, R"(<li class="{}"><bdi>{}</bdi>)", run_colour(i), html(shape.name));
    if (const auto one = spread_of(shape, which)) {
      put(out, R"(<span class="track" aria-hidden="true"><i class="fill" style="width:{:.2f}%"></i>)",
          share(one->median));
      if (one->least < one->most)
        put(out, R"(<i class="reach" style="left:{:.2f}%;width:{:.2f}%"></i>)", share(one->least),
            share(one->most) - share(one->least));
      put(out, R"(</span><span class="amount">{} <small>{}</small></span>)", figure_text(one->median, which),
          one->least < one->most ? range_text(*one, which) : std::string());
    } else {
      out += R"(<span class="track" aria-hidden="true"></span><span class="amount">no figure</span>)";
    }
    out += "</li>";
  }
  out += "</ul>";
}

void append_verdict(std::string& out, const comparison& all) {
  std::vector<std::string> said = findings(all);
  const bool any = std::ranges::any_of(all.shapes, [](const compared_shape& shape) { return shape.counted() != 0; });
  if (said.empty())
    said.emplace_back(any ? "One shape has figures: there is nothing to hold it against" : "No run counts");
  put(out, R"(<section class="verdict" aria-labelledby="verdict"><h2 id="verdict">{}.</h2>)", html(said.front()));
  if (said.size() > 1) {
    out += R"(<div class="said">)";
    for (std::size_t i = 1; i < said.size(); ++i) put(out, "<p>{}.</p>", html(said[i]));
    out += "</div>";
  }
  out += "</section>\n";
  const std::vector<std::string> left = caveats(all);
  if (left.empty()) return;
  out += R"(<section aria-labelledby="left"><h2 id="left">To know before reading on</h2><ul class="left note">)";
  for (const std::string& one : left) put(out, "<li>{}.</li>", html(one));
  out += "</ul></section>\n";
}

void append_curves(std::string& out, const comparison& all) {
  std::vector<run_report> runs;
  std::vector<std::string> names;
  // A shape without a curve keeps its place, so that colours stay what they are.
  for (const compared_shape& shape : all.shapes) {
    runs.emplace_back().latency = shape.latency;
    names.push_back(shape.name);
  }
  if (std::ranges::all_of(runs, [](const run_report& run) { return run.latency.empty(); })) return;
  chart drawn = percentiles_chart(runs, names);
  drawn.says = "Latency by percentile, one line for each shape; the figures stand in the table below.";
  out +=
      R"(<section aria-labelledby="latency"><h2 id="latency">Latency by percentile</h2><p class="note">From the )"
      R"(moment at which a lane was free for the item to its end, over all rounds. Each nine has the same room. A shape )"
      R"(with more lanes has more items waiting at once, so each of them may take longer while all of them are done )"
      R"(sooner.</p>)";
  append_chart(out, drawn);
  out += "</section>\n";
}

void append_cell(std::string& out, const std::optional<spread>& value, figure which) {
  if (!value) {
    out += "<td>–</td>";
    return;
  }
  put(out, R"(<td class="num">{})", figure_text(value->median, which));
  if (value->least < value->most) put(out, R"( <span class="reason">{}</span>)", range_text(*value, which));
  out += "</td>";
}

void append_ratio(std::string& out, const comparison& all, std::size_t shape) {
  const auto ratio = rate_ratio(all, shape);
  if (!ratio)
    out += "<td>–</td>";
  else if (shape == 0)
    out += R"(<td class="num">×1</td>)";
  else
    put(out, R"(<td class="num">×{} <span class="reason">{}–{}</span></td>)", ratio_text(ratio->median),
        ratio_text(ratio->least), ratio_text(ratio->most));
}

void append_figures(std::string& out, const comparison& all) {
  out +=
      R"(<section aria-labelledby="figures"><h2 id="figures">All figures</h2><p class="note">The median of the rounds )"
      R"(that count, below it the least and the most.</p><div class="wide"><table class="figures-of"><caption>Figures )"
      R"(of each shape</caption><thead><tr><th scope="col"><span class="hidden">figure</span></th>)";
  for (std::size_t i = 0; i < all.shapes.size(); ++i)
    put(out, R"(<th scope="col"><i class="key {}"></i><bdi>{}</bdi></th>)", run_colour(i), html(all.shapes[i].name));
  out += "</tr></thead><tbody>";
  const auto words = [&](std::string_view title, const auto& text) {
    put(out, R"(<tr><th scope="row">{}</th>)", title);
    for (const compared_shape& shape : all.shapes) put(out, "<td>{}</td>", text(shape));
    out += "</tr>";
  };
  words("lanes", [](const compared_shape& shape) { return grouped(shape.lanes); });
  words("items of each run",
        [](const compared_shape& shape) { return shape.items ? grouped(*shape.items) : std::string("–"); });
  words("rounds that count",
        [&](const compared_shape& shape) { return fmt::format("{} of {}", shape.counted(), all.rounds); });
  for (const figure_words& one : figures) {
    put(out, R"(<tr><th scope="row">{}</th>)", one.title);
    for (const compared_shape& shape : all.shapes) append_cell(out, spread_of(shape, one.which), one.which);
    out += "</tr>";
    if (one.which != figure::rate) continue;
    put(out, R"(<tr><th scope="row">rate, to <bdi>{}</bdi></th>)", html(all.shapes.front().name));
    for (std::size_t i = 0; i < all.shapes.size(); ++i) append_ratio(out, all, i);
    out += "</tr>";
  }
  out += "</tbody></table></div></section>\n";
}

void append_runs(std::string& out, const comparison& all) {
  out +=
      R"(<section aria-labelledby="runs"><h2 id="runs">Every run</h2><details class="figures"><summary>The runs as a )"
      R"(table</summary><div class="scroll" tabindex="0" role="region" aria-label="Every run"><table><caption>Every )"
      R"(run</caption><thead><tr><th scope="col">round</th><th scope="col" class="text">shape</th><th scope="col" )"
      R"(class="text">run</th><th scope="col">requested</th><th scope="col">confirmed</th><th scope="col">failed</th>)"
      R"(<th scope="col">unknown</th><th scope="col">rate</th><th scope="col">counts</th></tr></thead><tbody>)";
  for (unsigned round = 1; round <= all.rounds; ++round)
    for (const std::size_t i : order_of_round(all.shapes.size(), round))
      for (const shape_run& run : all.shapes[i].runs)
        if (run.round == round)
          put(out,
              R"(<tr><td>{}</td><th scope="row" class="text"><bdi>{}</bdi></th><td class="text mono">{}</td><td>{}</td>)"
              R"(<td>{}</td><td>{}</td><td>{}</td><td class="num">{}</td><td>{}</td></tr>)",
              round, html(all.shapes[i].name), html(run.run_id), grouped(run.result.requested),
              grouped(run.result.confirmed), grouped(run.result.failed), grouped(run.result.unknown),
              figure_text(value_of(run, figure::rate), figure::rate),
              run.counts() ? "yes" : R"(<span class="broken">no</span>)");
  out += "</tbody></table></div></details></section>\n";
}

void append_method(std::string& out, const comparison& all) {
  put(out,
      R"(<section aria-labelledby="method"><h2 id="method">How it was measured</h2><p class="note">Each run is a program )"
      R"(of its own. {} round{}; every round runs each shape once and begins with another one. Time and rate are from the )"
      R"(first item to the last outcome. Processor time, memory and context switches are the kernel's account of the )"
      R"(whole program with all its processes and threads: its start, the closing of its books and, where the plan asks )"
      R"(for it, the reconciliation are in it. Memory is what lakh itself held at most; of several processes the )"
      R"(sum, in which pages that they share are counted for each. A context switch is voluntary where the program waited for )"
      R"(something, involuntary where its time was up. {}</p></section>)"
      "\n",
      all.rounds, all.rounds == 1 ? "" : "s", all.ledger ? "Every run kept its ledger." : "No run kept a ledger.");
}

}  // namespace

std::string comparison_html(const comparison& all, std::string_view written_at) {
  if (all.shapes.empty() || all.shapes.size() > most_shapes)
    throw input_error(fmt::format("a comparison has from 1 to {} shapes, not {}", most_shapes, all.shapes.size()));
  std::string out;
  out.reserve(64 * 1024);
  const std::string title = all.title.empty() ? "One plan" : all.title;
  const std::string count = fmt::format("{} shape{}", all.shapes.size(), all.shapes.size() == 1 ? "" : "s");
  append_page_head(out, title + " in " + count + " – lakh compare", title + " in " + count + ".", style);
  put(out,
      R"(<header><p class="brand"><b>lakh</b> comparison of shapes</p><h1><bdi>{}</bdi> in {}</h1><p class="facts">)",
      html(title), count);
  if (!all.target.empty()) put(out, "<bdi>{}</bdi>", html(all.target));
  if (!all.began_at.empty())
    put(out, R"(<time datetime="{}">{}</time>)", html(all.began_at), html(sections::date_text(all.began_at)));
  put(out, "<span>{} processor{}</span><span>{} round{}</span></p></header>\n<main>\n", all.processors,
      all.processors == 1 ? "" : "s", all.rounds, all.rounds == 1 ? "" : "s");
  append_verdict(out, all);
  out += R"(<section aria-labelledby="rate"><h2 id="rate">Rate</h2><p class="note">Items that ended in a second. )"
         R"(Longer is better.</p>)";
  append_bars(out, all, figure::rate);
  out += "</section>\n";
  append_curves(out, all);
  out +=
      R"(<section aria-labelledby="cost"><h2 id="cost">What an item costs</h2><p class="note">Shorter is better.</p>)"
      R"(<div class="pair">)";
  for (const auto& [heading, which] :
       {std::pair("Processor time per item", figure::cpu_per_item), std::pair("Peak memory", figure::memory),
        std::pair("Voluntary context switches per item", figure::voluntary),
        std::pair("Involuntary context switches per item", figure::involuntary)}) {
    put(out, "<div><h3>{}</h3>", heading);
    append_bars(out, all, which);
    out += "</div>";
  }
  out += "</div></section>\n";
  append_figures(out, all);
  append_runs(out, all);
  append_method(out, all);
  put(out, "</main>\n<footer><p>Written by lakh {} on {}.</p>", version, html(sections::date_text(written_at)));
  append_page_end(out);
  return out;
}

}  // namespace lakh::load
