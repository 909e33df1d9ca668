// Mutual exclusion among coroutines of one loop, across their waits. (Between waits a loop's coroutines never
// interleave, so data that is not touched across a co_await needs none.)
#pragma once

#include <lakh/async/semaphore.hpp>

namespace lakh {

class mutex {
 public:
  // auto held = co_await m.lock();   unlocks at the end of `held`, or by held.release().
  semaphore::acquisition lock() noexcept { return one_.acquire(); }
  [[nodiscard]] bool try_lock() noexcept { return one_.try_take(); }
  // For a lock taken by try_lock.
  void unlock() noexcept { one_.release(); }
  [[nodiscard]] bool is_locked() const noexcept { return one_.available() == 0; }

 private:
  semaphore one_{1};
};

}  // namespace lakh
