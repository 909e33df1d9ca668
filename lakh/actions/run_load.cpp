#include <lakh/actions/frozen_run.hpp>
#include <lakh/actions/reconcile_run.hpp>
#include <lakh/actions/registry.hpp>
#include <lakh/actions/run_load.hpp>
#include <lakh/actions/sent_digests.hpp>
#include <lakh/actions/target_views.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/core/clock.hpp>
#include <lakh/core/text.hpp>
#include <lakh/core/unique_fd.hpp>
#include <lakh/core/version.hpp>
#include <lakh/load/digest.hpp>
#include <lakh/load/dispenser.hpp>
#include <lakh/load/ledger.hpp>
#include <lakh/load/receipt.hpp>
#include <lakh/load/run_folder.hpp>
#include <lakh/load/settlement.hpp>

#include <algorithm>
#include <filesystem>
#include <limits>

#include <fcntl.h>
#include <sched.h>

namespace lakh::actions {
namespace {

using load::item_state;

// Before an item that is not at the target is sent again: time for what was on its way there when the loader died.
constexpr auto time_to_arrive = std::chrono::seconds(2);

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

std::string counted(std::uint64_t number, std::string_view one, std::string_view many) {
  return load::grouped(number) + " " + std::string(number == 1 ? one : many);
}

}  // namespace

struct load_run::state {
  explicit state(load_request given) : request(std::move(given)) {
    if (request.resume) open_earlier(*request.resume);
    load::plan& p = request.the_plan;
    feeds = load::open_feeds(p);
    load::declare(p, feeds, scope);
    steps = compile(p, scope);
    if (!p.reconcile.is_null()) view = make_target_view(p, scope);
    requested = requested_by(p);
    if (request.resume && requested != folder->info().requested)
      throw input_error("these words change how many items the run has",
                        "leave out --rate: a resumed run does what it was asked at first");
    if (request.ledger && !request.resume) {
      frozen = load::canonical_text(p, feeds);
      if (const std::size_t bad = find_bad_utf8(frozen); bad != std::string::npos) {
        const std::size_t line = frozen.rfind('\n', bad) + 1;
        throw input_error("a text of the plan is not UTF-8, here: " + frozen.substr(line, bad - line),
                          "write it in UTF-8; bytes that are no text can come from a file");
      }
    }
    shape = load::settle_shape(p.shape, p.lanes(usual_users()), usable_cores());
    if (shape.processes > 1)
      throw input_error(
          "shape " + load::format_shape(p.shape) + ": several processes are not supported by this version",
          "use threads or coroutines, as in --shape auto");
    if (request.repair && view == nullptr)
      throw input_error("nothing can be repaired: the plan does not say how the target is asked what it has",
                        "write down `reconcile:` in the plan of a new run");
    if (request.repair && p.at_most_once)
      throw input_error("nothing can be repaired: the run sends nothing that was sent before, as at_most_once says");
  }

  // Where nobody says how many: as the action that can have the fewest at once.
  [[nodiscard]] std::uint64_t usual_users() const {
    std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
    for (const load::compiled_step& step : steps) least = std::min(least, step.act->usual_users(usable_cores()));
    return least;
  }

  // How the run goes on, and what stands in its folder.
  void open_earlier(const std::filesystem::path& where);
  void make_folder();
  void begin_session();
  load::ledger_identity next_writer() const {
    return {run_id, folder->info().plan_digest, session, folder->next_writer()};
  }
  void tell(const std::string& sentence) const {
    if (request.tell) request.tell(sentence);
  }

  // Doing an item again that may have happened is safe.
  [[nodiscard]] bool repeatable() const {
    return !request.the_plan.at_most_once && std::ranges::all_of(steps, [](const load::compiled_step& step) {
      return step.act->keyed() || step.act->idempotent();
    });
  }

  // False if a person did not want to wait for its end.
  task<bool> unless_cut_short(task<void> work);
  // Holds what the target has of the items in those states against `both`, which was made from the same states.
  task<load::reconciliation> ask_target(load::reconciler& both, const load::item_states& states,
                                        load::state_set asked) const;
  task<void> take_up();
  task<void> settle_by_asking(load::item_states& states, std::optional<load::settlement>& settled);
  void settle_unasked(load::item_states& states, std::optional<load::settlement>& settled) const;
  void settle(std::optional<load::settlement>& settled, std::uint64_t item, load::outcome_state as,
              std::string_view reason) const {
    if (!settled) settled.emplace(folder->path(), next_writer());
    settled->add(item, as, reason);
  }

  task<void> send(load_report& report, std::function<void(const load::run_progress&)> on_progress, duration every);
  void read_balance(load_report& report);
  task<void> reconcile(load_report& report);
  void note_end(load_report& report) noexcept;
  void write_receipt(load_report& report) noexcept;

  load_request request;
  load::feed_set feeds;
  load::template_scope scope;
  std::vector<load::compiled_step> steps;
  std::unique_ptr<load::target_view> view;
  std::optional<std::uint64_t> requested;
  load::run_shape shape;

  std::string frozen;                      // the plan as it will stand in a new run's folder
  std::optional<load::run_folder> folder;  // none without a ledger
  std::string run_id;
  std::uint32_t session = 1;
  wall_time started{};        // of the first session: what dates are rendered from
  double seconds_before = 0;  // of earlier sessions
  std::filesystem::file_time_type last_sign = std::filesystem::file_time_type::min();  // of life, of earlier sessions
  load::item_states now;                      // what the ledger says at the end
  std::vector<load::ledger_file> files;       // and its files
  std::shared_ptr<load::item_states> before;  // what earlier sessions left; null in the first
  load::state_set wanted = item_state::unclaimed;
  std::unique_ptr<load::engine> engine;  // while it sends
  lakh::scope* asking = nullptr;         // while the target is asked what it has
  bool has_sent = false;
  bool stop_asked = false;
};

load_run::load_run(load_request request) : state_(std::make_unique<state>(std::move(request))) {}
load_run::~load_run() = default;

const load::run_shape& load_run::shape() const noexcept {
  return state_->shape;
}
std::optional<std::uint64_t> load_run::requested() const noexcept {
  return state_->requested;
}

task<void> load_run::check_target() const {
  co_await state_->steps.front().act->check_target();
}

void load_run::stop() {
  state_->stop_asked = true;
  if (state_->engine)
    state_->engine->stop();
  else if (state_->asking != nullptr && !state_->has_sent)
    state_->asking->cancel();
}

void load_run::abort() {
  state_->stop_asked = true;
  if (state_->engine)
    state_->engine->abort();
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

// --- what earlier sessions left ------------------------------------------------------------------------------------

task<bool> load_run::state::unless_cut_short(task<void> work) {
  bool ended = false;
  auto body = [&](lakh::scope& s) -> task<void> {
    asking = &s;
    co_await std::move(work);
    ended = true;
  };
  try {
    co_await in_scope(body);
  } catch (...) {
    asking = nullptr;
    throw;
  }
  asking = nullptr;
  co_return ended;
}

task<load::reconciliation> load_run::state::ask_target(load::reconciler& both, const load::item_states& states,
                                                       load::state_set asked) const {
  load::render_input of_run;
  of_run.run = run_id;
  of_run.start = std::chrono::floor<std::chrono::seconds>(started);
  co_return co_await read_target(*view, of_run, [&](std::uint64_t from) { return states.next(from, asked); }, both);
}

// Reads what there is, settles what is in doubt as far as that can be done without sending, and says what is to be
// sent.
task<void> load_run::state::take_up() {
  before = std::make_shared<load::item_states>(load::ledger_reader(folder->path()).read(requested.value_or(0)));
  load::item_states& states = *before;
  const std::uint64_t doubtful = states.count(item_state::claimed);
  const std::uint64_t unknown = states.count(item_state::unknown);
  const std::uint64_t settled_before = states.count(item_state::confirmed) + states.count(item_state::failed) + unknown;
  tell("resuming run " + run_id + ", session " + std::to_string(session) + ": " + load::grouped(settled_before) +
       (requested ? " of " + load::grouped(*requested) : std::string()) + " items are settled, " +
       load::grouped(doubtful) + " in doubt");

  if (request.retry_failed) wanted = wanted | item_state::failed;
  std::optional<load::settlement> settled;
  if (repeatable()) {
    wanted = wanted | item_state::claimed | item_state::unknown;
    if (doubtful + unknown != 0)
      tell(counted(doubtful + unknown, "item", "items") +
           " that may have happened: sent again, the target tells a repetition");
  }
  if (view && (request.repair || (!repeatable() && doubtful + unknown != 0)))
    co_await settle_by_asking(states, settled);
  else if (!repeatable() && doubtful != 0)
    settle_unasked(states, settled);
  if (settled) settled->close();
}

task<void> load_run::state::settle_by_asking(load::item_states& states, std::optional<load::settlement>& settled) {
  const bool again = !request.the_plan.at_most_once;
  tell("asking the target which of the items in doubt it has");
  // Clocks jump: never longer than that, whatever the files say.
  const auto now_here = std::filesystem::file_time_type::clock::now();
  if (last_sign > now_here - time_to_arrive && last_sign < now_here + time_to_arrive)
    co_await sleep_for(std::clamp<duration>(last_sign + time_to_arrive - now_here, {}, time_to_arrive));

  const std::uint64_t size = requested.value_or(states.size());
  load::reconciler both(states, size, sent_digests(request.the_plan, feeds, steps, run_id, started));
  const load::state_set asked = request.repair ? item_state::claimed | item_state::unknown | item_state::confirmed
                                               : item_state::claimed | item_state::unknown;
  (void)co_await ask_target(both, states, asked);

  std::uint64_t found = 0;
  std::uint64_t sent_again = 0;
  std::uint64_t given_up = 0;
  std::uint64_t repaired = 0;
  for (std::uint64_t item = 0; item < size; ++item) {
    const bool doubtful = states.get(item) == item_state::claimed;
    switch (both.verdict_of(item)) {
      case load::item_verdict::settled:
        if (repeatable()) break;  // it is sent again, and the target answers what it has
        settle(settled, item, load::outcome_state::confirmed, "asked: the target has it, as it was sent");
        states.set(item, item_state::confirmed);
        ++found;
        break;
      case load::item_verdict::absent:
        if (repeatable()) break;
        if (again) {
          states.set(item, item_state::unclaimed);
          ++sent_again;
        } else {
          settle(settled, item, load::outcome_state::failed, "asked: the target does not have it; not sent again");
          states.set(item, item_state::failed);
          ++given_up;
        }
        break;
      case load::item_verdict::missing:
        if (!request.repair) break;
        states.set(item, item_state::unclaimed);
        ++repaired;
        break;
      case load::item_verdict::altered:
        if (!doubtful || repeatable()) break;
        settle(settled, item, load::outcome_state::unknown, "asked: the target has it, but not as it was sent");
        states.set(item, item_state::unknown);
        break;
      case load::item_verdict::matched:
      case load::item_verdict::unexpected:
      case load::item_verdict::agreed: break;
    }
  }
  if (found != 0) tell(counted(found, "item", "items") + " found at the target: confirmed");
  if (sent_again != 0) tell(counted(sent_again, "item", "items") + " not at the target: sent again");
  if (given_up != 0) tell(counted(given_up, "item", "items") + " not at the target: failed, as nothing is sent twice");
  if (request.repair)
    tell(counted(repaired, "confirmed item", "confirmed items") + " missing at the target: sent again");
}

void load_run::state::settle_unasked(load::item_states& states, std::optional<load::settlement>& settled) const {
  std::uint64_t count = 0;
  for (auto item = states.next(0, item_state::claimed); item; item = states.next(*item + 1, item_state::claimed)) {
    settle(settled, *item, load::outcome_state::unknown,
           "the loader ended while it may have been sent, and there is no way to ask the target");
    states.set(*item, item_state::unknown);
    ++count;
  }
  tell(counted(count, "item", "items") + " that may have happened: unknown, neither a key nor a look-up tells");
}

// --- sending -------------------------------------------------------------------------------------------------------

task<void> load_run::state::send(load_report& report, std::function<void(const load::run_progress&)> on_progress,
                                 duration every) {
  load::plan& p = request.the_plan;
  std::optional<std::uint64_t> count = requested;
  std::uint64_t settled_before = 0;
  load::run_stats start_from;  // what earlier sessions settled for good
  if (before) {
    settled_before = before->size() - before->count(item_state::unclaimed);
    const auto for_good = [&](item_state state) { return wanted.contains(state) ? 0 : before->count(state); };
    start_from.confirmed = for_good(item_state::confirmed);
    start_from.failed = for_good(item_state::failed);
    start_from.unknown = for_good(item_state::unknown);
    if (!requested && p.duration) {
      const auto spent =
          std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds_before));
      if (*p.duration > spent) {
        p.duration = *p.duration - spent;
      } else {
        p.duration.reset();
        count = before->size();
      }
    }
  }
  const auto items = before  ? std::make_unique<load::range_dispenser>(count, before, wanted)
                     : count ? std::make_unique<load::range_dispenser>(*count)
                             : load::range_dispenser::unbounded();
  std::unique_ptr<load::ledger_writer> ledger;
  std::optional<load::side_records> records;
  if (folder) {
    const load::ledger_identity writer = next_writer();
    ledger = std::make_unique<load::ledger_writer>(folder->path(), writer);
    records.emplace(folder->path(), run_id, session, writer.writer);
  }

  load::run_setup setup;
  setup.the_plan = &p;
  setup.feeds = &feeds;
  setup.steps = steps;
  setup.kept_count = scope.kept_count();
  setup.run_id = run_id;
  setup.started_at = std::chrono::floor<std::chrono::seconds>(started);
  setup.requested = requested;
  setup.shape = shape;
  setup.items = items.get();
  setup.ledger = ledger.get();
  setup.records = records ? &*records : nullptr;
  setup.before = before.get();
  setup.first_position = settled_before;
  engine = std::make_unique<load::engine>(std::move(setup));
  if (stop_asked) items->stop();

  const auto of_all_sessions = [&](load::run_progress progress) {
    progress.stats.confirmed += start_from.confirmed;
    progress.stats.failed += start_from.failed;
    progress.stats.unknown += start_from.unknown;
    return progress;
  };
  std::function<void(const load::run_progress&)> relay;
  if (on_progress) relay = [&](const load::run_progress& progress) { on_progress(of_all_sessions(progress)); };
  report.run = co_await engine->run(relay, every);
  if (on_progress) {
    load::run_progress last;  // what comes now, the balance and the reconciliation, is no longer progress
    last.elapsed = report.run.elapsed;
    last.requested = requested;
    last.stats = report.run.stats;
    last.rate =
        static_cast<double>(last.stats.settled()) / std::max(1e-9, std::chrono::duration<double>(last.elapsed).count());
    on_progress(of_all_sessions(last));
  }
  engine.reset();
  has_sent = true;
  if (records)
    for (std::string& sentence : records->close()) report.notes.push_back(std::move(sentence));
  if (!ledger || report.run.end == load::run_end::ledger_failed) co_return;
  try {
    ledger->close();
  } catch (const storage_error& e) {
    report.run.end = load::run_end::ledger_failed;
    report.run.message = e.what();
  }
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
    const load::state_set sent = item_state::claimed | item_state::confirmed | item_state::failed | item_state::unknown;
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
  if (my.request.resume) {
    if (!co_await my.unless_cut_short(my.take_up())) throw cancelled();
    my.begin_session();
  } else {
    my.make_folder();
  }
  report.run_id = my.run_id;
  report.session = my.session;
  report.requested_known = my.requested.has_value();
  if (my.folder) report.folder = my.folder->path();

  co_await my.send(report, std::move(on_progress), every);
  my.read_balance(report);
  my.note_end(report);  // before the target is asked, which may take long
  if (!co_await my.unless_cut_short(my.reconcile(report)))
    report.notes.emplace_back("not reconciled: stopped before the target had told all");
  my.note_end(report);
  my.write_receipt(report);  // last: it speaks of all the rest
  co_return report;
}

}  // namespace lakh::actions
