// One event loop of a run, with its lanes. Internal to the engine.
#pragma once

#include <lakh/async/event.hpp>
#include <lakh/async/loop.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/waiter.hpp>
#include <lakh/load/claim_source.hpp>
#include <lakh/load/engine.hpp>
#include <lakh/load/outcome_batch.hpp>

#include <atomic>
#include <functional>
#include <string>

namespace lakh::load {

// What the workers of a run have in common.
struct shared_run {
  const run_setup* setup = nullptr;
  time_point start{};
  time_point schedule_start{};    // before `start` by what earlier sessions have done of the schedule
  std::uint64_t random = 0;       // run_random(seed, run id)
  run_counters own;               // of a run of one process
  run_counters* counters = &own;  // with other processes: theirs and ours
  std::function<void(run_end, std::string)> request_stop;  // from any thread
};

class worker {
 public:
  worker(shared_run& run, unsigned number, std::uint64_t lanes);

  // Drives the loop on the calling thread until the lanes have ended.
  void run_here();

  // From any thread.
  void stop() {
    loop_.post([this] { begin_stop(); });
  }
  void abort() {
    loop_.post([this] { root_.cancel(); });
  }
  const published_stats& published() const noexcept { return published_; }

 private:
  struct lane_state;

  // Waits for a time; false if the run is stopped before.
  class pause_operation final : public waiter, private timer_node {
   public:
    pause_operation(worker& of, time_point until) noexcept : of_(of), until_(until) {}
    template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) {
      if (!begin(self)) return false;
      if (of_.stopping_) {
        stopped_ = true;
        leave();
        return false;
      }
      home().arm(*this, until_);
      of_.pausing_.push_back(*this);
      return true;
    }
    bool await_resume() const {
      throw_if_failed("pause");
      return !stopped_;
    }
    void cut_short() noexcept {
      stopped_ = true;
      abandon();
      wake();
    }

   private:
    void on_timer() noexcept override { wake(); }
    void abandon() noexcept override {
      if (armed()) home().disarm(*this);
    }
    worker& of_;
    time_point until_;
    bool stopped_ = false;
  };

  task<void> work();
  task<void> lane();
  task<void> perform(lane_state& mine, std::uint64_t item, time_point intended);
  task<void> publish_regularly();
  task<void> hand_over();
  void settle(lane_state& mine, std::uint64_t item, time_point intended);
  void begin_stop();

  shared_run& run_;
  dispenser& items_;
  std::uint64_t lanes_;
  loop loop_;
  cancel_scope root_;
  claim_source claims_;
  run_stats stats_;
  published_stats published_;
  outcome_batch batch_;
  event room_;  // in the ledger's queue
  waiter_list pausing_;
  bool stopping_ = false;
};

}  // namespace lakh::load
