#include <lakh/parallel/thread_event.hpp>

namespace lakh {

void thread_event::set() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (set_) return;
  set_ = true;
  ++times_set_;
  changed_.notify_all();
}

void thread_event::clear() {
  const std::lock_guard<std::mutex> lock(mutex_);
  set_ = false;
}

bool thread_event::is_set() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return set_;
}

void thread_event::wait() {
  std::unique_lock<std::mutex> lock(mutex_);
  const std::uint64_t before = times_set_;
  changed_.wait(lock, [&] { return set_ || times_set_ != before; });
}

bool thread_event::wait_until(time_point until) {
  std::unique_lock<std::mutex> lock(mutex_);
  const std::uint64_t before = times_set_;
  return changed_.wait_until(lock, until, [&] { return set_ || times_set_ != before; });
}

}  // namespace lakh
