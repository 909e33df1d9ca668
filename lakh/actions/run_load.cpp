#include <lakh/actions/frozen_run.hpp>
#include <lakh/actions/reconcile_run.hpp>
#include <lakh/actions/registry.hpp>
#include <lakh/actions/run_load_state.hpp>
#include <lakh/actions/sent_digests.hpp>
#include <lakh/actions/target_views.hpp>
#include <lakh/core/text.hpp>
#include <lakh/core/unique_fd.hpp>
#include <lakh/core/version.hpp>
#include <lakh/load/descriptors.hpp>
#include <lakh/load/digest.hpp>
#include <lakh/load/receipt.hpp>

#include <algorithm>
#include <filesystem>
#include <limits>

#include <fcntl.h>
#include <sched.h>

namespace lakh::actions {
namespace {

// The processors that this process may use, not those that the machine has.
unsigned usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

std::optional<std::uint64_t> requested_by(const load::plan& p) {
  const auto scheduled = p.pace.open() ? p.pace.items() : std::nullopt;
  if (p.items && scheduled) return std::min(*p.items, *scheduled);
  if (p.items) return p.items;
  if (p.duration) return std::nullopt;
  return scheduled;
}

}  // namespace

load_run::state::state(load_request given) : request(std::move(given)) {
  if (request.resume) open_earlier(*request.resume);
  load::plan& p = request.the_plan;
  feeds = load::open_feeds(p);
  if (!p.items && !p.duration && !p.pace.items()) p.items = feeds.capacity();
  load::declare(p, feeds, scope);
  steps = compile(p, scope);
  if (!p.reconcile.is_null()) view = make_target_view(p, scope);
  requested = requested_by(p);
  if (request.resume && requested != folder->info().requested)
    throw input_error("these words change how many items the run has",
                      "leave out --rate: a resumed run does what it was asked at first");
  if (request.ledger && !request.resume) {
    for (std::size_t i = 0; i < steps.size(); ++i)
      if (const config more = steps[i].act->frozen(); !more.is_null())
        p.steps[i].settings = p.steps[i].settings.overlaid(more);
    frozen = load::canonical_text(p, feeds);
    if (const std::size_t bad = find_bad_utf8(frozen); bad != std::string::npos) {
      const std::size_t line = frozen.rfind('\n', bad) + 1;
      throw input_error("a text of the plan is not UTF-8, here: " + frozen.substr(line, bad - line),
                        "write it in UTF-8; bytes that are no text can come from a file");
    }
  }
  shape = load::settle_shape(p.shape, p.lanes(usual_users()), usable_cores());
  if (request.repair && view == nullptr)
    throw input_error("nothing can be repaired: the plan does not say how the target is asked what it has",
                      "write down `reconcile:` in the plan of a new run");
  if (request.repair && p.at_most_once)
    throw input_error("nothing can be repaired: the run sends nothing that was sent before, as at_most_once says");
  if (request.retry_failed && p.at_most_once)
    throw input_error(
        "failed items cannot be tried again: the run sends nothing that was sent before, as at_most_once says",
        "begin a new run for them: lakh runs export RUN --failed lists them");
  if (shape.processes > 1) {
    load::process_heritage heritage;
    heritage.the_plan = &request.the_plan;
    heritage.feeds = &feeds;
    heritage.steps = steps;
    heritage.kept_count = scope.kept_count();
    heritage.requested = requested;
    heritage.shape = shape;
    processes = std::make_unique<load::supervisor>(std::move(heritage), requested);
  }
}

// Where nobody says how many: as the action that can have the fewest at once.
std::uint64_t load_run::state::usual_users() const {
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  for (const load::compiled_step& step : steps) least = std::min(least, step.act->usual_users(usable_cores()));
  return least;
}

load_run::load_run(load_request request) : state_(std::make_unique<state>(std::move(request))) {}
load_run::~load_run() = default;

const load::run_shape& load_run::shape() const noexcept {
  return state_->shape;
}
unsigned load_run::descriptors_per_lane() const {
  return load::descriptors_per_lane(state_->steps);
}
std::optional<std::uint64_t> load_run::requested() const noexcept {
  return state_->requested;
}

void load_run::tell_through(std::function<void(const std::string&)> tell) {
  state_->request.tell = std::move(tell);
}

task<void> load_run::check_target() const {
  co_await state_->steps.front().act->check_target();
}

void load_run::stop() {
  state_->stop_asked = true;
  if (state_->sending != nullptr)
    state_->sending->stop();
  else if (state_->asking != nullptr && !state_->has_sent)
    state_->asking->cancel();
}

void load_run::abort() {
  state_->stop_asked = true;
  if (state_->sending != nullptr)
    state_->sending->abort();
  else if (state_->asking != nullptr)
    state_->asking->cancel();
}

// --- the folder ----------------------------------------------------------------------------------------------------

void load_run::state::open_earlier(const std::filesystem::path& where) {
  folder.emplace(load::run_folder::open(where));
  const load::run_info& info = folder->info();
  started = check_frozen(where, info);
  run_id = info.run_id;
  session = info.sessions + 1;
  seconds_before = info.seconds;
  for (const auto& entry : std::filesystem::directory_iterator(where)) {
    if (!entry.path().filename().string().starts_with("ledger-")) continue;
    last_sign = std::max(last_sign, entry.last_write_time());
    // What a killed session has written may not be on the disk yet, and this session rests on it.
    sync_file(open_file(entry.path(), O_RDONLY), entry.path());
  }
}

void load_run::state::make_folder() {
  const load::plan& p = request.the_plan;
  started = wall_now();
  run_id = make_run_id(started);
  if (!request.ledger) return;
  load::run_info info;
  info.run_id = run_id;
  info.started_at = rfc3339(started);
  info.title = p.name;
  info.target = p.target;
  info.requested = requested;
  info.codes = load::codes_of(steps);
  info.seed = p.seed;
  info.plan_digest = load::digest_of(frozen);
  info.lakh_version = std::string(version);
  info.command_line = load::without_secrets(request.command_line);
  folder.emplace(load::run_folder::create(p.run_folder.empty() ? request.runs : p.run_folder, std::move(info), frozen));
}

void load_run::state::begin_session() {
  load::run_info info = folder->info();
  info.state = load::run_state::running;
  info.sessions = session;
  info.ended_at.clear();
  info.message.clear();
  folder->update(std::move(info));
}

// --- the end -------------------------------------------------------------------------------------------------------

// The balance is what the ledger says, not what was counted on the way.
void load_run::state::read_balance(load_report& report) {
  load::balance& result = report.result;
  if (folder) {
    load::ledger_reader ledger(folder->path());
    now = ledger.read(requested.value_or(0));
    files = ledger.files();
    result = load::balance_of_run(now, requested);
    const bool doubt_can_go = repeatable() || (view && !request.the_plan.at_most_once);
    report.resumable = !result.settled() || (result.unknown != 0 && doubt_can_go);
    return;
  }
  const load::run_stats& stats = report.run.stats;
  result.confirmed = stats.confirmed;
  result.failed = stats.failed;
  result.unknown = stats.unknown;
  result.doubtful = stats.in_flight;
  result.requested = requested.value_or(stats.settled() + stats.in_flight);
  result.unclaimed = result.requested - std::min(result.requested, stats.settled() + stats.in_flight);
}

task<void> load_run::state::reconcile(load_report& report) {
  if (!view || !request.reconcile || report.run.end == load::run_end::aborted) co_return;
  if (!folder) {
    report.notes.emplace_back("not reconciled: without a ledger there is nothing to hold the target's data against");
    co_return;
  }
  try {
    // What was never sent is not looked up one by one; a listing tells of it all the same.
    using enum load::item_state;
    const load::state_set sent = claimed | confirmed | failed | unknown;
    load::reconciler both(now, requested.value_or(now.size()),
                          sent_digests(request.the_plan, feeds, steps, run_id, started));
    report.reconciled = co_await ask_target(both, now, sent);
    if (report.reconciled->settled == 0 || report.run.end == load::run_end::ledger_failed) co_return;
    // What the target has as it was sent has happened, whatever became of the answer.
    std::optional<load::settlement> settled;
    for (auto item = both.next(0, load::item_verdict::settled); item;
         item = both.next(*item + 1, load::item_verdict::settled))
      settle(settled, *item, load::outcome_state::confirmed, "asked: the target has it, as it was sent");
    settled->close();
    read_balance(report);
  } catch (const cancelled&) {
    throw;
  } catch (const error& e) {
    report.reconcile_problem = e.what();
    if (!e.hint().empty()) report.reconcile_problem += " (" + std::string(e.hint()) + ")";
  }
}

// The last word in run.json. A disk that is full must not hide the balance, which stands in the ledger.
void load_run::state::note_end(load_report& report) noexcept {
  if (!folder) return;
  try {
    load::run_info info = folder->info();
    info.state = report.run.end == load::run_end::ledger_failed ? load::run_state::broken
                 : report.result.settled()                      ? load::run_state::finished
                                                                : load::run_state::stopped;
    info.ended_at = rfc3339(wall_now());
    info.seconds = seconds_before + std::chrono::duration<double>(report.run.elapsed).count();
    info.result = report.result;
    info.message = report.run.message;
    folder->update(std::move(info));
  } catch (const std::exception& e) {
    report.notes.emplace_back(std::string("run.json could not be written: ") + e.what());
  }
}

void load_run::state::write_receipt(load_report& report) noexcept {
  if (!folder) return;
  try {
    load::receipt_facts facts;
    facts.files = files;
    facts.result = report.result;
    facts.reconciled = report.reconciled;
    facts.reconcile_problem = report.reconcile_problem;
    facts.key = request.sign.get();
    report.receipt_digest = load::write_receipt(folder->path(), facts);
  } catch (const std::exception& e) {
    report.notes.emplace_back(std::string("receipt.json could not be written: ") + e.what());
  }
}

task<load_report> load_run::run(std::function<void(const load::run_progress&)> on_progress, duration every) {
  state& my = *state_;
  load_report report;
  // What is not the same everywhere is said.
  if (!my.request.the_plan.users && my.request.the_plan.shape.automatic && my.usual_users() == usable_cores())
    my.tell(load::grouped(my.shape.lanes()) + " at a time, as there are processors; --users says otherwise");
  if (my.request.resume) {
    if (!co_await my.unless_cut_short(my.take_up())) throw cancelled();
    my.begin_session();
  } else {
    my.make_folder();
  }
  report.run_id = my.run_id;
  report.session = my.session;
  report.shape = my.shape;
  report.codes = load::codes_of(my.steps);
  report.requested_known = my.requested.has_value();
  if (my.folder) report.folder = my.folder->path();

  co_await my.send(report, std::move(on_progress), every);
  my.read_balance(report);
  my.note_end(report);  // before the target is asked, which may take long
  if (!co_await my.unless_cut_short(my.reconcile(report)))
    report.notes.emplace_back("not reconciled: stopped before the target had told all");
  my.note_end(report);
  if (my.folder && report.result.doubtful == 0) load::forget_begun_marks(my.folder->path());
  my.write_receipt(report);  // last: it speaks of all the rest
  co_return report;
}

}  // namespace lakh::actions
