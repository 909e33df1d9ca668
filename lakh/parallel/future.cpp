#include <lakh/parallel/future.hpp>
#include <lakh/parallel/thread_pool.hpp>

#include <array>
#include <condition_variable>
#include <cstddef>

namespace lakh::detail {
namespace {

// A mutex per task would be half of its size, and most tasks end before anybody waits: they share a few.
constexpr std::size_t mutex_count = 64;
constexpr std::size_t cache_line = 64;
struct alignas(cache_line) padded_mutex {
  std::mutex mutex;
};

class thread_hook final : public completion_hook {
 public:
  std::condition_variable done;

 private:
  void on_done() noexcept override { done.notify_one(); }
};

}  // namespace

std::mutex& task_state::mutex() const noexcept {
  static std::array<padded_mutex, mutex_count> mutexes;
  return mutexes[(reinterpret_cast<std::uintptr_t>(this) / cache_line) % mutex_count].mutex;
}

void task_state::run() noexcept {
  if (is_mine_alone()) {  // its future was dropped: the dear atomic steps can be left out
    if ((word_.load(std::memory_order_relaxed) & taken) != 0) return;
    word_.store(taken | done, std::memory_order_relaxed);
    execute();
    return;
  }
  if (!claim()) return;
  execute();
  finish(done);
}

bool task_state::cancel() noexcept {
  if (!claim()) return false;
  discard();
  finish(done | dropped);
  return true;
}

bool task_state::refuse(std::exception_ptr why) noexcept {
  if (!claim()) return false;
  discard();
  fail(std::move(why));
  finish(done);
  return true;
}

void task_state::finish(std::uint32_t how) noexcept {
  if ((word_.fetch_or(how, std::memory_order_acq_rel) & hooked) == 0) return;
  const std::lock_guard<std::mutex> lock(mutex());
  while (!hooks_.empty()) hooks_.pop_front().on_done();
}

bool task_state::attach(completion_hook& hook) noexcept {
  if (is_done()) return false;
  const std::lock_guard<std::mutex> lock(mutex());
  if ((word_.fetch_or(hooked, std::memory_order_acq_rel) & done) != 0) return false;
  hooks_.push_back(hook);  // whoever ends the work sees the flag, and comes for the mutex
  return true;
}

bool task_state::detach(completion_hook& hook) noexcept {
  const std::lock_guard<std::mutex> lock(mutex());
  if (!hook.linked()) return false;
  hook.unlink();
  return true;
}

void task_state::wait() noexcept {
  if (home_ != nullptr && home_ == thread_pool::current()) run();
  if (is_done()) return;
  thread_hook hook;
  if (!attach(hook)) return;
  std::unique_lock<std::mutex> lock(mutex());
  while (hook.linked()) hook.done.wait(lock);
}

bool task_state::wait_until(time_point until) {
  if (is_done()) return true;
  thread_hook hook;
  if (!attach(hook)) return true;
  std::unique_lock<std::mutex> lock(mutex());
  while (hook.linked() && hook.done.wait_until(lock, until) == std::cv_status::no_timeout) {
  }
  if (!hook.linked()) return true;
  hook.unlink();
  return false;
}

void task_state::rethrow_failure() {
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  if (was_cancelled()) throw cancelled();
}

}  // namespace lakh::detail
