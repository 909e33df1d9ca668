// Where the lanes of one event loop get their items: takes ranges from the dispenser, has them claimed in the ledger,
// and deals the items out once the claim is durable. It asks for the next range while the last one is being worked on,
// so that lanes do not wait for the disk. Where a schedule says when items start, nothing is claimed long before it is
// due: what is claimed and not sent is as doubtful after a crash as what was.
#pragma once

#include <lakh/async/event.hpp>
#include <lakh/async/timer_queue.hpp>
#include <lakh/async/waiter.hpp>
#include <lakh/load/begun_marks.hpp>
#include <lakh/load/dispenser.hpp>
#include <lakh/load/pacing.hpp>

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <system_error>

namespace lakh::load {

class ledger_writer;

class claim_source final : private timer_node {
 public:
  struct claimed_item {
    std::uint64_t item = 0;
    std::uint64_t position = 0;  // how many items of this run were handed out before it: its place in the schedule
  };

  // `positions` is shared by all loops of the run. Without a ledger a range is dealt out at once.
  claim_source(dispenser& from, ledger_writer* ledger, std::atomic<std::uint64_t>& positions, std::uint64_t lanes,
               bool keyed);
  claim_source(const claim_source&) = delete;
  claim_source& operator=(const claim_source&) = delete;

  class [[nodiscard]] next_operation final : public waiter {
   public:
    explicit next_operation(claim_source& from) noexcept : from_(from) {}
    template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) {
      if (!begin(self)) return false;
      if (from_.deal(item_)) {
        leave();
        from_.ask_ahead();
        return false;
      }
      if (from_.ended()) {
        leave();
        return false;
      }
      waited_ = true;
      from_.waiting_.push_back(*this);
      from_.ask();
      return true;
    }
    // Nothing when there are no more items, or after stop().
    std::optional<claimed_item> await_resume() const {
      throw_if_failed("wait for an item");
      return item_;
    }
    // Whether time has passed: false where an item was there at once.
    [[nodiscard]] bool waited() const noexcept { return waited_; }

   private:
    friend class claim_source;
    claim_source& from_;
    std::optional<claimed_item> item_;
    bool waited_ = false;
  };

  next_operation next() noexcept { return next_operation(*this); }

  // From now on nothing is dealt out; what was claimed and not dealt out is released.
  void stop();

  // Marks which items are begun, for those who come after a crash. What is released stays marked as never begun, as the
  // release may not reach the disk. Before the first next(); outlives this object.
  void mark_in(begun_marks* marks) noexcept { marks_ = marks; }

  // The schedule by which items start, and when it began. Before the first next().
  void follow(const pacing& schedule, time_point began) noexcept {
    schedule_ = &schedule;
    schedule_start_ = began;
  }

  // An item that was dealt out but surely not sent, nor will be.
  void release(std::uint64_t item);

  // After the lanes have ended: waits for a claim that is still on its way, and releases it.
  task<void> finish();

  // What made a claim fail, if one did.
  [[nodiscard]] std::error_code failure() const noexcept { return failure_; }
  // Called on the loop when a claim fails.
  std::function<void(std::error_code)> on_failure;

 private:
  struct reserved {
    item_range items;
    std::uint64_t position = 0;
    begun_marks::slot* mark = nullptr;
  };
  bool deal(std::optional<claimed_item>& to);
  void ask();
  void ask_ahead();
  // How many of `want` are due soon; 0: none, and the timer will ask again, or the schedule has ended (exhausted_).
  std::uint64_t due_of(std::uint64_t want);
  void on_timer() noexcept override;
  void arrived(reserved claim, std::error_code error);
  void release(const item_range& range);
  [[nodiscard]] bool ended() const noexcept { return stopped_ || (exhausted_ && !asking_ && ready_.empty()); }
  void wake_waiting();

  dispenser& from_;
  ledger_writer* ledger_;
  std::atomic<std::uint64_t>& positions_;
  std::uint64_t lanes_;
  bool keyed_;
  begun_marks* marks_ = nullptr;
  const pacing* schedule_ = nullptr;
  time_point schedule_start_{};

  std::deque<reserved> ready_;  // durable, not dealt out
  std::uint64_t ready_count_ = 0;
  std::uint64_t last_size_ = 0;
  std::uint64_t dealt_ = 0;
  std::uint64_t finished_at_last_ask_ = 0;
  time_point last_ask_{};
  double rate_ = 0;
  waiter_list waiting_;
  event settled_;
  std::error_code failure_;
  bool asking_ = false;
  bool exhausted_ = false;
  bool stopped_ = false;
};

}  // namespace lakh::load
