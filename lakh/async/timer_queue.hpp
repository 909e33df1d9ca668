// The timers of a loop, ordered by time, then by order of arming: a four-ary heap with back-indexes, so that taking a
// timer out costs no search. Internal to the room.
#pragma once

#include <lakh/async/loop.hpp>

#include <cstdint>
#include <vector>

namespace lakh {

class timer_queue {
 public:
  [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }
  [[nodiscard]] time_point earliest() const noexcept { return heap_.front()->when_; }

  void add(timer_node& timer, loop& home, time_point when);
  void remove(timer_node& timer) noexcept;
  // Takes the earliest timer out.
  timer_node& pop() noexcept;
  static void fire(timer_node& timer) noexcept { timer.on_timer(); }

 private:
  static bool before(const timer_node& a, const timer_node& b) noexcept {
    return a.when_ < b.when_ || (a.when_ == b.when_ && a.order_ < b.order_);
  }
  void place(timer_node& timer, std::size_t index) noexcept {
    heap_[index] = &timer;
    timer.index_ = index;
  }
  void sift_up(timer_node& timer, std::size_t index) noexcept;
  void sift_down(timer_node& timer, std::size_t index) noexcept;

  std::vector<timer_node*> heap_;
  std::uint64_t next_order_ = 0;
};

}  // namespace lakh
