// Deadlines. They are absolute, and pass downward: a deadline set outside ends the waits inside, and an inner one can
// only be shorter. When one passes, waits in it end with errc::timed_out, and the work throws timeout_error.
#pragma once

#include <lakh/async/cancel.hpp>
#include <lakh/async/loop.hpp>
#include <lakh/async/task.hpp>
#include <lakh/core/deadline.hpp>

namespace lakh {

// A scope that is cancelled at a time, with errc::timed_out.
class deadline_scope final : public cancel_scope, private timer_node {
 public:
  deadline_scope(cancel_scope& parent, time_point deadline) : cancel_scope(parent) {
    loop::current().arm(*this, deadline);
  }
  [[nodiscard]] bool expired() const noexcept { return expired_; }

 private:
  void on_timer() noexcept override {
    expired_ = !is_cancelled();
    cancel(errc::timed_out);
  }
  bool expired_ = false;
};

template <class T> task<T> with_deadline(time_point deadline, task<T> work) {
  deadline_scope scope(co_await this_scope(), deadline);
  co_return co_await std::move(work).under(scope);
}

template <class T> task<T> with_timeout(duration limit, task<T> work) {
  return with_deadline(deadline_after(loop::current().now(), limit), std::move(work));
}

// Runs `work` out of reach of cancellation from above: for the few steps that must not be cut, such as writing down
// what happened. Give it a deadline of its own.
template <class T> task<T> shielded(task<T> work) {
  cancel_scope scope;
  co_return co_await std::move(work).under(scope);
}

}  // namespace lakh
