// `lakh runs`: what was loaded, and what became of it, read from the run folders and their ledgers.
#include "console.hpp"
#include "runs_view.hpp"
#include "verb.hpp"

#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>
#include <lakh/load/ledger.hpp>
#include <lakh/load/run_folder.hpp>

#include <algorithm>
#include <array>
#include <ostream>

namespace lakh::cli {
namespace {

int list_runs(environment& env, const words& given, const std::filesystem::path& root) {
  const std::vector<load::run_summary> runs = load::run_folder::list(root);
  std::span<const load::run_summary> shown(runs);
  if (const auto most = given.integer("--limit", 1)) shown = shown.first(std::min<std::size_t>(shown.size(), *most));
  if (given.has("--json")) {
    *env.out << '[';
    for (std::size_t i = 0; i < shown.size(); ++i) *env.out << (i == 0 ? "" : ",\n") << run_as_json(shown[i]);
    *env.out << "]\n";
    return all_well;
  }
  if (runs.empty()) {
    *env.out << "there are no runs in '" << printable(root.string()) << "'\n";
    return all_well;
  }
  *env.out << runs_table(shown, env.width(), paint(env.out_in_colour()));
  if (shown.size() < runs.size()) *env.out << "and " << runs.size() - shown.size() << " older runs\n";
  return all_well;
}

load::run_summary summary_of(const std::filesystem::path& folder) {
  // The list knows which runs a process holds now.
  for (load::run_summary& run : load::run_folder::list(folder.parent_path()))
    if (run.folder.filename() == folder.filename()) return std::move(run);
  load::run_summary run;
  run.folder = folder;
  run.info = load::run_folder::read_info(folder);
  return run;
}

int show_run(environment& env, const words& given, const std::filesystem::path& root) {
  const std::string& wanted = given.positional().at(1);
  const load::run_summary summary = summary_of(load::run_folder::find(root, wanted));
  if (!summary.problem.empty())
    throw storage_error(errc::storage_failure, summary.problem, "was the folder copied whole?");
  load::ledger_reader ledger(summary.folder);
  const load::item_states states = ledger.read(summary.info.requested.value_or(0));
  const paint colours(env.out_in_colour());

  load::state_set listed;
  bool any = false;
  for (const auto& [option_name, state] :
       {std::pair("--failed", load::item_state::failed), std::pair("--unknown", load::item_state::unknown),
        std::pair("--confirmed", load::item_state::confirmed)}) {
    if (!given.has(option_name)) continue;
    listed = listed | state;
    any = true;
  }
  if (any) {
    const std::uint64_t most = given.integer("--limit", 1).value_or(std::numeric_limits<std::uint64_t>::max());
    std::uint64_t count = 0;
    ledger.for_each_current(states, [&](const load::outcome_record& record) {
      if (!listed.contains(load::to_item_state(record.state)) || ++count > most) return;
      *env.out << (given.has("--json") ? outcome_json(record) : outcome_line(record, env.width(), colours)) << '\n';
    });
    if (count > most && !given.has("--json")) *env.err << "and " << count - most << " more; --limit shows more\n";
    return all_well;
  }

  run_detail detail;
  detail.summary = summary;
  detail.result = load::balance(states, summary.info.requested.value_or(states.size()));
  detail.files = ledger.files();
  *env.out << (given.has("--json") ? run_sheet_json(detail) + "\n"
                                   : run_sheet(detail, std::clamp(env.width(), 60U, 120U), colours));
  return all_well;
}

int run_runs(environment& env, const words& given) {
  const std::filesystem::path root = given.text("--runs").value_or("runs");
  const std::vector<std::string>& said = given.positional();
  const std::string what = said.empty() ? "list" : said.front();
  static constexpr std::array<std::string_view, 2> known{{"list", "show"}};
  if (const std::string_view near = nearest(what, known); what != "list" && what != "show" && !near.empty())
    throw input_error("'lakh runs " + what + "' is not known", "did you mean 'lakh runs " + std::string(near) + "'?");
  if (what != "list" && what != "show")
    throw input_error("'lakh runs " + what + "' is not known",
                      "to see that run: lakh runs show " + what + "; to list them: lakh runs");
  if (what == "show" && said.size() < 2)
    throw input_error("'lakh runs show' needs a run", "the newest is 'last'; 'lakh runs' lists them");
  if (what == "list" && said.size() > 1)
    throw input_error("'" + said[1] + "' is one word too many for 'lakh runs list'",
                      "to see one run: lakh runs show " + said[1]);
  return what == "list" ? list_runs(env, given, root) : show_run(env, given, root);
}

}  // namespace

const verb& runs_verb() {
  static const verb made = {
      .name = "runs",
      .summary = "lists runs, and shows what became of one",
      .usage = {"lakh runs [list] [options]", "lakh runs show RUN [options]"},
      .about =
          "RUN is a run's name, the beginning or the last part of one, 'last' for the newest, or the path of its "
          "folder. "
          "The balance is computed from the ledger, and every digest in it is checked.\n",
      .options =
          {
              {.name = "--runs", .value = "FOLDER", .help = "where the runs are (./runs)", .kind = value_kind::folder},
              {.name = "--failed", .help = "lists the items that failed, and why"},
              {.name = "--unknown", .help = "lists the items of which nobody can say what became"},
              {.name = "--confirmed", .help = "lists the items that are confirmed, and what was kept of the answers"},
              {.name = "--limit", .value = "N", .help = "lists at most so many"},
              {.name = "--json", .help = "one JSON object or array; of items, one object on each line"},
          },
      .positionals = {{.name = "list|show", .choices = {"list", "show"}}, {.name = "RUN", .choices = {"last"}}},
      .examples =
          {
              {"lakh runs", "lists the runs in ./runs, newest first"},
              {"lakh runs show last", "the balance of the newest run"},
              {"lakh runs show k7f3q2 --failed", "which items failed, and why"},
              {"lakh runs show last --confirmed --json | jq -r .kept.order_id", "what was kept of each answer"},
          },
      .run = run_runs,
  };
  return made;
}

}  // namespace lakh::cli
