// Locks for threads. Where the standard library has one, use that:
//
//   lock                      std::mutex                       with std::lock_guard, std::unique_lock, std::scoped_lock
//   re-entrant lock           std::recursive_mutex
//   readers and a writer      std::shared_mutex
//   semaphore                 std::counting_semaphore          or fair_semaphore, where nobody may starve
//   condition                 std::condition_variable_any      its wait takes a std::stop_token; with std::mutex alone
//                                                              std::condition_variable is cheaper
//   barrier                   std::barrier                     or rendezvous, which has deadlines and can be broken
//   countdown                 std::latch
//   event                     thread_event
//
// Between coroutines of one loop: lakh::mutex, semaphore, event, condition, barrier. A coroutine must not wait for the
// ones above, since its loop would stand still.
//
// fair_semaphore: permits go to threads in the order in which they asked, and none overtakes one who waits.
// std::counting_semaphore promises no order: under contention a thread may wait for ever.
#pragma once

#include <lakh/async/loop.hpp>
#include <lakh/core/deadline.hpp>
#include <lakh/core/intrusive_list.hpp>

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace lakh {

class fair_semaphore {
 public:
  explicit fair_semaphore(std::size_t permits) noexcept : available_(permits) {}
  fair_semaphore(const fair_semaphore&) = delete;
  fair_semaphore& operator=(const fair_semaphore&) = delete;
  ~fair_semaphore() = default;

  void acquire();
  // False, and no permit taken, if the time comes first.
  [[nodiscard]] bool try_acquire_until(time_point until);
  [[nodiscard]] bool try_acquire_for(duration at_most) {
    return try_acquire_until(deadline_after(clock::now(), at_most));
  }
  // Takes a permit if there is one and nobody waits for it.
  [[nodiscard]] bool try_acquire();

  // Hands permits to those who have waited longest; what is left is kept.
  void release(std::size_t permits = 1) noexcept;

  // As it was at the moment of asking.
  [[nodiscard]] std::size_t available() const;
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct party;
  using party_list = intrusive_list<party, party>;
  struct party : list_node<party> {
    std::condition_variable served;
  };

  mutable std::mutex mutex_;
  party_list parties_;
  std::size_t available_;
  std::size_t waiting_ = 0;
};

// Holds one permit of a fair_semaphore until the end of its life.
class [[nodiscard]] fair_permit {
 public:
  explicit fair_permit(fair_semaphore& from) : from_(from) { from_.acquire(); }
  fair_permit(const fair_permit&) = delete;
  fair_permit& operator=(const fair_permit&) = delete;
  ~fair_permit() { from_.release(); }

 private:
  fair_semaphore& from_;
};

}  // namespace lakh
