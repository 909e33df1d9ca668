// Runs blocking code on a thread pool while the coroutine waits, so that its loop goes on.
//
//   auto rows = co_await lakh::on_pool(pool, [&] { return read_file(path); });
//   auto sum = co_await lakh::on_pool(pool, [&](std::stop_token stop) { return digest(path, stop); });
//
// 1. Hands back what f returned, or throws what it threw. f may refer to the coroutine's own variables: it has ended,
//    or will never begin, when the coroutine goes on.
// 2. Where the pool's queue is full, the coroutine stands in line for it, as a thread in submit does.
// 3. Cancelled before f began: f never runs, and the wait throws. Cancelled later: f cannot be stopped from outside; it
//    is asked to by its stop_token, if it takes one. Its end is waited for and its result delivered, and the
//    coroutine's next wait throws.
// 4. closed_error if the pool has been shut down; cancelled if it was shut down with pending::cancel before f began.
// 5. The pool outlives the wait.
#pragma once

#include <lakh/parallel/thread_pool.hpp>

#include <stop_token>

namespace lakh {

namespace detail {

template <class T, class Function>
class pool_operation final : public remote_waiter, private completion_hook, private room_waiter {
 public:
  pool_operation(thread_pool& pool, std::stop_source& stop, Function&& function)
      : pool_(pool), stop_(stop), state_(new call_state<T, Function>(&pool, std::move(function))) {}
  pool_operation(const pool_operation&) = delete;
  pool_operation& operator=(const pool_operation&) = delete;
  ~pool_operation() {
    if (!entered_) state_->release();  // the queue's reference
    state_->release();
  }

  template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) {
    if (!this->begin(self)) return false;
    state_->attach(*this);
    entered_ = pool_.enter_later(*state_, *this);
    if (entered_) return true;
    state_->detach(*this);
    this->leave();
    return false;
  }
  T await_resume() {
    this->throw_if_failed("run on a thread pool");
    if (!entered_) throw closed_error(errc::queue_closed, "run on a thread pool: it has been shut down");
    if (state_->was_cancelled() && reason_) throw_error(reason_, "run on a thread pool");
    return state_->take();
  }

 private:
  void on_done() noexcept override { this->wake_through(state_->mutex()); }
  // Out of the line. The coroutine may go on, and take this object with it, as soon as the task has ended.
  void settled() noexcept override {
    if (room_waiter::accepted) return;
    task_state* const state = state_;
    state->refuse(std::make_exception_ptr(
        closed_error(errc::queue_closed, "run on a thread pool: it was shut down while this waited for room")));
    state->release();
  }
  void on_cancel(std::error_code reason) noexcept override {
    if (state_->is_done()) return;
    reason_ = reason;
    stop_.request_stop();
    const bool stood_in_line = pool_.withdraw(*this);
    state_->cancel();  // where it succeeds, on_done wakes the coroutine
    if (stood_in_line) state_->release();
  }

  thread_pool& pool_;
  std::stop_source& stop_;
  call_state<T, Function>* state_;
  std::error_code reason_;
  bool entered_ = false;
};

}  // namespace detail

template <class F>
  requires std::invocable<F&>
task<std::invoke_result_t<F&>> on_pool(thread_pool& pool, F f) {
  std::stop_source nobody(std::nostopstate);
  auto call = [&f]() -> std::invoke_result_t<F&> { return f(); };
  detail::pool_operation<std::invoke_result_t<F&>, decltype(call)> operation(pool, nobody, std::move(call));
  co_return co_await operation;
}

template <class F>
  requires(std::invocable<F&, std::stop_token> && !std::invocable<F&>)
task<std::invoke_result_t<F&, std::stop_token>> on_pool(thread_pool& pool, F f) {
  std::stop_source stop;
  auto call = [&f, &stop]() -> std::invoke_result_t<F&, std::stop_token> { return f(stop.get_token()); };
  detail::pool_operation<std::invoke_result_t<F&, std::stop_token>, decltype(call)> operation(pool, stop,
                                                                                              std::move(call));
  co_return co_await operation;
}

}  // namespace lakh
