// The engine: repeats the steps of a plan for its items, in the plan's shape and at its pace, by the retry rule, and
// records each item before it is sent and after it is answered.
//
// Invariants
// 1. An item is taken from the dispenser once, and is in a durable claim before a byte of it is sent.
// 2. Every item that a lane took ends as exactly one of: an outcome in the ledger; released, if surely nothing was
// sent;
//    or doubtful, if the run was aborted or its ledger failed meanwhile.
// 3. Lanes never share data across threads but through the dispenser, the ledger's writer and published statistics.
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/load/action.hpp>
#include <lakh/load/dispenser.hpp>
#include <lakh/load/feed.hpp>
#include <lakh/load/plan.hpp>
#include <lakh/load/run_stats.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace lakh::load {

class begun_marks;
class ledger_writer;

enum class run_end : std::uint8_t {
  complete,
  stopped,
  aborted,
  out_of_time,
  too_many_failures,
  ledger_failed,
  processes_lost,  // worker processes died, and starting others would not have helped
};

// That an engine is one of several, each in a process of its own, and what they share.
struct run_part {
  run_counters* counters = nullptr;
  time_point start{};  // of the run; the steady clock is the same in all processes
  // Called on the calling loop when this part ends the run early. Whoever listens tells the others, and sees to the
  // plan's duration and to limits.stop_after.
  std::function<void(run_end, const std::string&)> on_end;
};

// Whether an item that may have happened can simply be sent again: each of its steps carries a key, or doing it twice
// is doing it once, and the plan does not say at most once. The one place where this is decided.
[[nodiscard]] bool may_be_repeated(const plan& p, std::span<const compiled_step> steps) noexcept;

// Everything about a run that lanes need and nobody changes.
struct run_setup {
  const plan* the_plan = nullptr;
  const feed_set* feeds = nullptr;
  std::vector<compiled_step> steps;
  std::size_t kept_count = 0;
  std::string run_id;
  std::chrono::sys_seconds started_at{};   // as recorded, so that a resume renders the same dates
  std::optional<std::uint64_t> requested;  // nothing: by duration
  run_shape shape;                         // settled: threads and coroutines as they will run
  dispenser* items = nullptr;
  ledger_writer* ledger = nullptr;   // null: --no-ledger
  side_records* records = nullptr;   // null: --no-ledger
  begun_marks* marks = nullptr;      // null where they would tell nothing: what may have happened is sent again
  std::uint64_t first_position = 0;  // in the schedule: how many items earlier sessions have started
  std::optional<run_part> part;      // nothing: it is the whole run
};

struct run_progress {
  std::chrono::nanoseconds elapsed{};
  std::optional<std::uint64_t> requested;
  double rate = 0;  // items settled per second, lately
  run_stats stats;
};

struct run_result {
  run_end end = run_end::complete;
  std::chrono::nanoseconds elapsed{};
  run_stats stats;
  std::string message;             // why it ended, where that is not plain
  std::vector<std::string> notes;  // what else a person should know
};

// Something that sends a run's items to the end: an engine in this process, or several in processes of their own
// (supervisor.hpp). Everything is called on one loop.
class runner {
 public:
  runner() = default;
  runner(const runner&) = delete;
  runner& operator=(const runner&) = delete;
  virtual ~runner() = default;

  // Runs to the end elsewhere than on the calling loop, which only waits. `on_progress` is called on the calling loop.
  virtual task<run_result> run(std::function<void(const run_progress&)> on_progress, duration progress_every) = 0;

  // No new items; those in flight are finished, within the plan's limits.stop_after if it has one.
  virtual void stop() = 0;
  // Items in flight are dropped where they are, and stay doubtful.
  virtual void abort() = 0;

  [[nodiscard]] virtual run_stats snapshot() const = 0;
};

// Calls `tell` every so often, for ever: with what `of` counts, and how fast that grows.
task<void> report_regularly(const runner& of, std::optional<std::uint64_t> requested, time_point start, duration every,
                            const std::function<void(const run_progress&)>& tell);

// On threads of this process.
class engine final : public runner {
 public:
  explicit engine(run_setup setup);
  ~engine() override;

  task<run_result> run(std::function<void(const run_progress&)> on_progress, duration progress_every) override;
  void stop() override;
  void abort() override;
  [[nodiscard]] run_stats snapshot() const override;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace lakh::load
