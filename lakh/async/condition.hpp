// Waiting, with a mutex held, for something to become true.
#pragma once

#include <lakh/async/mutex.hpp>
#include <lakh/async/timeout.hpp>

#include <concepts>
#include <cstddef>

namespace lakh {

class condition {
 public:
  condition() = default;
  condition(const condition&) = delete;
  condition& operator=(const condition&) = delete;

  // Gives `held` up while waiting for a notification, and holds it again afterwards, also when it throws because of a
  // cancellation. There are no spurious wake-ups, but another coroutine may have been first: test again, or use
  // wait_until.
  task<void> wait(mutex& of, permit& held) {
    held.release();
    std::exception_ptr failure;
    try {
      co_await notification(*this);
    } catch (...) {
      failure = std::current_exception();
    }
    held = co_await shielded(relock(of));
    if (failure) std::rethrow_exception(failure);
  }

  template <std::predicate Predicate> task<void> wait_until(mutex& of, permit& held, Predicate is_true) {
    while (!is_true()) co_await wait(of, held);
  }

  void notify_one() noexcept {
    if (!waiting_.empty()) waiting_.wake_front();
  }
  void notify_all() noexcept { waiting_.wake_all(); }

 private:
  class notification final : public waiter {
   public:
    explicit notification(condition& of) noexcept : of_(of) {}
    template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
      if (!begin(self)) return false;
      of_.waiting_.push_back(*this);
      return true;
    }
    void await_resume() const { throw_if_failed("wait for a condition"); }

   private:
    condition& of_;
  };

  static task<permit> relock(mutex& of) { co_return co_await of.lock(); }

  waiter_list waiting_;
};

}  // namespace lakh
