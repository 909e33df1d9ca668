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
#include <string>
#include <vector>

namespace lakh::load {

class ledger_writer;

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
  ledger_writer* ledger = nullptr;      // null: --no-ledger
  side_records* records = nullptr;      // null: --no-ledger
  const item_states* before = nullptr;  // what earlier sessions of the run left; null in the first
  std::uint64_t first_position = 0;     // in the schedule: how many items earlier sessions have started
};

struct run_progress {
  std::chrono::nanoseconds elapsed{};
  std::optional<std::uint64_t> requested;
  double rate = 0;  // items settled per second, lately
  run_stats stats;
};

enum class run_end : std::uint8_t { complete, stopped, aborted, out_of_time, too_many_failures, ledger_failed };

struct run_result {
  run_end end = run_end::complete;
  std::chrono::nanoseconds elapsed{};
  run_stats stats;
  std::string message;  // of a failed ledger
};

class engine {
 public:
  explicit engine(run_setup setup);
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;
  ~engine();

  // Runs to the end on threads of its own; the calling loop only waits. `on_progress` is called on the calling loop.
  task<run_result> run(std::function<void(const run_progress&)> on_progress, duration progress_every);

  // On the calling loop. No new items; those in flight are finished, within the plan's limits.stop_after if it has one.
  void stop();
  // Items in flight are dropped where they are, and stay doubtful.
  void abort();

  // What may be asked at any time on the calling loop.
  [[nodiscard]] run_stats snapshot() const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace lakh::load
