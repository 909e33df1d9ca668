// A whole run, from a plan to its balance: opens the feeds, compiles the steps, makes the run folder and the ledger,
// drives the engine, and reconciles. The command line only says what, and prints what came of it.
//
// A run that was stopped, or died, is resumed in its folder. Items that nobody can say of whether they happened are
// settled first, by what the plan allows:
//
//   the item carries a key, or doing it twice is doing it once    it is sent again
//   else, the target can be asked (`reconcile:`)                  found there as it was sent: confirmed
//                                                                 not there: sent again; with at_most_once it failed
//   else                                                          unknown, for a person to settle
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/load/balance.hpp>
#include <lakh/load/engine.hpp>
#include <lakh/load/plan.hpp>
#include <lakh/load/receipt_key.hpp>
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
  // The folder of a run to go on with; the_plan is then the one frozen there, with other lanes or limits at most.
  std::optional<std::filesystem::path> resume;
  bool repair = false;         // resume: asks the target first, and sends again what is confirmed here and not there
  bool retry_failed = false;   // resume: items that failed are tried again; refused with at_most_once, as repair is
  std::filesystem::path runs;  // where run folders are made, unless the plan says
  bool ledger = true;
  bool reconcile = true;                          // if the plan says how
  std::shared_ptr<const load::signing_key> sign;  // signs the receipt; may be null
  std::vector<std::string> command_line;
  std::function<void(const std::string&)> tell;  // what a person should know while it goes on; a sentence each
};

struct load_report {
  std::string run_id;
  std::uint32_t session = 1;     // how often the run was started
  bool resumable = false;        // a resume would find something to do
  std::filesystem::path folder;  // empty without a ledger
  load::balance result;
  load::code_kind codes = load::code_kind::status;  // what the answers' numbers are
  std::string receipt_digest;                       // SHA-256 of receipt.json; empty if there is none
  load::run_shape shape;
  load::run_result run;
  std::optional<load::reconciliation> reconciled;
  std::string reconcile_problem;  // why the target could not be held against the ledger, if it should have been
  bool requested_known = true;
  std::vector<std::string> notes;
};

class load_run {
 public:
  // Checks everything that can be checked without the network. A run that is resumed is locked from here on. Throws
  // input_error that names the place, storage_error if the run cannot be opened or another process has it. A shape of
  // several processes forks here: error where the program has threads already.
  explicit load_run(load_request request);
  ~load_run();

  // How the run will be done: processes, threads and coroutines settled for this machine.
  [[nodiscard]] const load::run_shape& shape() const noexcept;
  // How many descriptors each of its lanes needs (load/descriptors.hpp).
  [[nodiscard]] unsigned descriptors_per_lane() const;
  // Nothing for a run by duration.
  [[nodiscard]] std::optional<std::uint64_t> requested() const noexcept;

  // In place of load_request::tell.
  void tell_through(std::function<void(const std::string&)> tell);

  // Whether the target can be reached. Throws connect_error, timeout_error.
  task<void> check_target() const;

  // Throws storage_error if the run folder or the ledger cannot be made or read.
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
