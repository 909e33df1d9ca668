#include <lakh/actions/run_load_state.hpp>

#include <algorithm>
#include <chrono>

namespace lakh::actions {
namespace {

using load::item_state;

// Each round of questions is about what died in the round before.
constexpr int most_rounds = 8;

void add(load::run_stats& to, const load::run_stats& counts) {
  to.confirmed += counts.confirmed;
  to.failed += counts.failed;
  to.unknown += counts.unknown;
}

}  // namespace

task<void> load_run::state::send(load_report& report, progress_call on_progress, duration every) {
  co_await send_round(report, on_progress, every);
  for (int round = 1; round < most_rounds && processes && processes->left_in_doubt() != 0; ++round) {
    if (report.run.end != load::run_end::complete || stop_asked) break;
    bool settled = false;
    try {
      settled = co_await unless_cut_short(settle_deaths());
    } catch (const storage_error&) {
      throw;
    } catch (const error& e) {
      report.notes.emplace_back(std::string("what is in doubt could not be settled: ") + e.what());
    }
    if (!settled || stop_asked) break;
    co_await send_round(report, on_progress, every);
  }
  has_sent = true;
  processes.reset();
}

task<void> load_run::state::send_round(load_report& report, const progress_call& on_progress, duration every) {
  load::plan& p = request.the_plan;
  const load::run_result earlier = std::move(report.run);  // of earlier rounds
  std::optional<std::uint64_t> count = requested;
  load::run_stats start_from;  // what was settled for good before this session began
  first_position = 0;
  if (before) {
    const auto for_good = [&](item_state state) { return wanted.contains(state) ? 0 : before->count(state); };
    const auto less = [](std::uint64_t all, std::uint64_t part) { return all - std::min(all, part); };
    start_from.confirmed = less(for_good(item_state::confirmed), earlier.stats.confirmed);
    start_from.failed = less(for_good(item_state::failed), earlier.stats.failed);
    start_from.unknown = less(for_good(item_state::unknown), earlier.stats.unknown);
    // What is sent again takes its place in the schedule again.
    first_position = for_good(item_state::confirmed) + for_good(item_state::failed) + for_good(item_state::unknown) +
                     for_good(item_state::claimed);
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

  const auto of_all = [&](load::run_progress progress) {
    progress.stats.merge(earlier.stats);
    add(progress.stats, start_from);
    progress.elapsed += earlier.elapsed;
    return progress;
  };
  progress_call relay;
  if (on_progress) relay = [&](const load::run_progress& progress) { on_progress(of_all(progress)); };
  report.run = processes ? co_await send_by_processes(count, relay, every)
                         : co_await send_by_engine(count, report, relay, every);
  report.run.stats.merge(earlier.stats);
  report.run.elapsed += earlier.elapsed;
  for (std::string& note : report.run.notes) report.notes.push_back(std::move(note));
  report.run.notes.clear();
  if (!on_progress) co_return;
  load::run_progress last;  // what comes now, the balance and the reconciliation, is no longer progress
  last.elapsed = report.run.elapsed;
  last.requested = requested;
  last.stats = report.run.stats;
  last.rate =
      static_cast<double>(last.stats.settled()) / std::max(1e-9, std::chrono::duration<double>(last.elapsed).count());
  add(last.stats, start_from);
  on_progress(last);
}

task<load::run_result> load_run::state::send_by_engine(std::optional<std::uint64_t> count, load_report& report,
                                                       const progress_call& on_progress, duration every) {
  const auto items = before  ? std::make_unique<load::range_dispenser>(count, before, wanted)
                     : count ? std::make_unique<load::range_dispenser>(*count)
                             : load::range_dispenser::unbounded();
  std::unique_ptr<load::ledger_writer> ledger;
  std::optional<load::side_records> records;
  std::optional<load::begun_marks> marks;
  if (folder) {
    const load::ledger_identity writer = next_writer();
    ledger = std::make_unique<load::ledger_writer>(folder->path(), writer);
    records.emplace(folder->path(), run_id, session, writer.writer);
    if (!repeatable()) marks.emplace(folder->path(), writer);
  }

  load::run_setup setup;
  setup.the_plan = &request.the_plan;
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
  setup.marks = marks && marks->there() ? &*marks : nullptr;
  setup.first_position = first_position;
  load::engine engine(std::move(setup));
  const sending_now now_sending(*this, engine);
  if (stop_asked) items->stop();

  load::run_result result = co_await engine.run(on_progress, every);
  if (records)
    for (std::string& sentence : records->close()) report.notes.push_back(std::move(sentence));
  if (!ledger || result.end == load::run_end::ledger_failed) co_return result;
  try {
    ledger->close();
    if (marks) marks->forget();
  } catch (const storage_error& e) {
    result.end = load::run_end::ledger_failed;
    result.message = e.what();
  }
  co_return result;
}

task<load::run_result> load_run::state::send_by_processes(std::optional<std::uint64_t> count,
                                                          const progress_call& on_progress, duration every) {
  load::process_session session_now;
  session_now.run_id = run_id;
  session_now.session = session;
  if (folder) {
    session_now.plan_digest = folder->info().plan_digest;
    session_now.folder = folder->path();
    session_now.lock = folder->lock_descriptor();
    session_now.first_writer = folder->next_writer();
  }
  session_now.started_at = std::chrono::floor<std::chrono::seconds>(started);
  session_now.duration = request.the_plan.duration;
  session_now.before = before.get();
  session_now.wanted = wanted;
  session_now.count = count;
  session_now.first_position = first_position;
  session_now.tell = request.tell;
  processes->begin(std::move(session_now));
  tell(load::grouped(shape.processes) + " processes, each with " + load::grouped(shape.threads) +
       (shape.threads == 1 ? " event loop and " : " event loops and ") +
       load::grouped(std::uint64_t{shape.threads} * shape.coroutines) + " in flight at most");
  const sending_now now_sending(*this, *processes);
  if (stop_asked) processes->stop();
  co_return co_await processes->run(on_progress, every);
}

// What processes that died have left in doubt, where it cannot simply be sent again: settled as a resume would settle
// it. What the target surely does not have is sent in the next round.
task<void> load_run::state::settle_deaths() {
  before = read_what_is_left();
  wanted = item_state::unclaimed;
  last_sign = std::filesystem::file_time_type::clock::now();
  std::optional<load::settlement> settled;
  if (view)
    co_await settle_by_asking(*before, settled);
  else
    settle_unasked(*before, settled);
  if (settled) settled->close();
}

}  // namespace lakh::actions
