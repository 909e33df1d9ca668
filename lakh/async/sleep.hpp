// Waiting for time to pass.
#pragma once

#include <lakh/async/waiter.hpp>
#include <lakh/core/deadline.hpp>

namespace lakh {

class [[nodiscard]] sleep_operation final : public waiter, private timer_node {
 public:
  explicit sleep_operation(time_point until) noexcept : until_(until) {}
  template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) {
    if (!begin(self)) return false;
    home().arm(*this, until_);
    return true;
  }
  void await_resume() const { throw_if_failed("sleep"); }

 private:
  void on_timer() noexcept override { wake(); }
  void abandon() noexcept override {
    if (armed()) home().disarm(*this);
  }
  time_point until_;
};

// A time that has passed still gives way once to other coroutines.
inline sleep_operation sleep_until(time_point until) noexcept {
  return sleep_operation(until);
}
inline sleep_operation sleep_for(duration how_long) noexcept {
  return sleep_operation(deadline_after(loop::current().now(), how_long));
}

// Gives way: whatever else is runnable runs first.
class [[nodiscard]] yield_operation {
 public:
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  // Satisfied as soon as it begins, so there is nothing that a cancellation could end.
  template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) {
    if (self.promise().scope()->is_cancelled()) {
      cancelled_ = self.promise().scope();
      return false;
    }
    loop::current().schedule(self);
    return true;
  }
  void await_resume() const {
    if (cancelled_ != nullptr) throw_error(cancelled_->reason(), "yield");
  }

 private:
  const cancel_scope* cancelled_ = nullptr;
};
inline yield_operation yield() noexcept {
  return {};
}

}  // namespace lakh
