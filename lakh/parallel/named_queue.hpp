// A queue that a manager keeps: who waits for it, and whom to wake. Internal to the room: no I/O.
//
// 1. It is made when it is first pushed to or closed; the first push decides its capacity. Before that it stands only
//    for those who wait for an item, and goes with them.
// 2. Closed, it is at its end when it is empty and nothing is in hand: an item that was handed out, and whose arrival
//    nobody has confirmed, may come back.
// 3. Each change wakes one of those who can go on. Whoever was woken and leaves without having gone on wakes the next,
//    by `tell`, as after a change.
#pragma once

#include <lakh/async/waiter.hpp>
#include <lakh/parallel/manager_protocol.hpp>

#include <cstddef>
#include <deque>

namespace lakh::detail {

class named_queue {
 public:
  class [[nodiscard]] wait_operation final : public waiter {
   public:
    explicit wait_operation(waiter_list& in) noexcept : in_(in) {}
    template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
      if (!begin(self)) return false;
      in_.push_back(*this);
      return true;
    }
    void await_resume() const { throw_if_failed("wait for a queue"); }

   private:
    waiter_list& in_;
  };

  [[nodiscard]] bool can_pop() const noexcept { return !items.empty() || (closed && in_hand == 0); }
  [[nodiscard]] bool can_push() const noexcept { return closed || capacity == 0 || items.size() < capacity; }
  // Until it may be so: look again.
  wait_operation wait_to_pop() noexcept { return wait_operation(poppers_); }
  wait_operation wait_to_push() noexcept { return wait_operation(pushers_); }

  void tell() noexcept {
    if (!items.empty() && !poppers_.empty()) poppers_.wake_front();
    if (items.size() < capacity && !pushers_.empty()) pushers_.wake_front();
    if (!closed) return;
    pushers_.wake_all();
    if (can_pop()) poppers_.wake_all();
  }

  [[nodiscard]] bool is_made() const noexcept { return capacity != 0 || closed; }

  std::deque<manager_value> items;
  std::size_t capacity = 0;  // 0: nobody has pushed yet
  std::size_t in_hand = 0;   // items that were handed out, and not confirmed
  std::size_t users = 0;     // who wait for it
  bool closed = false;
  bool forgotten = false;  // and closed; nobody new finds it

 private:
  waiter_list poppers_;
  waiter_list pushers_;
};

}  // namespace lakh::detail
