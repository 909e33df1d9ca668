// A flag that coroutines of one loop can wait for.
#pragma once

#include <lakh/async/waiter.hpp>

namespace lakh {

class event {
 public:
  event() = default;
  event(const event&) = delete;
  event& operator=(const event&) = delete;

  class [[nodiscard]] wait_operation final : public waiter {
   public:
    explicit wait_operation(event& on) noexcept : on_(on) {}
    template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
      if (is_cancelled(self)) return false;
      if (on_.set_) return false;
      park(self);
      on_.waiting_.push_back(*this);
      return true;
    }
    void await_resume() const { throw_if_failed("wait for an event"); }

   private:
    event& on_;
  };

  // co_await e.wait() returns when the flag is, or becomes, set; even if it is cleared again before the waiter runs.
  wait_operation wait() noexcept { return wait_operation(*this); }

  void set() noexcept {
    set_ = true;
    waiting_.wake_all();
  }
  void clear() noexcept { set_ = false; }
  [[nodiscard]] bool is_set() const noexcept { return set_; }

 private:
  waiter_list waiting_;
  bool set_ = false;
};

}  // namespace lakh
