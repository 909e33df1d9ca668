// A coroutine that waits on its loop for something that another thread brings about.
//
// 1. Whoever brings it about holds the mutex that guards what is waited for, takes the waiter out of its list, and
//    calls wake_through: once. From then on a cancellation comes too late (on_cancel finds it out of the list).
// 2. The coroutine goes on only after that call has returned and the mutex is free. So its loop may end at once, and
//    no other thread is still inside the loop's `post`.
#pragma once

#include <lakh/async/waiter.hpp>

#include <mutex>

namespace lakh {

class remote_waiter : public waiter {
 protected:
  remote_waiter() = default;
  ~remote_waiter() = default;

  // From any thread. `guard` is held by the caller, and lives until the coroutine has gone on.
  void wake_through(std::mutex& guard) noexcept {
    home().post([this, &guard] {
      {
        const std::lock_guard<std::mutex> until_posted(guard);
      }
      wake();
    });
  }
};

}  // namespace lakh
