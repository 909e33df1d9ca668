// What a load_run is made of. Internal: run_load.cpp has its beginning and end, run_load_send.cpp the sending,
// run_load_doubt.cpp what is settled without it.
#pragma once

#include <lakh/actions/run_load.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/core/clock.hpp>
#include <lakh/load/begun_marks.hpp>
#include <lakh/load/dispenser.hpp>
#include <lakh/load/ledger.hpp>
#include <lakh/load/run_folder.hpp>
#include <lakh/load/settlement.hpp>
#include <lakh/load/supervisor.hpp>
#include <lakh/load/target_view.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lakh::actions {

struct load_run::state {
  explicit state(load_request given);

  // How the run goes on, and what stands in its folder.
  void open_earlier(const std::filesystem::path& where);
  void make_folder();
  void begin_session();
  [[nodiscard]] load::ledger_identity next_writer() const {
    return {run_id, folder->info().plan_digest, session, folder->next_writer()};
  }
  [[nodiscard]] std::uint64_t usual_users() const;
  void tell(const std::string& sentence) const {
    if (request.tell) request.tell(sentence);
  }

  // Doing an item again that may have happened is safe.
  [[nodiscard]] bool repeatable() const { return load::may_be_repeated(request.the_plan, steps); }

  // False if a person did not want to wait for its end.
  task<bool> unless_cut_short(task<void> work);
  // Holds what the target has of the items in those states against `both`, which was made from the same states.
  task<load::reconciliation> ask_target(load::reconciler& both, const load::item_states& states,
                                        load::state_set asked) const;
  task<void> take_up();
  // What the ledger and the marks beside it say. What was claimed, but handed to no lane, counts as never claimed.
  [[nodiscard]] std::shared_ptr<load::item_states> read_what_is_left() const;
  task<void> settle_by_asking(load::item_states& states, std::optional<load::settlement>& settled);
  void settle_unasked(load::item_states& states, std::optional<load::settlement>& settled) const;
  void settle(std::optional<load::settlement>& settled, std::uint64_t item, load::outcome_state as,
              std::string_view reason) const {
    if (!settled) settled.emplace(folder->path(), next_writer());
    settled->add(item, as, reason);
  }

  using progress_call = std::function<void(const load::run_progress&)>;
  task<void> send(load_report& report, progress_call on_progress, duration every);
  // One round of it: what is unsettled after it stays so until it has been asked about.
  task<void> send_round(load_report& report, const progress_call& on_progress, duration every);
  task<load::run_result> send_by_engine(std::optional<std::uint64_t> count, load_report& report,
                                        const progress_call& on_progress, duration every);
  task<load::run_result> send_by_processes(std::optional<std::uint64_t> count, const progress_call& on_progress,
                                           duration every);
  task<void> settle_deaths();

  // Who is told to stop.
  class sending_now {
   public:
    sending_now(state& of, load::runner& who) noexcept : of_(of) { of_.sending = &who; }
    sending_now(const sending_now&) = delete;
    sending_now& operator=(const sending_now&) = delete;
    ~sending_now() { of_.sending = nullptr; }

   private:
    state& of_;
  };
  void read_balance(load_report& report);
  task<void> reconcile(load_report& report);
  void note_end(load_report& report) noexcept;
  void write_receipt(load_report& report) noexcept;

  load_request request;
  load::feed_set feeds;
  load::template_scope scope;
  std::vector<load::compiled_step> steps;
  std::unique_ptr<load::target_view> view;
  std::optional<std::uint64_t> requested;
  load::run_shape shape;

  std::string frozen;                      // the plan as it will stand in a new run's folder
  std::optional<load::run_folder> folder;  // none without a ledger
  std::string run_id;
  std::uint32_t session = 1;
  wall_time started{};        // of the first session: what dates are rendered from
  double seconds_before = 0;  // of earlier sessions
  std::filesystem::file_time_type last_sign = std::filesystem::file_time_type::min();  // of life, of earlier sessions
  load::item_states now;                      // what the ledger says at the end
  std::vector<load::ledger_file> files;       // and its files
  std::shared_ptr<load::item_states> before;  // what earlier sessions left; null in the first
  load::state_set wanted = load::item_state::unclaimed;
  std::unique_ptr<load::supervisor> processes;  // for a shape of several; before anything has threads
  load::runner* sending = nullptr;              // while it sends
  lakh::scope* asking = nullptr;                // while the target is asked what it has
  std::uint64_t first_position = 0;             // in the schedule
  bool has_sent = false;
  bool stop_asked = false;
};

}  // namespace lakh::actions
