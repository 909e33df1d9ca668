// The engine with actions that are played: every item ends exactly once, whatever the target does and however the run
// ends.
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/load/engine.hpp>
#include <lakh/load/ledger.hpp>
#include <lakh/load/played_for_test.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <vector>

namespace {

using namespace lakh;
using namespace lakh::load;
using namespace lakh::load::played;
using namespace std::chrono_literals;

struct played_run {
  run_result result;
  item_states states;
  std::shared_ptr<played_action> act;
};

struct how {
  how() {
    the_plan.retry.backoff_first = 1us;
    the_plan.retry.backoff_most = 10us;
    the_plan.retry.budget = 100;
  }
  plan the_plan;
  unsigned threads = 1;
  unsigned lanes = 16;
  bool keyed = true;
  std::shared_ptr<item_states> before;  // a resume: what earlier sessions left
  std::uint64_t first_position = 0;
  std::uint64_t failures_elsewhere = 0;  // of other processes
  std::function<task<void>(engine&)> meanwhile;
};

// Until all lanes have an item in their hands that is not answered. A claim's way to the disk takes what it takes.
task<void> all_in_flight(engine& runs, std::uint64_t lanes) {
  while (runs.snapshot().in_flight < lanes) co_await sleep_for(1ms);
}

played_run play(std::uint64_t items, target does, const how& with = {}) {
  std::string name = (std::filesystem::temp_directory_path() / "lakh-engine-XXXXXX").string();
  const std::filesystem::path folder = ::mkdtemp(name.data());
  played_run played;
  played.act = std::make_shared<played_action>(std::move(does), items, with.keyed);
  {
    const feed_set no_feeds;
    ledger_writer ledger(folder, ledger_identity("run", "00", 1, 0));
    const auto all = with.before ? with.before : std::make_shared<item_states>(items);
    range_dispenser dispenser(items, all, item_state::unclaimed | item_state::claimed);
    run_setup setup;
    setup.first_position = with.first_position;
    setup.the_plan = &with.the_plan;
    setup.feeds = &no_feeds;
    setup.steps.emplace_back("step1", played.act);
    setup.run_id = "run";
    setup.requested = items;
    setup.shape.automatic = false;
    setup.shape.threads = with.threads;
    setup.shape.coroutines = with.lanes;
    setup.items = &dispenser;
    setup.ledger = &ledger;
    run_counters counters;
    if (with.failures_elsewhere != 0) {
      counters.failures = with.failures_elsewhere;
      setup.part.emplace();
      setup.part->counters = &counters;
      setup.part->start = clock::now();
      setup.part->on_end = [](run_end, const std::string&) {};
    }
    played.result = run([](run_setup given, const how& play_with) -> task<run_result> {
      engine runs(std::move(given));
      run_result result;
      co_await in_scope([&](scope& s) -> task<void> {
        if (play_with.meanwhile) s.spawn(play_with.meanwhile(runs));
        result = co_await runs.run({}, 1s);
        s.cancel();
      });
      co_return result;
    }(std::move(setup), with));
    ledger.close();
  }
  played.states = ledger_reader(folder).read(items);
  std::filesystem::remove_all(folder);
  return played;
}

TEST(engine, every_item_is_confirmed_once_by_one_loop_or_several) {
  for (const unsigned threads : {1U, 4U}) {
    how with;
    with.threads = threads;
    const played_run played = play(20'000, answers(201), with);
    EXPECT_EQ(played.result.end, run_end::complete);
    EXPECT_EQ(played.result.stats.confirmed, 20'000U);
    EXPECT_EQ(played.states.count(item_state::confirmed), 20'000U);
    for (const auto& times : played.act->seen()) ASSERT_EQ(times, 1U);
  }
}

TEST(engine, fewer_items_than_lanes_end_once_too) {
  for (const std::uint64_t items : {1U, 2U, 15U, 16U, 17U}) {
    how with;
    with.threads = 2;
    const played_run played = play(items, answers(201, 1ms), with);
    EXPECT_EQ(played.result.stats.confirmed, items);
    EXPECT_EQ(played.states.count(item_state::confirmed), items);
    for (const auto& times : played.act->seen()) EXPECT_EQ(times, 1U);
  }
}

TEST(engine, an_item_in_doubt_is_repeated_with_a_key_and_becomes_unknown_without) {
  const target loses_every_tenth = [](std::uint64_t item, unsigned seen) {
    reply answer;
    if (item % 10 == 0 && seen == 0) answer.certain = certainty::maybe_sent;
    return answer;
  };
  const played_run keyed = play(1000, loses_every_tenth);
  EXPECT_EQ(keyed.result.stats.confirmed, 1000U);
  EXPECT_EQ(keyed.result.stats.retries, 100U);

  how without;
  without.keyed = false;
  const played_run plain = play(1000, loses_every_tenth, without);
  EXPECT_EQ(plain.result.stats.confirmed, 900U);
  EXPECT_EQ(plain.result.stats.unknown, 100U);
  EXPECT_EQ(plain.states.count(item_state::unknown), 100U);
  for (const auto& times : plain.act->seen()) EXPECT_EQ(times, 1U);
}

TEST(engine, what_was_surely_not_sent_is_tried_again_without_a_key) {
  how with;
  with.keyed = false;
  const played_run played = play(
      500,
      [](std::uint64_t, unsigned seen) {
        reply answer;
        if (seen < 3) answer.certain = certainty::not_sent;
        return answer;
      },
      with);
  EXPECT_EQ(played.result.stats.confirmed, 500U);
  EXPECT_EQ(played.result.stats.retries, 1500U);
}

TEST(engine, a_refusal_is_final_and_counted_by_its_reason) {
  const played_run played = play(300, [](std::uint64_t item, unsigned) {
    reply answer;
    answer.status = item % 3 == 0 ? 422 : 201;
    return answer;
  });
  EXPECT_EQ(played.result.stats.failed, 100U);
  EXPECT_EQ(played.result.stats.statuses[422], 100U);
  ASSERT_EQ(played.result.stats.reasons.size(), 1U);
  EXPECT_EQ(played.result.stats.reasons.begin()->second.times, 100U);
  EXPECT_EQ(played.result.stats.reasons.begin()->second.example, "played");
  EXPECT_EQ(played.states.count(item_state::failed), 100U);
}

TEST(engine, an_answer_that_settles_nothing_leaves_the_item_unknown_where_it_cannot_be_repeated) {
  how with;
  with.keyed = false;
  with.the_plan.retry.statuses = {500};
  const played_run played = play(20, answers(500), with);
  EXPECT_EQ(played.states.count(item_state::unknown), 20U);
  for (const auto& times : played.act->seen()) EXPECT_EQ(times, 1U);
}

TEST(engine, stopping_finishes_what_is_in_flight_and_leaves_nothing_in_doubt) {
  how with;
  with.meanwhile = [](engine& runs) -> task<void> {
    while (runs.snapshot().confirmed == 0) co_await sleep_for(1ms);
    runs.stop();
  };
  const played_run played = play(1'000'000, answers(201, 1ms), with);
  EXPECT_EQ(played.result.end, run_end::stopped);
  EXPECT_GT(played.result.stats.confirmed, 0U);
  EXPECT_LT(played.result.stats.confirmed, 1'000'000U);
  EXPECT_EQ(played.states.count(item_state::confirmed), played.result.stats.confirmed);
  EXPECT_EQ(played.states.count(item_state::claimed), 0U);
}

TEST(engine, aborting_leaves_exactly_the_items_in_flight_in_doubt) {
  how with;
  with.meanwhile = [](engine& runs) -> task<void> {
    while (runs.snapshot().confirmed < 50) co_await sleep_for(1ms);
    co_await all_in_flight(runs, 16);
    runs.abort();
  };
  const played_run played = play(
      100'000,
      [](std::uint64_t item, unsigned) {
        reply answer;
        if (item >= 50) answer.after = 1h;
        return answer;
      },
      with);
  EXPECT_EQ(played.result.end, run_end::aborted);
  EXPECT_EQ(played.states.count(item_state::confirmed), 50U);
  EXPECT_EQ(played.states.count(item_state::claimed), 16U);
}

TEST(engine, stopping_waits_for_what_is_in_flight_only_as_long_as_the_plan_allows) {
  how with;
  with.the_plan.limits.stop_after = 20ms;
  with.meanwhile = [](engine& runs) -> task<void> {
    co_await all_in_flight(runs, 16);
    runs.stop();
  };
  const played_run played = play(100'000, answers(201, 1h), with);
  EXPECT_EQ(played.result.end, run_end::aborted);
  EXPECT_EQ(played.states.count(item_state::claimed), 16U);
}

TEST(engine, too_many_failures_end_the_run) {
  how with;
  with.the_plan.limits.failures = 10;
  const played_run played = play(100'000, answers(500, 1ms), with);
  EXPECT_EQ(played.result.end, run_end::too_many_failures);
  EXPECT_LT(played.states.count(item_state::failed) + played.states.count(item_state::unknown), 1000U);
}

TEST(engine, failures_beyond_the_limit_end_the_run_whoever_counted_the_first_of_them) {
  how with;
  with.the_plan.limits.failures = 10;
  with.failures_elsewhere = 11;  // of a process that was killed before it could tell
  const played_run played = play(100'000, answers(500, 1ms), with);
  EXPECT_EQ(played.result.end, run_end::too_many_failures);
  EXPECT_LT(played.states.count(item_state::failed), 1000U);
}

TEST(engine, at_a_rate_no_item_starts_before_it_is_due) {
  how with;
  with.the_plan.pace = pacing::parse("2000/s");
  const auto start = clock::now();
  std::atomic<int> early{0};
  const played_run played = play(
      100,
      [&](std::uint64_t item, unsigned) {
        if (clock::now() - start < item * 500us) ++early;
        return reply();
      },
      with);
  EXPECT_EQ(early, 0);
  EXPECT_EQ(played.result.stats.confirmed, 100U);
  EXPECT_GE(played.result.elapsed, 49ms);
}

TEST(engine, by_duration_it_ends_when_the_time_is_up) {
  how with;
  with.the_plan.duration = 30ms;
  const played_run played = play(10'000'000, answers(201, 1ms), with);
  EXPECT_EQ(played.result.end, run_end::out_of_time);
  EXPECT_EQ(played.states.count(item_state::claimed), 0U);
}

TEST(engine, at_a_rate_nothing_is_claimed_long_before_it_is_due) {
  how with;
  with.the_plan.pace = pacing::parse("20/s");
  with.lanes = 64;
  with.meanwhile = [](engine& runs) -> task<void> {
    while (runs.snapshot().confirmed < 3) co_await sleep_for(1ms);
    runs.abort();
  };
  const played_run played = play(1000, answers(201), with);
  // 100 ms of work are two items; the abort may come late on a busy machine, not by as much as all lanes hold.
  EXPECT_GE(played.states.count(item_state::confirmed), 3U);
  EXPECT_LT(played.states.count(item_state::claimed), 32U);
}

TEST(engine, a_schedule_that_ends_claims_no_more_than_it_starts) {
  how with;
  with.the_plan.pace = pacing::parse("1000/s for 100ms");
  const played_run played = play(5000, answers(201), with);
  EXPECT_EQ(played.states.count(item_state::confirmed), 100U);
  EXPECT_EQ(played.states.count(item_state::unclaimed), 4900U);
}

TEST(engine, a_resume_goes_on_in_the_schedule_where_it_was) {
  how with;
  with.the_plan.pace = pacing::parse("1/s for 1h, 10000/s");
  with.first_position = 3600;  // the slow hour is over
  const played_run played = play(50, answers(201), with);
  EXPECT_EQ(played.states.count(item_state::confirmed), 50U);
}

TEST(engine, a_resume_sends_what_is_left_and_a_doubt_stays_one_until_an_answer_settles_it) {
  how with;
  with.before = std::make_shared<item_states>(10);
  for (const std::uint64_t item : {0, 1, 2}) with.before->set(item, item_state::confirmed);
  for (const std::uint64_t item : {3, 4}) with.before->set(item, item_state::claimed);
  const played_run played = play(
      10,
      [](std::uint64_t item, unsigned) {
        reply answer;
        // Refused, as the attempt before the crash may not have been; and one that was new.
        if (item == 4 || item == 5) answer.status = 404;
        return answer;
      },
      with);
  for (std::uint64_t item = 0; item < 10; ++item) EXPECT_EQ(played.act->seen()[item], item < 3 ? 0U : 1U) << item;
  EXPECT_EQ(played.states.get(3), item_state::confirmed);
  EXPECT_EQ(played.states.get(4), item_state::unknown);
  EXPECT_EQ(played.states.get(5), item_state::failed);
}

}  // namespace
