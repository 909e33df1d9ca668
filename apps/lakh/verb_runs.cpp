// `lakh runs`: what was loaded, and what became of it, read from the run folders and their ledgers.
#include "console.hpp"
#include "runs_export.hpp"
#include "runs_output.hpp"
#include "runs_view.hpp"
#include "verb.hpp"

#include <lakh/actions/frozen_run.hpp>
#include <lakh/core/clock.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>
#include <lakh/load/ledger.hpp>
#include <lakh/load/receipt.hpp>
#include <lakh/load/run_folder.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <memory>
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
  detail.result = load::balance_of_run(states, summary.info.requested);
  detail.files = ledger.files();
  *env.out << (given.has("--json") ? run_sheet_json(detail) + "\n"
                                   : run_sheet(detail, std::clamp(env.width(), 60U, 120U), colours));
  return all_well;
}

// What each item was to send. A feed that is gone takes only this away.
std::unique_ptr<actions::frozen_run> requests_of(environment& env, const std::filesystem::path& folder) {
  try {
    return std::make_unique<actions::frozen_run>(folder);
  } catch (const error& caught) {
    *env.err << "note: what was sent cannot be told: " << caught.what() << '\n';
    return nullptr;
  }
}

int export_run(environment& env, const words& given, const std::filesystem::path& root) {
  const std::filesystem::path folder = load::run_folder::find(root, given.positional().at(1));
  const load::run_info info = load::run_folder::read_info(folder);
  load::ledger_reader ledger(folder);
  const load::item_states states = ledger.read(info.requested.value_or(0));
  const bool doubtful = given.has("--unknown") || given.has("--in-doubt");
  const bool all = !doubtful && !given.has("--failed") && !given.has("--confirmed");
  const auto wanted = [&](load::outcome_state state) {
    return all || given.has(state == load::outcome_state::failed    ? "--failed"
                            : state == load::outcome_state::unknown ? "--unknown"
                                                                    : "--confirmed");
  };

  std::ofstream file;
  if (const auto name = given.text("--output")) {
    file.open(*name, std::ios::binary | std::ios::trunc);
    if (!file)
      throw storage_error(std::error_code(errno, std::generic_category()), *name + ": cannot be written",
                          "choose another file with -o");
  }
  const bool lines = given.text("--format").value_or("csv") == "jsonl";
  std::ostream& out = file.is_open() ? file : *env.out;
  items_writer write(out, lines ? export_format::json_lines : export_format::csv);
  const auto run = given.has("--no-requests") ? nullptr : requests_of(env, folder);
  std::optional<actions::item_requests> requests;
  if (run) requests.emplace(*run);
  const auto request = [&](std::uint64_t item) { return requests ? std::string_view((*requests)(item)) : ""; };

  ledger.for_each_current(states, [&](const load::outcome_record& record, const load::ledger_file& from) {
    if (!wanted(record.state)) return;
    std::string started;
    if (const auto session = parse_rfc3339(from.identity.created_at); session && record.attempts != 0)
      started = rfc3339(*session + std::chrono::microseconds(record.start_us));
    write.outcome(record, started, request(record.item));
  });
  if (all || doubtful)
    for (auto item = states.next(0, load::item_state::claimed); item;
         item = states.next(*item + 1, load::item_state::claimed))
      write.in_doubt(*item, request(*item));
  out.flush();
  if (!out)
    throw storage_error(errc::storage_failure, given.text("--output").value_or("stdout") + ": not all could be written",
                        "is the disk full?");
  if (file.is_open()) *env.err << load::grouped(write.count()) << " items in " << *given.text("--output") << '\n';
  return all_well;
}

int run_runs(environment& env, const words& given) {
  const std::filesystem::path root = given.text("--runs").value_or("runs");
  const std::vector<std::string>& said = given.positional();
  const std::string what = said.empty() ? "list" : said.front();
  static constexpr std::array<std::string_view, 4> known{{"list", "show", "export", "output"}};
  const bool is_known = std::ranges::find(known, what) != known.end();
  if (const std::string_view near = nearest(what, known); !is_known && !near.empty())
    throw input_error("'lakh runs " + what + "' is not known", "did you mean 'lakh runs " + std::string(near) + "'?");
  if (!is_known)
    throw input_error("'lakh runs " + what + "' is not known",
                      "to see that run: lakh runs show " + what + "; to list them: lakh runs");
  if (what != "list" && said.size() < 2)
    throw input_error("'lakh runs " + what + "' needs a run", "the newest is 'last'; 'lakh runs' lists them");
  if (what == "list" && said.size() > 1)
    throw input_error("'" + said[1] + "' is one word too many for 'lakh runs list'",
                      "to see one run: lakh runs show " + said[1]);
  if (said.size() > 2 && what != "output")
    throw input_error("'" + said[2] + "' is one word too many for 'lakh runs " + what + "'");
  if (what == "export") return export_run(env, given, root);
  if (what == "output") return show_output(env, given, load::run_folder::find(root, said[1]));
  return what == "list" ? list_runs(env, given, root) : show_run(env, given, root);
}

}  // namespace

const verb& runs_verb() {
  static const verb made = {
      .name = "runs",
      .summary = "lists runs, and shows what became of one",
      .usage = {"lakh runs [list] [options]", "lakh runs show RUN [options]", "lakh runs export RUN [options]",
                "lakh runs output RUN [ITEM] [options]"},
      .about =
          "RUN is a run's name, the beginning or the last part of one, 'last' for the newest, or the path of its "
          "folder. "
          "The balance is computed from the ledger, and every digest in it is checked. 'output' prints what the "
          "programs of an exec run wrote, one after the other in the order of the items, and never mixed; of those "
          "that were run again, the last time.\n",
      .options =
          {
              {.name = "--runs", .value = "FOLDER", .help = "where the runs are (./runs)", .kind = value_kind::folder},
              {.name = "--failed", .help = "lists the items that failed, and why"},
              {.name = "--unknown", .help = "lists the items of which nobody can say what became"},
              {.name = "--confirmed", .help = "lists the items that are confirmed, and what was kept of the answers"},
              {.name = "--in-doubt",
               .help = "export: items that were claimed and of which nothing is known (with --unknown too)"},
              {.name = "--format",
               .value = "FORMAT",
               .help = "export: csv or jsonl (csv)",
               .choices = {"csv", "jsonl"}},
              {.name = "--output",
               .letter = 'o',
               .value = "FILE",
               .help = "export: to a file",
               .kind = value_kind::file},
              {.name = "--no-requests", .help = "export: leaves out what was sent for each item"},
              {.name = "--stderr", .help = "output: what they wrote on stderr, instead of stdout"},
              {.name = "--tag", .help = "output: puts the item's number before each line"},
              {.name = "--limit", .value = "N", .help = "lists at most so many"},
              {.name = "--json", .help = "one JSON object or array; of items, one object on each line"},
          },
      .positionals = {{.name = "list|show|export|output", .choices = {"list", "show", "export", "output"}},
                      {.name = "RUN", .choices = {"last"}},
                      {.name = "ITEM"}},
      .examples =
          {
              {"lakh runs", "lists the runs in ./runs, newest first"},
              {"lakh runs show last", "the balance of the newest run"},
              {"lakh runs show k7f3q2 --failed", "which items failed, and why"},
              {"lakh runs export last --unknown -o unknown.csv",
               "what nobody could settle, each with the request that was sent, for a person to settle by hand"},
              {"lakh runs output last --failed --tag", "what the programs of the items that failed wrote"},
              {"lakh runs show last --confirmed --json | jq -r .kept.order_id", "what was kept of each answer"},
          },
      .run = run_runs,
  };
  return made;
}

}  // namespace lakh::cli
