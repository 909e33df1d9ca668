// Waiting for time to pass.
#pragma once

#include <lakh/async/waiter.hpp>

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
  return sleep_operation(loop::current().now() + how_long);
}

// Gives way: whatever else is runnable runs first.
class [[nodiscard]] yield_operation final : public waiter {
 public:
  template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) {
    if (!begin(self)) return false;
    wake();
    return true;
  }
  void await_resume() const { throw_if_failed("yield"); }
};
inline yield_operation yield() noexcept {
  return {};
}

}  // namespace lakh
