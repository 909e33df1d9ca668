// The common part of every operation that waits: parks the coroutine, and is woken either by what it waits for or by a
// cancellation, never by both.
#pragma once

#include <lakh/async/cancel.hpp>
#include <lakh/async/loop.hpp>
#include <lakh/async/task.hpp>

#include <coroutine>
#include <system_error>

namespace lakh {

// Derived classes are awaiters: `await_suspend` calls `begin`, then enters the list of what is waited for.
class waiter : public cancel_hook, public list_node<waiter> {
 public:
  [[nodiscard]] bool await_ready() const noexcept { return false; }

  // What was waited for has come: the coroutine becomes runnable. Leaves the list.
  void wake(std::error_code result = {}) {
    result_ = result;
    leave();
    home_->schedule(coroutine_);
  }

 protected:
  waiter() = default;
  ~waiter() = default;

  // False if the scope is already cancelled: then `result_` is set and the coroutine must not be suspended.
  template <scoped_promise Promise> bool begin(std::coroutine_handle<Promise> self) noexcept {
    cancel_scope& scope = *self.promise().scope();
    if (scope.is_cancelled()) {
      result_ = scope.reason();
      return false;
    }
    coroutine_ = self;
    home_ = &loop::current();
    attach(scope);
    return true;
  }

  // Takes back `begin`, for a wait that turned out to be satisfied at once.
  void leave() noexcept {
    detach();
    list_node<waiter>::unlink();
  }

  [[nodiscard]] loop& home() const noexcept { return *home_; }
  [[nodiscard]] std::error_code result() const noexcept { return result_; }
  void throw_if_failed(std::string_view doing) const {
    if (result_) throw_error(result_, doing);
  }

  void on_cancel(std::error_code reason) noexcept override {
    abandon();
    wake(reason);
  }
  // Called before a cancelled waiter is woken: undo what the derived class set up beyond the list.
  virtual void abandon() noexcept {}

 private:
  std::coroutine_handle<> coroutine_;
  loop* home_ = nullptr;
  std::error_code result_;
};

using waiter_list = intrusive_list<waiter, waiter>;

}  // namespace lakh
