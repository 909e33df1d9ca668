// `lakh compare`: the same plan in several shapes, each run in a program of its own, and what they took.
#include "compare_table.hpp"
#include "console.hpp"
#include "load_words.hpp"
#include "measured_program.hpp"
#include "report_files.hpp"
#include "verb.hpp"

#include <lakh/actions/run_load.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/signals.hpp>
#include <lakh/core/clock.hpp>
#include <lakh/core/error.hpp>
#include <lakh/load/comparison_page.hpp>
#include <lakh/load/plan_shape.hpp>
#include <lakh/load/run_report.hpp>

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <ostream>
#include <thread>
#include <utility>

namespace lakh::cli {
namespace {

constexpr std::string_view usual_shapes = "serial,threads:64,processes:4,coroutines:64,auto";
constexpr std::uint64_t most_rounds = 1000;

// Removed with everything in it, unless it is kept.
class temporary_folder {
 public:
  temporary_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lakh-compare-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
      throw storage_error(std::error_code(errno, std::generic_category()), "cannot make a folder as " + pattern,
                          "set TMPDIR to a folder in which you may write");
    path_ = pattern;
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder() {
    std::error_code ignored;
    if (!kept_) std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  void keep() noexcept { kept_ = true; }

 private:
  std::filesystem::path path_;
  bool kept_ = false;
};

std::vector<load::run_shape> shapes_of(const words& given) {
  const std::string list = given.text("--shapes").value_or(std::string(usual_shapes));
  std::vector<load::run_shape> shapes;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    const auto shape = load::parse_shape(std::string_view(list).substr(at, end - at));
    if (!shape) throw input_error("--shapes: " + shape.error());
    if (std::ranges::find(shapes, *shape) != shapes.end())
      throw input_error("--shapes names " + load::format_shape(*shape) + " twice", "leave one of them out");
    shapes.push_back(*shape);
    at = end + 1;
  }
  if (shapes.size() > load::most_shapes)
    throw input_error(
        fmt::format("--shapes names {} shapes, but a comparison shows at most {}", shapes.size(), load::most_shapes),
        "make several comparisons");
  return shapes;
}

std::string number_and_reasons(const load::balance& result, const boost::json::value& summary) {
  std::string text;
  const auto part = [&](std::uint64_t count, const char* what) {
    if (count == 0) return;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", load::grouped(count), what);
  };
  part(result.failed, "failed");
  part(result.unknown, "unknown");
  part(result.doubtful, "in doubt");
  part(result.unclaimed, "not sent");
  text = fmt::format("of {} items {}", load::grouped(result.requested), text);
  if (const auto& reasons = summary.at("reasons").as_array(); !reasons.empty())
    text += ": " + std::string(reasons.front().at("reason").as_string());
  return text;
}

// What the program said before it ended: "error: what happened", with the hint behind it.
std::pair<std::string, std::string> complaint_of(const std::string& errors) {
  const auto line_with = [&](std::string_view label) -> std::string {
    const std::size_t at = errors.find(label);
    if (at == std::string::npos) return {};
    return errors.substr(at + label.size(), errors.find('\n', at) - at - label.size());
  };
  return {line_with("error: "), line_with("hint: ")};
}

double number_at(const boost::json::value& from, std::string_view path) {
  boost::system::error_code absent;
  const boost::json::value* found = from.find_pointer(path, absent);
  return found != nullptr && found->is_number() ? found->to_number<double>() : 0;
}

class comparing {
 public:
  comparing(environment& env, const words& given, load::plan plan, const std::vector<load::run_shape>& shapes)
      : env_(env), given_(given), quiet_(given.has("--quiet")) {
    all_.title = plan.name;
    all_.target = plan.target;
    all_.processors = std::max(1U, std::thread::hardware_concurrency());
    all_.rounds = static_cast<unsigned>(given.integer("--rounds", 1, most_rounds).value_or(3));
    all_.ledger = !given.has("--no-ledger");
    prepare(std::move(plan), shapes);
  }

  task<void> run() {
    signal_watch watch({SIGINT, SIGTERM});
    co_await in_scope([&](scope& all) -> task<void> {
      all.spawn(heed_signals(watch));
      co_await rounds();
      all.cancel();
    });
    all_.cut_short = signal_ != 0;
  }

  [[nodiscard]] const load::comparison& result() const noexcept { return all_; }

  // Where runs stand that did not count, if somebody should look at them.
  [[nodiscard]] std::string kept_at() {
    if (given_.has("--runs") || !all_.ledger || signal_ != 0) return {};
    for (const load::compared_shape& shape : all_.shapes)
      for (const load::shape_run& run : shape.runs)
        if (!run.counts() && !run.run_id.empty()) {
          work_.keep();
          return (work_.path() / "runs").string();
        }
    return {};
  }

  [[nodiscard]] int exit_code() const {
    if (signal_ != 0) return signal_ == SIGTERM ? terminated : interrupted;
    for (const load::compared_shape& shape : all_.shapes)
      for (const load::shape_run& run : shape.runs)
        if (!run.counts())
          return meaning_of(run.exit_code).empty() || run.exit_code >= interrupted ? internal_failure : run.exit_code;
    return all_well;
  }

 private:
  // The plan once for each shape, checked as far as it can be without the network, and frozen for the runs.
  void prepare(load::plan plan, const std::vector<load::run_shape>& shapes) {
    plan.run_folder.clear();
    plan.limits.asserts.clear();  // they are for one shape
    const auto users = plan.users;
    const auto fewer = given_.integer("--slow-items", 1);
    if (fewer && !plan.items) throw input_error("--slow-items needs a number of items to be fewer than", "add -n N");
    std::uint64_t widest = 0;
    for (const load::run_shape& shape : shapes) {
      plan.shape = shape;
      plan.users = shape.automatic ? users : std::nullopt;
      actions::load_request request;
      request.the_plan = plan;
      request.ledger = false;
      const actions::load_run checked(std::move(request));
      load::compared_shape& one = all_.shapes.emplace_back();
      one.name = load::format_shape(shape);
      one.lanes = checked.shape().lanes();
      widest = std::max(widest, one.lanes);
      several_.push_back(checked.shape().processes > 1);
    }
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      load::compared_shape& one = all_.shapes[i];
      load::plan mine = plan;
      mine.shape = shapes[i];
      mine.users = shapes[i].automatic ? users : std::nullopt;
      if (fewer && load::is_slow(one.lanes, widest) && *fewer < *mine.items) {
        mine.items = fewer;
        one.fewer = true;
      }
      one.items = mine.items;
      write_whole(plan_file(i), load::canonical_text(mine, load::open_feeds(mine)));
    }
  }

  [[nodiscard]] std::filesystem::path plan_file(std::size_t shape) const {
    return work_.path() / fmt::format("plan-{}.yaml", shape);
  }

  task<void> rounds() {
    all_.began_at = rfc3339(wall_now());
    for (unsigned round = 1; round <= all_.rounds; ++round)
      for (const std::size_t i : load::order_of_round(all_.shapes.size(), round)) {
        load::shape_run run = co_await run_once(i, round);
        load::compared_shape& shape = all_.shapes[i];
        if (!quiet_) *env_.err << run_line(all_, shape, run) + "\n" << std::flush;
        shape.runs.push_back(std::move(run));
        if (signal_ != 0) co_return;
      }
  }

  [[nodiscard]] program program_for(std::size_t shape) const {
    program what(env_.program);
    for (const char* word : {"load", "--json", "--no-report", "--progress", "none"}) what.arg(word);
    for (const char* flag : {"--no-ledger", "--no-reconcile"})
      if (given_.has(flag)) what.arg(flag);
    what.arg("--runs").arg(given_.text("--runs").value_or((work_.path() / "runs").string()));
    what.arg(plan_file(shape).string());
    // A terminal's Ctrl-C is for this program, which hands it on: once, since load takes a second one for impatience.
    return std::move(what).own_session().dies_with_parent();
  }

  task<load::shape_run> run_once(std::size_t shape, unsigned round) {
    const measured_program done =
        co_await run_measured(program_for(shape), several_[shape], [this](process* now) { running_ = now; });
    load::shape_run run;
    run.round = round;
    run.exit_code = done.status.code();
    run.user_seconds = done.user_seconds;
    run.system_seconds = done.system_seconds;
    run.peak_bytes = done.peak_bytes;
    run.voluntary_switches = done.voluntary_switches;
    run.involuntary_switches = done.involuntary_switches;
    boost::system::error_code not_json;
    const boost::json::value summary = boost::json::parse(done.output, not_json);
    if (not_json) {
      no_summary(run, done);
      co_return run;
    }
    try {
      read_summary(run, summary, all_.shapes[shape]);
    } catch (const boost::system::system_error& strange) {
      run.problem = std::string("its balance cannot be read: ") + strange.what();
    } catch (const storage_error& unreadable) {
      run.problem = unreadable.what();
    }
    co_return run;
  }

  // It ended before it had a balance. The first run of all says so for all.
  void no_summary(load::shape_run& run, const measured_program& done) const {
    const auto [what, hint] = complaint_of(done.errors);
    if (done.status.signal() != 0)
      run.problem = fmt::format("it was killed by signal {}", done.status.signal());
    else if (signal_ != 0)
      run.problem = "it was stopped";
    else if (what.empty())
      run.problem = fmt::format("it ended with exit code {}", run.exit_code);
    else
      run.problem = what;
    if (signal_ != 0 || std::ranges::any_of(all_.shapes, [](const auto& one) { return !one.runs.empty(); })) return;
    switch (run.exit_code) {
      case wrong_input: throw input_error(run.problem, hint);
      case target_unreachable: throw connect_error(make_error_code(errc::cannot_connect), run.problem, hint);
      case storage_failed: throw storage_error(make_error_code(errc::storage_failure), run.problem, hint);
      default: throw error(error_kind::internal, {}, "the first run came to nothing: " + run.problem, hint);
    }
  }

  void read_summary(load::shape_run& run, const boost::json::value& summary, load::compared_shape& shape) const {
    run.run_id = summary.at("run").as_string();
    run.seconds = summary.at("seconds").to_number<double>();
    run.peak_bytes = std::max(run.peak_bytes, summary.at("peak_bytes").to_number<std::uint64_t>());
    const boost::json::value& sheet = summary.at("balance");
    const auto count = [&](const char* name) { return sheet.at(name).to_number<std::uint64_t>(); };
    run.result.requested = count("requested");
    run.result.confirmed = count("confirmed");
    run.result.failed = count("failed");
    run.result.unknown = count("unknown");
    run.result.doubtful = count("doubtful");
    run.result.unclaimed = count("unclaimed");
    run.p50_us = 1e3 * number_at(summary, "/latency_ms/from_start/p50");
    run.p99_us = 1e3 * number_at(summary, "/latency_ms/from_start/p99");
    if (signal_ != 0)
      run.problem = "it was stopped";
    else if (!run.result.perfect())
      run.problem = number_and_reasons(run.result, summary);
    else if (run.exit_code != all_well)
      run.problem = summary.at("problem").is_string() ? std::string(summary.at("problem").as_string())
                                                      : std::string(meaning_of(run.exit_code));
    if (!all_.ledger || !run.counts()) return;
    const std::filesystem::path folder = std::string(summary.at("folder").as_string());
    shape.latency.merge(load::read_run_report(folder).latency);
    std::error_code ignored;
    if (!given_.has("--runs")) std::filesystem::remove_all(folder, ignored);
  }

  task<void> heed_signals(signal_watch& watch) {
    for (;;) {
      const int number = co_await watch.next();
      if (signal_ == 0) signal_ = number;
      if (running_ != nullptr) running_->send_signal(SIGTERM);
    }
  }

  environment& env_;
  const words& given_;
  bool quiet_;
  temporary_folder work_;
  load::comparison all_;
  std::vector<bool> several_;  // processes, by shapes
  process* running_ = nullptr;
  int signal_ = 0;
};

int run_compare(environment& env, const words& given) {
  if (given.behind_action() == nullptr && given.positional().empty())
    throw input_error("'lakh compare' needs a plan or an action",
                      "as in: lakh compare orders.yaml, or: lakh compare -n 2000 http POST URL --json '{…}'");
  const std::vector<load::run_shape> shapes = shapes_of(given);
  comparing all(env, given, plan_of(env, given), shapes);
  lakh::run(all.run());

  const load::comparison& result = all.result();
  const std::string now = rfc3339(wall_now());
  std::string page;
  if (!given.has("--no-html")) {
    page = given.text("--html").value_or("comparison.html");
    write_whole(page, load::comparison_html(result, now));
  }
  if (given.has("--json"))
    *env.out << load::comparison_json(result, now) << '\n';
  else
    *env.out << comparison_text(result, std::clamp(env.width(), 60U, 160U), paint(env.out_in_colour()));
  if (const std::string kept = all.kept_at(); !kept.empty())
    *env.err << "the runs that do not count are kept: lakh runs --runs " + printable(kept) + "\n";
  if (!page.empty() && !given.has("--quiet")) *env.err << "written: " << page << '\n';
  return all.exit_code();
}

// Those of `lakh load` that say what is done, and the comparison's own.
std::vector<option> options() {
  std::vector<option> all = {
      {.name = "--shapes",
       .letter = 's',
       .value = "SHAPE,…",
       .help = "which, as in serial,threads:8,coroutines:64,2x1x32; the first is what the others are held against "
               "(serial,threads:64,processes:4,coroutines:64,auto)",
       .section = "The comparison"},
      {.name = "--rounds", .value = "N", .help = "how often each shape is run (3)", .section = "The comparison"},
      {.name = "--slow-items",
       .value = "N",
       .help = "so few items for shapes with at most a quarter of the widest one's lanes; the table says so",
       .section = "The comparison"},
  };
  constexpr std::string_view taken[] = {"--items",
                                        "--duration",
                                        "--users",
                                        "--target",
                                        "--feed",
                                        "--let",
                                        "--seed",
                                        "--key",
                                        "--attempts",
                                        "--at-most-once",
                                        "--name",
                                        "--timeout",
                                        "--connect-timeout",
                                        "--first-byte-timeout"};
  for (option& one : load_options()) {
    if (std::ranges::find(taken, one.name) == std::end(taken)) continue;
    if (one.name == "--users")
      one.help =
          "how many are in flight at once in the shape auto (64; programs: as many as "
          "processors)";
    if (one.name == "--name") one.help = "what you call this comparison";
    if (one.section == "Ledger and output") one.section = "Output";
    all.push_back(std::move(one));
  }
  const std::vector<option> output = {
      {.name = "--html",
       .value = "FILE",
       .help = "where the page goes (comparison.html)",
       .kind = value_kind::file,
       .section = "Output"},
      {.name = "--no-html", .help = "writes no page", .section = "Output"},
      {.name = "--json", .help = "all figures as one JSON object on stdout", .section = "Output"},
      {.name = "--quiet", .letter = 'q', .help = "says nothing while it goes on", .section = "Output"},
      {.name = "--runs",
       .value = "FOLDER",
       .help = "keeps the runs' folders here; otherwise they stand in TMPDIR, and are removed",
       .kind = value_kind::folder,
       .section = "Output"},
      {.name = "--no-ledger",
       .help = "runs without ledgers: nothing can be proved, and there are no curves",
       .section = "Output"},
      {.name = "--no-reconcile", .help = "does not ask the target what it holds", .section = "Output"},
  };
  all.insert(all.end(), output.begin(), output.end());
  return all;
}

}  // namespace

const verb& compare_verb() {
  static const verb made = {
      .name = "compare",
      .summary = "does the same plan in several shapes and shows what each takes",
      .usage = {"lakh compare PLAN.yaml [options]", "lakh compare -n N [options] http [METHOD] URL [options]"},
      .about =
          "Each shape is run once in every round, and every round begins with another one. Each run is a program of "
          "its "
          "own, so that processor time, memory and context switches are of that run alone: its start, its books and "
          "its "
          "reconciliation are in them. The table shows the median of the rounds, and below it the least and the most; "
          "the page shows the same as bars and curves.\n"
          "Runs keep their ledgers, as 'lakh load' does. They stand in a temporary folder and are removed, unless "
          "--runs "
          "says where to keep them; where the temporary folder is in memory (tmpfs), writing them costs less than on a "
          "disk. Every run has an id of its own, so keys and references made from {{run}} are new each time: a shop "
          "gets as many orders as runs were made.\n"
          "A run that does not confirm all its items does not count: it is told, its folder is kept, and the exit code "
          "is its own. Limits of the plan are not judged. Ctrl-C ends the run that is under way, and shows what was "
          "measured before.\n",
      .options = options(),
      .positionals = {{.name = "PLAN.yaml", .kind = value_kind::file}},
      .takes_action = true,
      .examples =
          {
              {"lakh compare orders.yaml -n 2000 --slow-items 200", "five shapes; the slow ones with fewer items"},
              {"lakh compare -n 2000 --shapes serial,threads:16,coroutines:16 http :8080/stats", "three, by words"},
              {"lakh compare -n 500 --shapes serial,threads:2,processes:2,coroutines:64 compute sha256 'order "
               "{{item}}' "
               "--rounds 20000",
               "where the processor is what counts"},
              {"lakh compare orders.yaml --rounds 5 --json | jq '.shapes[] | {shape, rate: .figures.rate.median}'",
               "for a program"},
          },
      .run = run_compare,
  };
  return made;
}

}  // namespace lakh::cli
