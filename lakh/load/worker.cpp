#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/load/ledger_writer.hpp>
#include <lakh/load/retry.hpp>
#include <lakh/load/worker.hpp>

#include <algorithm>

namespace lakh::load {
namespace {

constexpr auto hand_over_every = std::chrono::milliseconds(50);
constexpr int publish_every = 4;  // times of handing over: a copy of the numbers is 400 KB, and displaces the cache

std::int64_t microseconds(duration d) {
  return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
}

}  // namespace

// What one lane has in its hands. Its buffers are used again for every item.
struct worker::lane_state {
  explicit lane_state(const shared_run& run)
      : resources(run.setup->records), feeds(*run.setup->feeds, run.random), kept(run.setup->kept_count) {
    for (const compiled_step& step : run.setup->steps) hands.push_back(step.act->make_performer(resources));
    kept_views.resize(kept.size());
  }
  lane_resources resources;
  std::vector<std::unique_ptr<performer>> hands;
  feed_reader feeds;
  std::vector<std::string> kept;
  std::vector<std::string_view> kept_views;
  outcome_record record;
  std::string reason;
  std::string kept_json;
  time_point free_since{};  // when the last item was done, if no time has passed since
  bool doubtful = false;    // some attempt of the item may have happened
  bool settled = false;
};

worker::worker(shared_run& run, unsigned number, std::uint64_t lanes)
    : run_(run),
      items_(run.setup->items->for_loop(number)),
      lanes_(lanes),
      claims_(items_, run.setup->ledger, run.counters->positions, lanes,
              may_be_repeated(*run.setup->the_plan, run.setup->steps)) {
  claims_.mark_in(run.setup->marks);
  claims_.on_failure = [this](std::error_code) { run_.request_stop(run_end::ledger_failed, {}); };
}

void worker::run_here() {
  try {
    run_on(loop_, root_, work());
  } catch (const cancelled&) {
    // aborted: what was in flight stays doubtful
  }
  published_.publish(stats_);
}

task<void> worker::work() {
  claims_.follow(run_.setup->the_plan->pace, run_.schedule_start);
  std::exception_ptr failure;
  try {
    co_await in_scope([this](scope& outer) -> task<void> {
      outer.spawn(publish_regularly());
      co_await in_scope([this](scope& all) -> task<void> {
        for (std::uint64_t i = 0; i < lanes_; ++i) all.spawn(lane());
        co_return;
      });
      outer.cancel();
    });
  } catch (...) {
    failure = std::current_exception();
  }
  claims_.stop();
  co_await shielded(claims_.finish());
  co_await shielded(hand_over());
  if (failure) std::rethrow_exception(failure);
}

void worker::begin_stop() {
  if (stopping_) return;
  stopping_ = true;
  claims_.stop();
  while (!pausing_.empty()) static_cast<pause_operation&>(pausing_.front()).cut_short();
}

task<void> worker::publish_regularly() {
  for (int round = 1;; ++round) {
    co_await sleep_for(hand_over_every);
    if (round % publish_every == 0) published_.publish(stats_);
    co_await hand_over();
  }
}

// Waits for room in the ledger's queue, if it must.
task<void> worker::hand_over() {
  ledger_writer* ledger = run_.setup->ledger;
  if (ledger == nullptr) co_return;
  while (!ledger->submit(batch_)) {
    room_.clear();
    ledger->when_room([this] { loop_.post([this] { room_.set(); }); });
    co_await room_.wait();
  }
}

task<void> worker::lane() {
  lane_state mine(run_);
  const pacing& pace = run_.setup->the_plan->pace;
  for (;;) {
    auto taking = claims_.next();
    const auto next = co_await taking;
    if (!next) break;
    // Without a schedule an item is due when its lane is free for it.
    const bool just_free = !taking.waited() && mine.free_since != time_point{};
    time_point intended = just_free ? mine.free_since : loop_.now();
    if (pace.open()) {
      const auto due = pace.start_of(next->position);
      if (!due) {  // the schedule has ended
        claims_.release(next->item);
        continue;
      }
      intended = run_.schedule_start + *due;
      if (intended > loop_.now() && !co_await pause_operation(*this, intended)) {
        claims_.release(next->item);
        break;
      }
    }
    ++stats_.in_flight;
    co_await perform(mine, next->item, intended);
    --stats_.in_flight;
    if (mine.settled) {
      settle(mine, next->item, intended);
      if (batch_.full()) {
        co_await hand_over();
        mine.free_since = {};
      }
    } else if (!mine.doubtful) {
      claims_.release(next->item);
    }
  }
}

void worker::settle(lane_state& mine, std::uint64_t item, time_point intended) {
  outcome_record& record = mine.record;
  record.item = item;
  record.start_us = microseconds(intended - run_.start);
  stats_.count(record);
  if (run_.setup->ledger != nullptr) batch_.append(record);
  if (record.state != outcome_state::confirmed) {
    const auto& limit = run_.setup->the_plan->limits.failures;
    const std::uint64_t failures = run_.counters->failures.fetch_add(1, std::memory_order_relaxed) + 1;
    // Every one beyond it: who was the first may be killed before anybody hears of it.
    if (limit && failures > *limit)
      run_.request_stop(run_end::too_many_failures,
                        "more than " + std::to_string(*limit) + " items were not confirmed");
  }
}

// All steps of one item, with their retries. Leaves mine.settled false if the run was stopped between two attempts.
task<void> worker::perform(lane_state& mine, std::uint64_t item, time_point intended) {
  const run_setup& setup = *run_.setup;
  const retry_policy& policy = setup.the_plan->retry;
  outcome_record& record = mine.record;
  record = {};
  mine.free_since = {};
  const bool doubtful_before = items_.in_doubt(item);
  mine.doubtful = doubtful_before;
  mine.settled = false;
  mine.kept_json.clear();

  render_input input;
  input.run = setup.run_id;
  input.item = item;
  input.random = item_random(run_.random, item);
  input.start = setup.started_at;
  input.cells = mine.feeds.read(item);
  input.kept = mine.kept_views;

  for (std::size_t step = 0; step < setup.steps.size(); ++step) {
    performer& hands = *mine.hands[step];
    const action& act = *setup.steps[step].act;
    if (!hands.prepare(input, mine.reason)) {
      record.state = mine.doubtful ? outcome_state::unknown : outcome_state::failed;
      record.error = error_kind::input;
      record.reason = mine.reason;
      mine.settled = true;
      break;
    }
    if (record.sent_digest == 0) record.sent_digest = hands.sent_digest();

    attempt_facts facts;
    facts.idempotent = act.idempotent();
    facts.keyed = act.keyed();
    facts.at_most_once = setup.the_plan->at_most_once;
    facts.doubtful_before = doubtful_before;
    attempt_report report;
    for (;; ++facts.attempt) {
      report = co_await hands.attempt();
      ++stats_.attempts;
      ++record.attempts;
      if (report.certain == certainty::answered) {
        ++stats_.statuses[static_cast<std::size_t>(std::clamp(report.status, 0, 999))];
        stats_.service.record(std::chrono::microseconds(microseconds(report.done - report.sent)));
      } else {
        ++stats_.errors[static_cast<std::size_t>(report.error)];
      }
      facts.certain = report.certain;
      facts.status = report.status;
      if (report.as_expected) break;
      const retry_decision decision = should_retry(facts, policy);
      // The plan lists the status as one that settles nothing, and a second attempt would not be safe.
      if (decision.reason == retry_reason::may_have_happened) facts.doubtful_before = mine.doubtful = true;
      if (!decision.retry || !within_budget(policy, stats_.retries, stats_.settled() + stats_.in_flight)) break;
      if (decision.reason != retry_reason::was_not_sent && decision.reason != retry_reason::was_not_carried_out)
        facts.doubtful_before = mine.doubtful = true;
      ++stats_.retries;
      const auto wait = backoff(policy, facts.attempt, mix(input.random, facts.attempt), report.retry_after);
      if (!co_await pause_operation(*this, loop_.now() + wait)) co_return;
    }

    record.last_attempt = report.certain;
    record.status = static_cast<std::uint16_t>(std::clamp(report.status, 0, 999));
    record.error = report.error;
    mine.free_since = report.done;
    record.service_us = microseconds(report.done - report.sent);
    record.latency_us = microseconds(report.done - intended);
    record.state = outcome_of(facts, report.as_expected);
    if (record.state != outcome_state::confirmed) {
      mine.reason = setup.steps.size() > 1 ? setup.steps[step].name + ": " : std::string();
      mine.reason += report.reason;
      record.reason = mine.reason;
      mine.settled = true;
      break;
    }
    mine.doubtful = true;  // from here on the item has had an effect
    const std::string_view kept = hands.kept_json();
    if (setup.steps.size() == 1) {
      record.kept = kept;
    } else if (!kept.empty()) {
      mine.kept_json += mine.kept_json.empty() ? "{\"" : ",\"";
      mine.kept_json += setup.steps[step].name;  // a name of the plan: letters, digits and '_'
      mine.kept_json += "\":";
      mine.kept_json += kept;
    }
    if (act.keeps()) {
      hands.keep(mine.kept);
      for (std::size_t i = 0; i < mine.kept.size(); ++i) mine.kept_views[i] = mine.kept[i];
    }
  }
  mine.settled = true;
  if (!mine.kept_json.empty()) {
    mine.kept_json += '}';
    record.kept = mine.kept_json;
  }
}

}  // namespace lakh::load
