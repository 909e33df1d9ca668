// The inside of process_queue: a bounded queue of byte strings in shared memory. Internal to the room.
//
// Invariants
// 1. All of it is guarded by one robust lock. A push becomes real by the store of `pushed`, a pop by that of `popped`:
//    one instruction each, and everything else is written before. So at every instruction the queue is whole: who dies
//    has pushed or not, has taken or not; the next holder of the lock has nothing to repair.
// 2. Who waits says so under the lock (a bit of `waiting`); who brings what is waited for signals first and makes it
//    real then, both under the lock. Whoever is woken has to get the lock, and so sees it done, or its doer dead.
// 3. A thread that was woken and dies before it has looked takes that signal with it: so sleepers look by themselves
//    every tenth of a second. Coroutines are woken all at once, and need not.
// 4. What is read from the memory is checked before it is used as a place or a length.
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/core/unique_fd.hpp>
#include <lakh/parallel/robust_mutex.hpp>
#include <lakh/parallel/shared_memory.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace lakh::detail {

class shared_ring {
 public:
  // `items` and `bytes` bound what is in it; `type` is compared by those who join.
  shared_ring(std::size_t items, std::size_t bytes, std::uint64_t type);
  // Joins one that another made, by the three descriptors of `descriptors`, in that order. Throws input_error.
  shared_ring(std::span<unique_fd> from, std::uint64_t type);

  // {}, errc::queue_closed, errc::timed_out. Without a time they wait as long as it takes. All that push throw error
  // (errc::too_large) for an item that never fits.
  std::error_code push(std::string_view item, std::optional<time_point> until);
  std::error_code pop(std::string& item, std::optional<time_point> until);
  // {}, errc::queue_closed, or std::errc::operation_would_block.
  std::error_code try_push(std::string_view item) { return attempt_push(item, 0); }
  std::error_code try_pop(std::string& item) { return attempt_pop(item, 0); }
  task<std::error_code> async_push(std::string item);
  task<std::error_code> async_pop(std::string& item);

  void close();
  [[nodiscard]] bool is_closed() const noexcept;
  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] std::size_t capacity() const noexcept { return items_; }
  [[nodiscard]] std::array<int, 3> descriptors() const noexcept {
    return {memory_.descriptor(), item_event_.get(), room_event_.get()};
  }

 private:
  struct control;
  struct entry;
  class holder;

  void place();
  // Both say with `wait_bit`, where they would have to wait, who it is that waits.
  std::error_code attempt_push(std::string_view item, std::uint32_t wait_bit);
  std::error_code attempt_pop(std::string& item, std::uint32_t wait_bit);
  void announce(std::uint32_t& waiting, bool items, bool everybody) noexcept;
  void copy_in(std::uint64_t at, std::string_view bytes) noexcept;
  void copy_out(std::uint64_t at, std::string& bytes) const;
  void check_fits(std::size_t size) const;

  shared_memory memory_;
  unique_fd item_event_;  // signalled for coroutines that wait for an item
  unique_fd room_event_;  // ... for room
  control* control_ = nullptr;
  entry* entries_ = nullptr;
  char* data_ = nullptr;
  std::uint64_t items_;
  std::uint64_t bytes_;
  std::uint64_t entry_mask_ = 0;
};

}  // namespace lakh::detail
