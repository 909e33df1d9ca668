// A run in several processes, with actions that are played: what the target has seen stands in memory that all share.
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/load/ledger.hpp>
#include <lakh/load/played_for_test.hpp>
#include <lakh/load/supervisor.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <unistd.h>

namespace lakh::load {
namespace {

using namespace std::chrono_literals;
using namespace played;

// The processes of the run: children of the fork server, which is the child of this program.
std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> all;
  const std::string number = std::to_string(parent);
  std::ifstream list("/proc/" + number + "/task/" + number + "/children");
  for (pid_t one = 0; list >> one;) all.push_back(one);
  return all;
}
std::vector<pid_t> worker_processes() {
  std::vector<pid_t> all;
  for (const pid_t server : children_of(::getpid()))
    for (const pid_t one : children_of(server)) all.push_back(one);
  return all;
}

struct how {
  how() {
    shape.automatic = false;
    shape.processes = 2;
    shape.threads = 2;
    shape.coroutines = 8;
  }
  plan the_plan;
  run_shape shape;
  bool keyed = true;
  bool ledger = true;
  std::shared_ptr<item_states> before;
  std::function<task<void>(supervisor&)> meanwhile;
};

struct played_run {
  run_result result;
  item_states states;
  std::shared_ptr<played_action> act;
  std::vector<ledger_file> files;
  std::vector<std::string> told;
  std::uint64_t left_in_doubt = 0;
  unsigned progress = 0;
};

class supervisor_test : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "lakh-processes-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  void TearDown() override {
    std::filesystem::remove_all(folder_);
    EXPECT_TRUE(children_of(::getpid()).empty()) << "a process is left";
  }

  played_run play(std::uint64_t items, target does, const how& with = {}) {
    played_run played;
    played.act = std::make_shared<played_action>(std::move(does), items, with.keyed);
    const feed_set no_feeds;
    process_heritage heritage;
    heritage.the_plan = &with.the_plan;
    heritage.feeds = &no_feeds;
    heritage.steps.emplace_back("step1", played.act);
    heritage.requested = items;
    heritage.shape = with.shape;
    {
      supervisor processes(std::move(heritage), items);
      process_session session;
      session.run_id = "run";
      session.plan_digest = "00";
      if (with.ledger) session.folder = folder_;
      session.duration = with.the_plan.duration;
      session.before = with.before.get();
      session.wanted = item_state::unclaimed | item_state::claimed;
      session.tell = [&](const std::string& sentence) { played.told.push_back(sentence); };
      processes.begin(std::move(session));
      run([](supervisor& all, played_run& into, const how& play_with) -> task<void> {
        co_await in_scope([&](scope& s) -> task<void> {
          if (play_with.meanwhile) s.spawn(play_with.meanwhile(all));
          into.result = co_await all.run([&](const run_progress&) { ++into.progress; }, 10ms);
          s.cancel();
        });
      }(processes, played, with));
      played.left_in_doubt = processes.left_in_doubt();
    }
    if (!with.ledger) return played;
    ledger_reader ledger(folder_);
    played.states = ledger.read(items);
    played.files = ledger.files();
    return played;
  }

  std::filesystem::path folder_;
};

TEST_F(supervisor_test, every_item_is_confirmed_once_and_each_process_closes_a_ledger_of_its_own) {
  const played_run played = play(20'000, answers(201));
  EXPECT_EQ(played.result.end, run_end::complete);
  EXPECT_EQ(played.result.stats.confirmed, 20'000U);
  EXPECT_EQ(played.result.stats.attempts, 20'000U);
  EXPECT_EQ(played.result.stats.statuses[201], 20'000U);
  EXPECT_EQ(played.result.stats.latency.count(), 20'000U);
  EXPECT_EQ(played.states.count(item_state::confirmed), 20'000U);
  for (std::uint64_t item = 0; item < 20'000; ++item) ASSERT_EQ(played.act->seen()[item], 1U);
  ASSERT_EQ(played.files.size(), 2U);
  for (const ledger_file& file : played.files) EXPECT_TRUE(file.closed);
  EXPECT_TRUE(played.told.empty());
}

TEST_F(supervisor_test, fewer_items_than_processes_need_fewer) {
  how with;
  with.shape.processes = 8;
  const played_run played = play(3, answers(201), with);
  EXPECT_EQ(played.states.count(item_state::confirmed), 3U);
  EXPECT_EQ(played.files.size(), 3U);
}

task<void> kill_some(supervisor& all, std::uint64_t each, int times, int signal = SIGKILL) {
  for (int i = 1; i <= times; ++i) {
    while (all.snapshot().confirmed < each * static_cast<std::uint64_t>(i)) co_await sleep_for(1ms);
    const auto alive = worker_processes();
    if (!alive.empty()) ::kill(alive[static_cast<std::size_t>(i) % alive.size()], signal);
  }
}

const target slowly = answers(201, 2ms);

TEST_F(supervisor_test, a_process_that_is_killed_is_replaced_and_what_was_in_doubt_is_sent_again) {
  how with;
  with.meanwhile = [](supervisor& all) { return kill_some(all, 3000, 6); };
  const played_run played = play(30'000, slowly, with);  // long enough for its numbers to come between the kills
  EXPECT_EQ(played.result.end, run_end::complete);
  EXPECT_EQ(played.states.count(item_state::confirmed), 30'000U);
  EXPECT_EQ(played.result.stats.confirmed, 30'000U) << "the dead are counted by their ledgers";
  EXPECT_EQ(played.left_in_doubt, 0U);
  EXPECT_GE(played.told.size(), 3U);
  EXPECT_GE(played.files.size(), 3U);
  for (const std::string& sentence : played.told) EXPECT_NE(sentence.find("was killed (signal 9)"), std::string::npos);
}

TEST_F(supervisor_test, without_a_key_nothing_is_sent_twice_and_what_is_in_doubt_is_left_for_the_caller) {
  how with;
  with.keyed = false;
  with.meanwhile = [](supervisor& all) { return kill_some(all, 500, 4); };
  const played_run played = play(
      5000,
      [](std::uint64_t item, unsigned seen) {
        if (item == 2500) ::raise(SIGKILL);  // whatever the others strike, this one strikes an item that has begun
        return slowly(item, seen);
      },
      with);
  EXPECT_EQ(played.result.end, run_end::complete);
  EXPECT_GT(played.left_in_doubt, 0U);
  EXPECT_EQ(played.states.count(item_state::claimed), played.left_in_doubt);
  EXPECT_EQ(played.states.count(item_state::confirmed), 5000 - played.left_in_doubt);
  for (std::uint64_t item = 0; item < 5000; ++item) ASSERT_LE(played.act->seen()[item], 1U);
}

TEST_F(supervisor_test, what_a_dead_process_claimed_and_never_began_is_not_in_doubt) {
  how with;
  with.keyed = false;
  with.shape.threads = 1;
  with.shape.coroutines = 1;  // one item is dealt out at a time
  const played_run played = play(
      400,
      [](std::uint64_t item, unsigned) {
        if (item == 50 || item == 150 || item == 250) ::raise(SIGKILL);
        reply answer;
        answer.after = 1ms;
        return answer;
      },
      with);
  EXPECT_EQ(played.result.end, run_end::complete);
  EXPECT_GE(played.files.size(), 5U) << "three died";
  for (std::uint64_t item = 0; item < 400; ++item) ASSERT_EQ(played.act->seen()[item], 1U) << item;
  EXPECT_EQ(played.states.count(item_state::claimed), played.left_in_doubt);
  for (const std::uint64_t item : {50, 150, 250}) EXPECT_EQ(played.states.get(item), item_state::claimed);
}

TEST_F(supervisor_test, what_a_dead_process_had_in_doubt_and_then_fails_is_unknown) {
  how with;
  with.shape.threads = 1;
  with.shape.coroutines = 1;
  const played_run played = play(
      40,
      [](std::uint64_t item, unsigned seen) {
        reply answer;
        if (item == 20 && seen == 0) ::raise(SIGKILL);
        if (item >= 20) answer.status = 404;
        return answer;
      },
      with);
  EXPECT_EQ(played.result.end, run_end::complete);
  EXPECT_EQ(played.act->seen()[20], 2U);
  EXPECT_EQ(played.states.get(20), item_state::unknown) << "refused now says nothing of the first time";
  EXPECT_EQ(played.states.count(item_state::failed) + played.states.count(item_state::unknown), 20U);
  EXPECT_EQ(played.states.count(item_state::claimed), 0U);
}

TEST_F(supervisor_test, what_kills_every_process_ends_the_run_and_it_can_go_on) {
  const played_run played = play(100, [](std::uint64_t, unsigned) -> reply {
    ::raise(SIGKILL);
    return {};
  });
  EXPECT_EQ(played.result.end, run_end::processes_lost);
  EXPECT_NE(played.result.message.find("as did 7 before it"), std::string::npos) << played.result.message;
  EXPECT_EQ(played.result.stats.settled(), 0U);
  EXPECT_EQ(played.states.count(item_state::confirmed), 0U);
  EXPECT_GE(played.files.size(), 8U);
}

TEST_F(supervisor_test, without_a_ledger_a_death_ends_the_run_and_the_open_items_are_counted) {
  how with;
  with.ledger = false;
  with.meanwhile = [](supervisor& all) { return kill_some(all, 500, 1); };
  const played_run played = play(100'000, slowly, with);
  EXPECT_EQ(played.result.end, run_end::processes_lost);
  EXPECT_NE(played.result.message.find("without a ledger nobody can say"), std::string::npos);
  std::uint64_t sent = 0;
  for (std::uint64_t item = 0; item < 100'000; ++item) sent += played.act->seen()[item] != 0 ? 1 : 0;
  EXPECT_LE(sent, played.result.stats.settled() + played.result.stats.in_flight);
}

TEST_F(supervisor_test, a_fork_server_that_is_killed_takes_the_processes_with_it_and_the_run_ends) {
  how with;
  with.meanwhile = [](supervisor& all) -> task<void> {
    while (all.snapshot().confirmed < 200) co_await sleep_for(1ms);
    for (const pid_t server : children_of(::getpid())) ::kill(server, SIGKILL);
  };
  const played_run played = play(100'000, slowly, with);
  EXPECT_EQ(played.result.end, run_end::processes_lost);
  EXPECT_GT(played.states.count(item_state::confirmed), 0U);
  EXPECT_EQ(played.result.stats.confirmed, played.states.count(item_state::confirmed));
}

TEST_F(supervisor_test, stopping_finishes_what_is_in_flight_in_all_processes) {
  how with;
  with.meanwhile = [](supervisor& all) -> task<void> {
    while (all.snapshot().confirmed < 100) co_await sleep_for(1ms);
    all.stop();
  };
  const played_run played = play(1'000'000, slowly, with);
  EXPECT_EQ(played.result.end, run_end::stopped);
  EXPECT_EQ(played.states.count(item_state::claimed), 0U);
  EXPECT_EQ(played.states.count(item_state::confirmed), played.result.stats.confirmed);
  EXPECT_LT(played.result.stats.confirmed, 1'000'000U);
}

TEST_F(supervisor_test, a_process_that_ends_in_order_is_believed_though_it_has_not_heard_all_that_it_was_told) {
  how with;
  with.meanwhile = [](supervisor& all) -> task<void> {
    while (all.snapshot().confirmed < 100) co_await sleep_for(1ms);
    for (;;) {  // also while they close their books, and no longer listen
      all.stop();
      co_await sleep_for(50us);
    }
  };
  const played_run played = play(1'000'000, slowly, with);
  EXPECT_EQ(played.result.end, run_end::stopped);
  EXPECT_EQ(played.told, std::vector<std::string>()) << "nobody died";
  EXPECT_EQ(played.states.count(item_state::claimed), 0U);
  EXPECT_EQ(played.states.count(item_state::confirmed), played.result.stats.confirmed);
}

reply never(std::uint64_t item, unsigned) {
  reply answer;
  if (item >= 50) answer.after = 1h;
  return answer;
}

TEST_F(supervisor_test, aborting_leaves_what_is_in_flight_in_doubt) {
  how with;
  with.meanwhile = [](supervisor& all) -> task<void> {
    while (all.snapshot().in_flight < 32) co_await sleep_for(1ms);
    all.abort();
  };
  const played_run played = play(1'000'000, never, with);
  EXPECT_EQ(played.result.end, run_end::aborted);
  EXPECT_EQ(played.states.count(item_state::confirmed), 50U);
  EXPECT_EQ(played.states.count(item_state::claimed), 32U);
}

TEST_F(supervisor_test, stopping_waits_only_as_long_as_the_plan_allows) {
  how with;
  with.the_plan.limits.stop_after = 20ms;
  with.meanwhile = [](supervisor& all) -> task<void> {
    while (all.snapshot().in_flight < 32) co_await sleep_for(1ms);
    all.stop();
  };
  EXPECT_EQ(play(1'000'000, never, with).result.end, run_end::aborted);
}

TEST_F(supervisor_test, a_run_that_is_cancelled_leaves_no_process) {
  how with;
  with.meanwhile = [](supervisor& all) -> task<void> {
    while (all.snapshot().confirmed < 100) co_await sleep_for(1ms);
    throw input_error("enough");
  };
  EXPECT_THROW(play(1'000'000, slowly, with), input_error);
}

TEST_F(supervisor_test, failures_are_counted_over_all_processes) {
  how with;
  with.the_plan.limits.failures = 10;
  const played_run played = play(100'000, answers(404, 1ms), with);
  EXPECT_EQ(played.result.end, run_end::too_many_failures);
  EXPECT_EQ(played.result.message, "more than 10 items were not confirmed");
  EXPECT_LT(played.states.count(item_state::failed), 10'000U);
  EXPECT_EQ(played.states.count(item_state::claimed), 0U);
}

TEST_F(supervisor_test, by_duration_it_ends_when_the_time_is_up) {
  how with;
  with.the_plan.duration = 50ms;
  const played_run played = play(10'000'000, slowly, with);
  EXPECT_EQ(played.result.end, run_end::out_of_time);
  EXPECT_EQ(played.states.count(item_state::claimed), 0U);
}

TEST_F(supervisor_test, one_schedule_is_kept_by_all_processes_together_also_when_one_dies) {
  how with;
  with.the_plan.pace = pacing::parse("1000/s for 300ms");
  with.meanwhile = [](supervisor& all) { return kill_some(all, 60, 1); };
  const auto start = clock::now();
  const played_run played = play(300, answers(201), with);
  EXPECT_GE(clock::now() - start, 299ms);
  EXPECT_EQ(played.result.end, run_end::complete);
  EXPECT_EQ(played.states.count(item_state::confirmed), 300U) << "what is sent again has a place in the schedule";
}

TEST_F(supervisor_test, a_resume_sends_what_is_left_and_knows_what_was_in_doubt) {
  how with;
  with.before = std::make_shared<item_states>(10);
  for (const std::uint64_t item : {0, 1, 2}) with.before->set(item, item_state::confirmed);
  for (const std::uint64_t item : {3, 4}) with.before->set(item, item_state::claimed);
  const played_run played = play(
      10,
      [](std::uint64_t item, unsigned) {
        reply answer;
        if (item == 4 || item == 5) answer.status = 404;
        return answer;
      },
      with);
  for (std::uint64_t item = 0; item < 10; ++item) EXPECT_EQ(played.act->seen()[item], item < 3 ? 0U : 1U) << item;
  EXPECT_EQ(played.states.get(3), item_state::confirmed);
  EXPECT_EQ(played.states.get(4), item_state::unknown);
  EXPECT_EQ(played.states.get(5), item_state::failed);
}

TEST_F(supervisor_test, a_ledger_that_cannot_be_written_ends_the_run) {
  std::filesystem::create_directory(folder_ / "ledger-1.db");  // where the second process would put its own
  // The ledger as a whole can no longer be read; the run itself ends in order, with what the first process has settled.
  EXPECT_THROW(play(100'000, slowly), storage_error);
  std::filesystem::remove(folder_ / "ledger-1.db");
  ledger_reader ledger(folder_);
  EXPECT_EQ(ledger.read(100'000).count(item_state::claimed), 0U);
  EXPECT_TRUE(ledger.files().at(0).closed);
}

}  // namespace
}  // namespace lakh::load
