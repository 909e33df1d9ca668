#include <lakh/actions/http_listing.hpp>
#include <lakh/actions/registry.hpp>
#include <lakh/actions/run_load.hpp>
#include <lakh/core/clock.hpp>
#include <lakh/core/version.hpp>
#include <lakh/load/dispenser.hpp>
#include <lakh/load/ledger.hpp>
#include <lakh/load/run_folder.hpp>

#include <algorithm>

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

struct load_run::state {
  explicit state(load_request given) : request(std::move(given)), feeds(load::open_feeds(request.the_plan)) {
    load::plan& p = request.the_plan;
    load::declare(p, feeds, scope);
    steps = compile(p, scope);
    if (!p.reconcile.is_null()) listing = std::make_unique<http_listing>(p, scope);
    requested = requested_by(p);
    shape = load::settle_shape(p.shape, p.lanes(), usable_cores());
    if (shape.processes > 1)
      throw input_error(
          "shape " + load::format_shape(p.shape) + ": several processes are not supported by this version",
          "use threads or coroutines, as in --shape auto");
  }

  load_request request;
  load::feed_set feeds;
  load::template_scope scope;
  std::vector<load::compiled_step> steps;
  std::unique_ptr<http_listing> listing;
  std::optional<std::uint64_t> requested;
  load::run_shape shape;
  std::unique_ptr<load::engine> engine;
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
  if (state_->engine) state_->engine->stop();
}

void load_run::abort() {
  state_->stop_asked = true;
  if (state_->engine) state_->engine->abort();
}

task<load_report> load_run::run(std::function<void(const load::run_progress&)> on_progress, duration every) {
  state& my = *state_;
  const load::plan& p = my.request.the_plan;
  load_report report;
  report.requested_known = my.requested.has_value();
  const wall_time now = wall_now();
  report.run_id = make_run_id(now);

  std::optional<load::run_folder> folder;
  std::unique_ptr<load::ledger_writer> ledger;
  if (my.request.ledger) {
    const std::string frozen = load::canonical_text(p, my.feeds);
    load::run_info info;
    info.run_id = report.run_id;
    info.started_at = rfc3339(now);  // what a resume will render dates from
    info.title = p.name;
    info.target = p.target;
    info.requested = my.requested;
    info.seed = p.seed;
    info.plan_digest = load::digest_of(frozen);
    info.lakh_version = std::string(version);
    info.command_line = load::without_secrets(my.request.command_line);
    folder.emplace(
        load::run_folder::create(p.run_folder.empty() ? my.request.runs : p.run_folder, std::move(info), frozen));
    report.folder = folder->path();
    ledger = std::make_unique<load::ledger_writer>(
        report.folder, load::ledger_identity(report.run_id, folder->info().plan_digest, 1, folder->next_writer()));
  }

  std::unique_ptr<load::range_dispenser> items =
      my.requested ? std::make_unique<load::range_dispenser>(*my.requested) : load::range_dispenser::unbounded();
  load::run_setup setup;
  setup.the_plan = &p;
  setup.feeds = &my.feeds;
  setup.steps = my.steps;
  setup.kept_count = my.scope.kept_count();
  setup.run_id = report.run_id;
  setup.started_at = std::chrono::floor<std::chrono::seconds>(now);
  setup.requested = my.requested;
  setup.shape = my.shape;
  setup.items = items.get();
  setup.ledger = ledger.get();
  my.engine = std::make_unique<load::engine>(std::move(setup));
  if (my.stop_asked) items->stop();
  report.run = co_await my.engine->run(on_progress, every);
  if (on_progress) {
    load::run_progress last;  // what comes now, the balance and the reconciliation, is no longer progress
    last.elapsed = report.run.elapsed;
    last.requested = my.requested;
    last.stats = report.run.stats;
    last.rate =
        static_cast<double>(last.stats.settled()) / std::max(1e-9, std::chrono::duration<double>(last.elapsed).count());
    on_progress(last);
  }
  my.engine.reset();

  // The balance is what the ledger says, not what was counted on the way.
  load::item_states states;
  if (ledger) {
    if (report.run.end != load::run_end::ledger_failed) ledger->close();
    ledger.reset();
    states = load::ledger_reader(report.folder).read(my.requested.value_or(0));
    report.result = load::balance(states, my.requested.value_or(states.size()));
    if (!my.requested) {
      // A run by duration asks for what it has begun; claims that were released at its end were never part of it.
      report.result.requested -= report.result.unclaimed;
      report.result.unclaimed = 0;
    }
  } else {
    const load::run_stats& counted = report.run.stats;
    report.result.confirmed = counted.confirmed;
    report.result.failed = counted.failed;
    report.result.unknown = counted.unknown;
    report.result.doubtful = counted.in_flight;
    report.result.requested = my.requested.value_or(counted.settled() + counted.in_flight);
    report.result.unclaimed =
        report.result.requested - std::min(report.result.requested, counted.settled() + counted.in_flight);
  }

  if (folder) {
    load::run_info info = folder->info();
    info.state = report.run.end == load::run_end::ledger_failed ? load::run_state::broken
                 : report.result.settled()                      ? load::run_state::finished
                                                                : load::run_state::stopped;
    info.ended_at = rfc3339(wall_now());
    info.seconds = std::chrono::duration<double>(report.run.elapsed).count();
    info.result = report.result;
    info.message = report.run.message;
    folder->update(std::move(info));
  }

  if (my.listing && my.request.reconcile && report.run.end != load::run_end::aborted) {
    if (!my.request.ledger) {
      report.notes.emplace_back("not reconciled: without a ledger there is nothing to hold the target's data against");
    } else {
      load::render_input of_run;
      of_run.run = report.run_id;
      of_run.start = std::chrono::floor<std::chrono::seconds>(now);
      // What was sent is a function of the item: it is rendered again, not remembered.
      std::function<std::uint64_t(std::uint64_t)> digest;
      load::lane_resources resources;
      const auto performer = my.steps.front().act->make_performer(resources);
      const std::uint64_t random = load::run_random(p.seed, report.run_id);
      load::feed_reader feeds(my.feeds, random);
      std::string ignored;
      digest = [&](std::uint64_t item) {
        load::render_input input = of_run;
        input.item = item;
        input.random = load::item_random(random, item);
        input.cells = feeds.read(item);
        return performer->prepare(input, ignored) ? performer->sent_digest() : 0;
      };
      try {
        report.reconciled = co_await my.listing->reconcile(states, report.result.requested, of_run, digest);
      } catch (const cancelled&) {
        throw;
      } catch (const error& e) {
        report.reconcile_problem = e.what();
      }
    }
  }
  co_return report;
}

}  // namespace lakh::actions
