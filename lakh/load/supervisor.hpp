// A run in several processes: starts them, merges what they count, passes on what stops the run, and replaces those
// that die.
//
//   supervisor processes(heritage, 100'000);         // first, while the program has one thread: forks a fork server
//   processes.begin(session);
//   run_result result = co_await processes.run(show, 1s);
//
// 1. Items come from one shared_dispenser, numbers are told over a pipe, and each process has a ledger file of its own.
// 2. A process that dies, however it dies, leaves its ledger file. What it had claimed and not settled is in doubt:
// sent
//    again by a process that begins later, where that is safe, else left for the caller (left_in_doubt); but where its
//    marks (begun_marks.hpp) say that it was never begun, it is sent like what is new. What it had taken and not
//    claimed goes to others. Then another takes its place, if anything is left to do.
// 3. Eight deaths in a row that settled nothing end the run (run_end::processes_lost): something kills them all. So
// does
//    one death without a ledger, since nobody knows what was sent.
// 4. When this process dies, so do the others (fork_server), and they hold the run's lock until then.
#pragma once

#include <lakh/load/engine.hpp>
#include <lakh/load/worker_process.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace lakh::load {

// What is known of a run only when it begins.
struct process_session {
  std::string run_id;
  std::string plan_digest;
  std::filesystem::path folder;  // empty: no ledger
  int lock = -1;                 // a descriptor that each process holds while it lives
  std::uint32_t session = 1;
  std::uint32_t first_writer = 0;  // this number and all above are free for ledger files
  std::chrono::sys_seconds started_at{};
  std::optional<std::chrono::nanoseconds> duration;
  const item_states* before = nullptr;  // what earlier sessions left; null in the first
  state_set wanted = item_state::unclaimed;
  std::optional<std::uint64_t> count;  // of items, no more than the supervisor was made for
  std::uint64_t first_position = 0;
  std::function<void(const std::string&)> tell;  // what a person should know while it goes on
};

class supervisor final : public runner {
 public:
  // `count`: the items, nothing where there is no end. heritage.items is filled in. Throws error where the program has
  // more than one thread.
  supervisor(process_heritage heritage, std::optional<std::uint64_t> count);
  ~supervisor() override;

  // Before each run(). What `session` points to lives as long as the run.
  void begin(process_session session);

  task<run_result> run(std::function<void(const run_progress&)> on_progress, duration progress_every) override;
  void stop() override;
  // Who does not listen is killed after some seconds.
  void abort() override;
  [[nodiscard]] run_stats snapshot() const override;

  // How many items dead processes of the last run left in doubt that could not simply be sent again.
  [[nodiscard]] std::uint64_t left_in_doubt() const noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace lakh::load
