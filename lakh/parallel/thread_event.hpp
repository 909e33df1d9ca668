// A flag that threads can wait for. (For coroutines of one loop: lakh::event.)
#pragma once

#include <lakh/async/loop.hpp>
#include <lakh/core/deadline.hpp>

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace lakh {

class thread_event {
 public:
  thread_event() = default;
  thread_event(const thread_event&) = delete;
  thread_event& operator=(const thread_event&) = delete;
  ~thread_event() = default;

  // Wakes everybody who waits.
  void set();
  void clear();
  [[nodiscard]] bool is_set() const;

  // Returns when the flag is, or becomes, set; even if it is cleared again before the thread runs.
  void wait();
  // False if the time comes first.
  [[nodiscard]] bool wait_until(time_point until);
  [[nodiscard]] bool wait_for(duration at_most) { return wait_until(deadline_after(clock::now(), at_most)); }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t times_set_ = 0;
  bool set_ = false;
};

}  // namespace lakh
