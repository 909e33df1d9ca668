// `lakh load`: an action, N times, with a ledger.
#include "console.hpp"
#include "load_metrics.hpp"
#include "load_progress.hpp"
#include "load_summary.hpp"
#include "load_words.hpp"
#include "measured_program.hpp"
#include "preflight.hpp"
#include "report_files.hpp"
#include "verb.hpp"

#include <lakh/actions/run_load.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/signals.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/shell_word.hpp>
#include <lakh/load/run_folder.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <ostream>

#include <unistd.h>

namespace lakh::cli {
namespace {

enum class progress_kind : unsigned char { bar, plain, json, none };

progress_kind kind_of(const environment& env, const words& given) {
  if (const auto said = given.text("--progress")) {
    if (*said == "bar") return progress_kind::bar;
    if (*said == "plain") return progress_kind::plain;
    if (*said == "json") return progress_kind::json;
    return progress_kind::none;
  }
  if (given.has("--quiet")) return progress_kind::none;
  if (given.has("--json")) return progress_kind::json;
  return env.err_is_terminal && env.getenv("TERM") != "dumb" ? progress_kind::bar : progress_kind::plain;
}

// A reader of our output that goes away must not take the run with it.
class pipes_may_break {
 public:
  pipes_may_break() noexcept {
    struct sigaction ignore{};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &before_);
  }
  pipes_may_break(const pipes_may_break&) = delete;
  pipes_may_break& operator=(const pipes_may_break&) = delete;
  ~pipes_may_break() { ::sigaction(SIGPIPE, &before_, nullptr); }

 private:
  struct sigaction before_{};
};

class load_session {
 public:
  load_session(environment& env, const words& given, actions::load_run& run, load_metrics* metrics)
      : env_(env),
        run_(run),
        metrics_(metrics),
        kind_(kind_of(env, given)),
        colours_(env.err_in_colour()),
        display_(*env.err) {
    // From now on a bar may stand where sentences go.
    if (!given.has("--quiet") && !given.has("--json"))
      run_.tell_through([this](const std::string& sentence) { display_.say(sentence); });
  }

  task<actions::load_report> run() {
    co_await run_.check_target();
    last_.requested = run_.requested();
    if (metrics_ != nullptr) metrics_->update(last_);
    std::optional<actions::load_report> report;
    signal_watch watch({SIGINT, SIGTERM});
    co_await in_scope([&](scope& s) -> task<void> {
      s.spawn(heed_signals(s, watch));
      if (metrics_ != nullptr) s.spawn(metrics_->serve());
      report.emplace(co_await run_.run([this](const load::run_progress& now) { show(now); }, every()));
      s.cancel();
    });
    if (!report) throw cancelled();
    show_last();
    co_return std::move(*report);
  }

  // The signal by which a person stopped the run; 0 if none.
  [[nodiscard]] int signal() const noexcept { return signal_; }

 private:
  // How often there is something to see.
  [[nodiscard]] duration every() const {
    return metrics_ == nullptr ? shown_every() : std::min(shown_every(), duration(std::chrono::milliseconds(500)));
  }
  [[nodiscard]] duration shown_every() const {
    if (kind_ == progress_kind::bar) return std::chrono::milliseconds(100);
    if (kind_ == progress_kind::plain) return std::chrono::seconds(2);
    return std::chrono::seconds(1);
  }

  [[nodiscard]] bool all_settled() const { return last_.requested && last_.stats.settled() >= *last_.requested; }

  void show(const load::run_progress& now) {
    last_ = now;
    if (metrics_ != nullptr) {
      metrics_->update(now);
      if (now.elapsed < show_next_) return;
      show_next_ = now.elapsed + shown_every();
    }
    if (kind_ == progress_kind::bar) {
      const std::size_t columns = std::max(20U, env_.width()) - 1;
      std::vector<std::string> lines = bar_lines(now, columns, colours_);
      if (signal_ != 0)
        lines.push_back(
            colours_.yellow(fit("  stopping: finishing what is in flight; Ctrl-C again drops it", columns)));
      else if (all_settled())
        lines.push_back(colours_.dim(fit("  all items are settled; closing the books …", columns)));
      display_.show(lines, env_.width());
    } else if (all_settled()) {
      return;  // the last line comes with the balance
    } else if (kind_ == progress_kind::plain) {
      *env_.err << plain_line(now) + "\n" << std::flush;
    } else if (kind_ == progress_kind::json) {
      *env_.err << json_line(now) + "\n" << std::flush;
    }
  }

  void show_last() {
    if (kind_ == progress_kind::bar) {
      display_.show(bar_lines(last_, std::max(20U, env_.width()) - 1, colours_, true), env_.width());
      display_.close();
    } else if (kind_ == progress_kind::plain) {
      *env_.err << plain_line(last_, true) + "\n" << std::flush;
    } else if (kind_ == progress_kind::json) {
      *env_.err << json_line(last_) + "\n" << std::flush;
    }
  }

  void say(const std::string& line) {
    if (kind_ == progress_kind::json) {
      *env_.err << R"({"type":"note","text":")" + line + "\"}\n" << std::flush;
    } else {
      display_.say(colours_.yellow(line));
    }
  }

  task<void> heed_signals(scope& all, signal_watch& watch) {
    for (int count = 1;; ++count) {
      const int number = co_await watch.next();
      if (signal_ == 0) signal_ = number;
      if (all_settled() || count == 3) {
        say("stopped; the ledger is complete, the rest was not done");
        all.cancel();
        co_return;
      }
      if (count == 1) {
        run_.stop();
        say("stopping: what is in flight is finished first; once more drops it");
      } else {
        run_.abort();
        say(last_.stats.in_flight != 0 ? "stopping now: what is in flight is in doubt" : "stopping now");
      }
    }
  }

  environment& env_;
  actions::load_run& run_;
  load_metrics* metrics_;  // may be null
  duration show_next_{};   // not before; where progress comes more often than it is shown
  progress_kind kind_;
  paint colours_;
  live_display display_;
  load::run_progress last_;
  int signal_ = 0;
};

// Everything up to the first connection. What cannot be read here is what the person named: input, not the run's
// storage.
std::unique_ptr<actions::load_run> prepare(environment& env, const words& given, std::string& title,
                                           std::string& target, std::vector<load::limit>& limits) {
  actions::load_request request;
  request.runs = given.text("--runs").value_or("runs");
  if (const auto wanted = given.text("--resume")) request.resume = load::run_folder::find(request.runs, *wanted);
  try {
    load::plan p = request.resume ? frozen_plan_of(given, *request.resume) : plan_of(env, given);
    title = p.name;
    target = p.target;
    limits = p.limits.asserts;
    request.the_plan = std::move(p);
    request.ledger = !given.has("--no-ledger");
    request.reconcile = !given.has("--no-reconcile");
    request.repair = given.has("--repair");
    request.retry_failed = given.has("--retry-failed");
    if (const auto key = given.text("--sign")) {
      if (!request.ledger)
        throw input_error("'--sign' and '--no-ledger' do not go together", "without a ledger there is no receipt");
      request.sign = std::make_shared<load::signing_key>(load::signing_key::read(*key));
    }
    const bool silent = given.has("--quiet") || given.has("--json");
    if (!silent) request.tell = [&env](const std::string& sentence) { *env.err << sentence + "\n" << std::flush; };
    request.command_line.emplace_back("lakh");
    request.command_line.insert(request.command_line.end(), env.args.begin(), env.args.end());
    return std::make_unique<actions::load_run>(std::move(request));
  } catch (const storage_error& unreadable) {
    if (request.resume) throw;
    throw input_error(unreadable.what(), unreadable.hint());
  }
}

int run_load(environment& env, const words& given) {
  std::string title;
  std::string target;
  std::vector<load::limit> limits;
  const std::unique_ptr<actions::load_run> prepared = prepare(env, given, title, target, limits);
  actions::load_run& run = *prepared;
  const paint on_err(env.err_in_colour());
  for (const std::string& note :
       prepare_machine(run.shape().lanes(), run.shape().processes, run.descriptors_per_lane()))
    *env.err << on_err.yellow("note:") + " " + note + "\n";

  std::optional<load_metrics> metrics;
  if (const auto at = given.text("--metrics")) metrics.emplace(*at, load::metrics_facts{title, target});

  const pipes_may_break shield;
  load_session session(env, given, run, metrics ? &*metrics : nullptr);
  actions::load_report report;
  try {
    report = lakh::run(session.run());
  } catch (const cancelled&) {
    if (session.signal() == 0) throw;
    *env.err << "stopped; 'lakh runs show last' says what the ledger has\n";
    return session.signal() == SIGTERM ? terminated : interrupted;
  }

  run_summary_facts facts;
  facts.report = &report;
  facts.title = title;
  facts.target = target;
  facts.peak_bytes = peak_memory(::getpid());
  const run_files files = write_run_files(given, limits, report, title, target);
  facts.limits = files.limits;
  facts.page = files.page;
  report.notes.insert(report.notes.end(), files.notes.begin(), files.notes.end());
  facts.exit_code = exit_code_of(report, session.signal());
  if (!files.kept &&
      (facts.exit_code == all_well || facts.exit_code == not_all_confirmed || facts.exit_code == reconcile_differs))
    facts.exit_code = limit_broken;
  if (report.resumable) {
    facts.resume_command = "lakh load --resume " + report.run_id;
    for (const std::string_view kept : {"--runs", "--sign"})
      if (const auto value = given.text(kept))
        facts.resume_command += " " + std::string(kept) + " " + shell_word(*value);
  }
  if (given.has("--json"))
    *env.out << summary_json(facts) << '\n';
  else if (!given.has("--quiet") || facts.exit_code != all_well)
    *env.out << (env.out_is_terminal ? "\n" : "")
             << balance_sheet(facts, std::clamp(env.width(), 60U, 120U), paint(env.out_in_colour()));
  return facts.exit_code;
}

}  // namespace

const verb& load_verb() {
  static const verb made = {
      .name = "load",
      .summary = "does an action N times, each exactly once, with proof",
      .usage = {"lakh load PLAN.yaml [options]", "lakh load -n N [options] http [METHOD] URL [options]",
                "lakh load --resume RUN [options]"},
      .about =
          "Every item is written to a ledger before it is sent and after it is answered, and at the end requested = "
          "confirmed + "
          "failed + unknown. An item that may have happened is repeated only under the same key. Words are put over "
          "what a plan "
          "file says. Texts may hold templates: {{item}}, {{run}}, {{uuid}}, {{int(1,5)}}, {{pick(a,b)}}, "
          "{{FEED.column}}; "
          "a retry sends the same bytes.\n"
          "Ctrl-C finishes what is in flight and prints the balance and the command that goes on; a second one stops "
          "now, and leaves what is in flight in doubt.\n"
          "A run that was stopped, killed or lost its power goes on with --resume. What is confirmed is never sent "
          "again. What may have happened is sent again under the same key; without a key the target is asked, if the "
          "plan says how (reconcile:); else it is named unknown.\n",
      .options = load_options(),
      .positionals = {{.name = "PLAN.yaml", .kind = value_kind::file}},
      .takes_action = true,
      .examples =
          {
              {"lakh load orders.yaml", "runs a plan"},
              {"lakh load orders.yaml -n 1000 --target http://127.0.0.1:8080", "the same plan, smaller, elsewhere"},
              {"lakh load -n 100000 --key auto http POST :8080/orders --json '{\"ref\":\"{{run}}-{{item}}\"}' -e 201",
               "100,000 requests, each with its own body and key"},
              {"lakh load -n 5000 --feed customers=customers.csv http POST :8080/orders --json "
               "'{\"name\":\"{{customers.name}}\"}'",
               "each with a row of a file"},
              {"lakh load -d 5m --rate '0..500/s over 1m, 500/s' http :8080/stats", "by a schedule, for five minutes"},
              {"lakh load orders.yaml --shape 2x1x32",
               "in two processes, each with a ledger of its own; one that dies "
               "is replaced"},
              {"lakh load --resume last", "goes on where the newest run was stopped, killed or unplugged"},
              {"lakh load --resume last --repair", "asks the target, and sends again what it has lost"},
              {"lakh load orders.yaml --json 2>/dev/null | jq .balance", "the balance for a program"},
          },
      .run = run_load,
  };
  return made;
}

}  // namespace lakh::cli
