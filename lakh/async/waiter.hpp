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
  void wake() {
    list_node<waiter>::unlink();
    go_on();
  }
  void wake(std::error_code result) {
    set_result(result);
    wake();
  }
  // The same for one that has left the list.
  void go_on() {
    detach();
    home_->schedule(coroutine_);
  }

 protected:
  waiter() = default;
  ~waiter() = default;

  // False if the scope is already cancelled: then `result()` is set and the coroutine must not be suspended.
  template <scoped_promise Promise> bool begin(std::coroutine_handle<Promise> self) noexcept {
    if (is_cancelled(self)) return false;
    park(self);
    return true;
  }

  // `begin` in two steps, for what may be satisfied at once: then there is nothing to be parked, and nothing to take
  // back.
  template <scoped_promise Promise> bool is_cancelled(std::coroutine_handle<Promise> self) noexcept {
    const cancel_scope& scope = *self.promise().scope();
    if (!scope.is_cancelled()) return false;
    set_result(scope.reason());
    return true;
  }
  template <scoped_promise Promise> void park(std::coroutine_handle<Promise> self) noexcept {
    coroutine_ = self;
    home_ = &loop::current();
    attach(*self.promise().scope());
  }

  // Takes back `begin`, for a wait that turned out to be satisfied at once.
  void leave() noexcept {
    detach();
    list_node<waiter>::unlink();
  }

  [[nodiscard]] loop& home() const noexcept { return *home_; }
  [[nodiscard]] std::error_code result() const noexcept {
    return failure_ == 0 ? std::error_code() : std::error_code(failure_, *category_);
  }
  void throw_if_failed(std::string_view doing) const {
    if (failure_ != 0) throw_error(result(), doing);
  }

  void on_cancel(std::error_code reason) noexcept override {
    abandon();
    wake(reason);
  }
  // Called before a cancelled waiter is woken: undo what the derived class set up beyond the list.
  virtual void abandon() noexcept {}

 private:
  void set_result(std::error_code result) noexcept {
    failure_ = result.value();
    category_ = &result.category();
  }

  std::coroutine_handle<> coroutine_;
  loop* home_ = nullptr;
  // An error_code in two parts: to make an empty one takes a call into the standard library, at every wait.
  const std::error_category* category_ = nullptr;
  int failure_ = 0;
};

class waiter_list : public intrusive_list<waiter, waiter> {
 public:
  // Who has waited longest. Not for an empty list.
  void wake_front() { pop_front().go_on(); }
  void wake_all() {
    while (!empty()) wake_front();
  }
};

}  // namespace lakh
