#include <lakh/parallel/fair_semaphore.hpp>

namespace lakh {

void fair_semaphore::acquire() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (available_ != 0 && parties_.empty()) {
    --available_;
    return;
  }
  party self;
  parties_.push_back(self);
  ++waiting_;
  while (self.linked()) self.served.wait(lock);
}

bool fair_semaphore::try_acquire_until(time_point until) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (available_ != 0 && parties_.empty()) {
    --available_;
    return true;
  }
  party self;
  parties_.push_back(self);
  ++waiting_;
  while (self.linked() && self.served.wait_until(lock, until) == std::cv_status::no_timeout) {
  }
  if (!self.linked()) return true;
  self.unlink();
  --waiting_;
  return false;
}

bool fair_semaphore::try_acquire() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (available_ == 0 || !parties_.empty()) return false;
  --available_;
  return true;
}

void fair_semaphore::release(std::size_t permits) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (; permits > 0 && !parties_.empty(); --permits) {
    --waiting_;
    parties_.pop_front().served.notify_one();
  }
  available_ += permits;
}

std::size_t fair_semaphore::available() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return available_;
}

std::size_t fair_semaphore::waiting() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return waiting_;
}

}  // namespace lakh
