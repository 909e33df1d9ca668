// A number of permits that coroutines of one loop share. First come, first served.
#pragma once

#include <lakh/async/waiter.hpp>

#include <cstddef>
#include <utility>

namespace lakh {

class semaphore;

// Holds one permit, and gives it back at the end of its life.
class [[nodiscard]] permit {
 public:
  permit() noexcept = default;
  explicit permit(semaphore& from) noexcept : from_(&from) {}
  permit(permit&& other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
  permit& operator=(permit&& other) noexcept {
    std::swap(from_, other.from_);
    return *this;
  }
  ~permit() { release(); }
  void release() noexcept;

 private:
  semaphore* from_ = nullptr;
};

class semaphore {
 public:
  explicit semaphore(std::size_t permits) noexcept : available_(permits) {}
  semaphore(const semaphore&) = delete;
  semaphore& operator=(const semaphore&) = delete;

  class [[nodiscard]] acquisition final : public waiter {
   public:
    explicit acquisition(semaphore& from) noexcept : from_(from) {}
    template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
      if (is_cancelled(self)) return false;
      if (from_.try_take()) return false;
      park(self);
      from_.waiting_.push_back(*this);
      return true;
    }
    permit await_resume() const {
      throw_if_failed("semaphore");
      return permit(from_);
    }

   private:
    semaphore& from_;
  };

  // co_await s.acquire() waits for a permit. A waiter that is cancelled takes none.
  acquisition acquire() noexcept { return acquisition(*this); }

  // Takes a permit if there is one and nobody waits for it.
  [[nodiscard]] bool try_take() noexcept {
    if (available_ == 0 || !waiting_.empty()) return false;
    --available_;
    return true;
  }

  // Hands the permit to the one who has waited longest.
  void release() noexcept {
    if (waiting_.empty())
      ++available_;
    else
      waiting_.wake_front();
  }

  [[nodiscard]] std::size_t available() const noexcept { return available_; }

 private:
  waiter_list waiting_;
  std::size_t available_;
};

inline void permit::release() noexcept {
  if (from_ != nullptr) std::exchange(from_, nullptr)->release();
}

}  // namespace lakh
