// Structured concurrency: a scope waits for its children, and cancels them when one fails.
//
//   co_await lakh::in_scope([&](lakh::scope& s) -> lakh::task<void> {
//     s.spawn(producer(orders));
//     s.spawn(consumer(orders));
//     co_return;                       // in_scope returns when both have ended
//   });
//
// Contract
// 1. in_scope ends only when its body and every child have ended; nothing outlives it.
// 2. The first failure (of body or child) cancels the rest and is thrown by in_scope; later ones are dropped.
// 3. scope::cancel() ends the rest quietly: in_scope then returns normally, unless something fails for another reason.
// 4. A cancellation from above ends body and children at their next wait, and in_scope throws it if it cut any of them
// short.
#pragma once

#include <lakh/async/cancel.hpp>
#include <lakh/async/loop.hpp>
#include <lakh/async/task.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>

namespace lakh {

class scope {
 public:
  explicit scope(cancel_scope& parent) noexcept : cancel_(parent) {}
  scope(const scope&) = delete;
  scope& operator=(const scope&) = delete;

  // The child starts at the loop's next turn. After cancel() it starts cancelled.
  void spawn(task<void> child);

  // Ends all children, and the body, at their next wait. Not a failure.
  void cancel() noexcept {
    cancelled_by_owner_ = true;
    cancel_.cancel();
  }

  // Children that have not ended.
  [[nodiscard]] std::size_t running() const noexcept { return running_; }

  // For in_scope.
  cancel_scope& inner() noexcept { return cancel_; }
  void fail(std::exception_ptr failure) noexcept;
  void child_ended() noexcept;
  void finish() const;  // throws by the contract

  class joiner {
   public:
    explicit joiner(scope& owner) noexcept : owner_(owner) {}
    [[nodiscard]] bool await_ready() const noexcept { return owner_.running_ == 0; }
    void await_suspend(std::coroutine_handle<> self) noexcept { owner_.joining_ = self; }
    void await_resume() const noexcept {}

   private:
    scope& owner_;
  };
  joiner join() noexcept { return joiner(*this); }

 private:
  cancel_scope cancel_;
  std::exception_ptr failure_;
  std::coroutine_handle<> joining_;
  std::size_t running_ = 0;
  bool cancelled_by_owner_ = false;
};

template <class Body>
  requires std::same_as<std::invoke_result_t<Body&, scope&>, task<void>>
task<void> in_scope(Body body) {
  scope children(co_await this_scope());
  try {
    co_await body(children).under(children.inner());
  } catch (...) {
    children.fail(std::current_exception());
  }
  co_await children.join();
  children.finish();
}

}  // namespace lakh
