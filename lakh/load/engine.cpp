#include <lakh/async/event.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/load/engine.hpp>
#include <lakh/load/ledger_writer.hpp>
#include <lakh/load/worker.hpp>

#include <algorithm>
#include <exception>
#include <mutex>
#include <thread>

namespace lakh::load {

bool may_be_repeated(const plan& p, std::span<const compiled_step> steps) noexcept {
  return !p.at_most_once &&
         std::ranges::all_of(steps, [](const compiled_step& s) { return s.act->keyed() || s.act->idempotent(); });
}

struct engine::state {
  explicit state(run_setup given) : setup(std::move(given)) {
    run.setup = &setup;
    run.random = run_random(setup.the_plan->seed, setup.run_id);
    if (setup.part) run.counters = setup.part->counters;
  }

  void request_stop(run_end why, std::string message) {
    if (end == run_end::complete || why == run_end::aborted) {
      end = why;
      if (!message.empty()) reason = std::move(message);
    }
    if (setup.part && !stopping.is_set()) setup.part->on_end(why, reason);
    stopping.set();
    setup.items->stop();
    for (const auto& each : workers) each->stop();
  }

  run_setup setup;
  shared_run run;
  std::vector<std::unique_ptr<worker>> workers;
  run_end end = run_end::complete;
  std::string reason;
  event stopping;
};

engine::engine(run_setup setup) : state_(std::make_unique<state>(std::move(setup))) {}
engine::~engine() = default;

void engine::stop() {
  state_->request_stop(run_end::stopped, {});
}

void engine::abort() {
  state_->request_stop(run_end::aborted, {});
  for (const auto& each : state_->workers) each->abort();
}

run_stats engine::snapshot() const {
  run_stats sum;
  for (const auto& each : state_->workers) each->published().merge_into(sum);
  return sum;
}

task<void> report_regularly(const runner& of, std::optional<std::uint64_t> requested, time_point start, duration every,
                            const std::function<void(const run_progress&)>& tell) {
  std::uint64_t before = 0;
  time_point then = start;
  double rate = 0;
  for (;;) {
    co_await sleep_for(every);
    run_progress now;
    now.stats = of.snapshot();
    const time_point at = loop::current().now();
    const double lately =
        static_cast<double>(now.stats.settled() - before) / std::chrono::duration<double>(at - then).count();
    rate = before == 0 ? lately : rate * 0.6 + lately * 0.4;  // a figure that a person can read
    before = now.stats.settled();
    then = at;
    now.elapsed = at - start;
    now.requested = requested;
    now.rate = rate;
    tell(now);
  }
}

task<run_result> engine::run(std::function<void(const run_progress&)> on_progress, duration progress_every) {
  loop& here = loop::current();
  state& my = *state_;
  // Asked for from a worker's thread; the loop that waits for the run outlives all of them.
  my.run.request_stop = [this, &here](run_end why, std::string message) {
    here.post([this, why, text = std::move(message)]() mutable { state_->request_stop(why, std::move(text)); });
  };
  const unsigned loops = std::max(1U, my.setup.shape.threads);
  for (unsigned i = 0; i < loops; ++i)
    my.workers.push_back(std::make_unique<worker>(my.run, i, std::max(1U, my.setup.shape.coroutines)));

  const bool whole = !my.setup.part;
  my.run.start = whole ? here.now() : my.setup.part->start;
  if (whole) my.run.counters->positions = my.setup.first_position;
  my.run.schedule_start =
      my.run.start - my.setup.the_plan->pace.start_of(my.setup.first_position).value_or(duration::zero());
  event all_ended;
  unsigned running = loops;
  std::exception_ptr failure;
  std::vector<std::jthread> threads;
  for (const auto& each : my.workers)
    threads.emplace_back([&, w = each.get()] {
      std::exception_ptr mine;
      try {
        w->run_here();
      } catch (...) {
        mine = std::current_exception();
      }
      here.post([&, mine] {
        if (mine && !failure) {
          failure = mine;
          my.request_stop(run_end::aborted, {});
        }
        if (--running == 0) all_ended.set();
      });
    });

  auto wait_for_end = [&]() -> task<void> { co_await all_ended.wait(); };
  auto attend = [&]() -> task<void> {
    co_await in_scope([&](scope& s) -> task<void> {
      if (on_progress) s.spawn(report_regularly(*this, my.setup.requested, my.run.start, progress_every, on_progress));
      if (const auto limit = my.setup.the_plan->duration; limit && whole)
        s.spawn([](state& of, time_point at) -> task<void> {
          co_await sleep_until(at);
          of.request_stop(run_end::out_of_time, {});
        }(my, my.run.start + *limit));
      if (const auto grace = my.setup.the_plan->limits.stop_after; grace && whole)
        s.spawn([](engine& of, event& stopping, duration patience) -> task<void> {
          co_await stopping.wait();
          co_await sleep_for(patience);
          of.abort();
        }(*this, my.stopping, *grace));
      co_await wait_for_end();
      s.cancel();
    });
  };
  std::exception_ptr cut;
  try {
    co_await attend();
  } catch (...) {
    cut = std::current_exception();
  }
  if (cut) {
    abort();
    co_await shielded(wait_for_end());
  }
  threads.clear();
  // What the workers posted before they ended still refers to this engine: let it pass.
  event passed;
  here.post([&] { passed.set(); });
  auto wait_until_passed = [&]() -> task<void> { co_await passed.wait(); };
  co_await shielded(wait_until_passed());
  if (failure) std::rethrow_exception(failure);
  if (cut) std::rethrow_exception(cut);

  run_result result;
  result.end = my.end;
  result.elapsed = here.now() - my.run.start;
  result.stats = snapshot();
  result.message = my.reason;
  if (my.setup.ledger != nullptr) {
    if (const auto broken = my.setup.ledger->failure()) {
      result.end = run_end::ledger_failed;
      result.message = broken->what();
    }
  }
  co_return result;
}

}  // namespace lakh::load
