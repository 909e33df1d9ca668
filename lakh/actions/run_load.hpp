// A whole run, from a plan to its balance: opens the feeds, compiles the steps, makes the run folder and the ledger,
// drives the engine, and reconciles. The command line only says what, and prints what came of it.
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/load/balance.hpp>
#include <lakh/load/engine.hpp>
#include <lakh/load/plan.hpp>
#include <lakh/load/reconcile.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lakh::actions {

struct load_request {
  load::plan the_plan;
  std::filesystem::path runs;  // where run folders are made, unless the plan says
  bool ledger = true;
  bool reconcile = true;  // if the plan says how
  std::vector<std::string> command_line;
};

struct load_report {
  std::string run_id;
  std::filesystem::path folder;  // empty without a ledger
  load::balance result;
  load::run_result run;
  std::optional<load::reconciliation> reconciled;
  std::string reconcile_problem;  // why the target could not be held against the ledger, if it should have been
  bool requested_known = true;
  std::vector<std::string> notes;
};

class load_run {
 public:
  // Checks everything that can be checked without the network. Throws input_error that names the place.
  explicit load_run(load_request request);
  ~load_run();

  // How the run will be done: threads and coroutines settled for this machine.
  [[nodiscard]] const load::run_shape& shape() const noexcept;
  // Nothing for a run by duration.
  [[nodiscard]] std::optional<std::uint64_t> requested() const noexcept;

  // Whether the target can be reached. Throws connect_error, timeout_error.
  task<void> check_target() const;

  // Throws storage_error if the run folder or the ledger cannot be made.
  task<load_report> run(std::function<void(const load::run_progress&)> on_progress, duration every);

  // No new items; those in flight are finished.
  void stop();
  // Items in flight are dropped, and stay doubtful.
  void abort();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace lakh::actions
