// A deadline that is moved with every message and almost never reached: moving it is a store. The timer fires at the
// time it was last armed for, looks whether the deadline has moved, and if so arms itself again.
#pragma once

#include <lakh/async/loop.hpp>
#include <lakh/core/deadline.hpp>

namespace lakh::http {

using lakh::deadline_after;

class deadline_timer : private timer_node {
 public:
  explicit deadline_timer(loop& on) noexcept : on_(on) {}

  // Calls `expired` at or after `when`, unless moved or cleared by then; never for time_point::max().
  void move_to(time_point when) {
    if (when == time_point::max()) return clear();
    deadline_ = when;
    active_ = true;
    if (!armed() || timer_node::when() > when) on_.arm(*this, when);
  }
  void clear() noexcept { active_ = false; }

 protected:
  ~deadline_timer() = default;

 private:
  virtual void expired() noexcept = 0;
  void on_timer() noexcept override {
    if (!active_) return;
    if (on_.now() < deadline_) {
      on_.arm(*this, deadline_);
      return;
    }
    active_ = false;
    expired();
  }

  loop& on_;
  time_point deadline_{};
  bool active_ = false;
};

}  // namespace lakh::http
