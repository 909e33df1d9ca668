// A rendezvous: `parties` coroutines of one loop wait for each other, again and again.
#pragma once

#include <lakh/async/waiter.hpp>

#include <cstddef>

namespace lakh {

class barrier {
 public:
  explicit barrier(std::size_t parties) noexcept : parties_(parties) {}
  barrier(const barrier&) = delete;
  barrier& operator=(const barrier&) = delete;

  class [[nodiscard]] arrival final : public waiter {
   public:
    explicit arrival(barrier& at) noexcept : at_(at) {}
    template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
      if (!begin(self)) return false;
      place_ = at_.arrived_++;
      if (at_.arrived_ == at_.parties_) {
        leave();
        at_.arrived_ = 0;
        at_.waiting_.wake_all();
        return false;
      }
      at_.waiting_.push_back(*this);
      return true;
    }
    // The order of arrival in this round: 0 for the first, parties - 1 for the last.
    std::size_t await_resume() const {
      throw_if_failed("wait at a barrier");
      return place_;
    }

   private:
    void abandon() noexcept override { --at_.arrived_; }
    barrier& at_;
    std::size_t place_ = 0;
  };

  // One who is cancelled while waiting has not arrived: the others wait for a replacement.
  arrival arrive_and_wait() noexcept { return arrival(*this); }

 private:
  waiter_list waiting_;
  std::size_t parties_;
  std::size_t arrived_ = 0;
};

}  // namespace lakh
