// A bounded queue of pointers for any number of producing and consuming threads, without locks. Nobody waits in it.
//
// 1. Each cell has a turn: 2t while it is free for round t, 2t + 1 while it holds round t's item. Position p is cell
//    p mod capacity in round p / capacity. A producer owns a position by moving the tail past it, a consumer by moving
//    the head.
// 2. First in, first out, in the order in which producers took their positions.
// 3. A bit in the tail says closed: after it no position is handed out, so every accepted item is popped.
// 4. Turns are stored and looked at in sequential consistency, so that "put it in, then look for sleepers" against
//    "go to sleep, then look once more" misses nobody.
// 5. `full` and `nothing` can also mean that another thread is in the middle of a cell: whoever is, looks for those who
//    wait when it is done.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace lakh::detail {

class task_ring {
 public:
  enum class pushed : std::uint8_t { yes, full, closed };

  explicit task_ring(std::size_t capacity)
      : capacity_(capacity == 0 ? 1 : capacity),
        shift_(std::has_single_bit(capacity_) ? std::countr_zero(capacity_) : -1),
        cells_(std::make_unique<cell[]>(capacity_)) {}

  pushed push(void* item) noexcept {
    std::uint64_t tail = tail_.load(std::memory_order_acquire);
    while (true) {
      if ((tail & closed_bit) != 0) return pushed::closed;
      const auto [at, round] = place(tail);
      cell& here = cells_[at];
      if (here.turn.load(std::memory_order_seq_cst) == 2 * round) {
        if (!tail_.compare_exchange_weak(tail, tail + 1, std::memory_order_acq_rel, std::memory_order_acquire))
          continue;
        here.item = item;
        here.turn.store(2 * round + 1, std::memory_order_seq_cst);
        return pushed::yes;
      }
      const std::uint64_t before = tail;
      tail = tail_.load(std::memory_order_acquire);
      if (tail == before) return pushed::full;
    }
  }

  // Null if there is nothing.
  void* pop() noexcept {
    std::uint64_t head = head_.load(std::memory_order_acquire);
    while (true) {
      const auto [at, round] = place(head);
      cell& here = cells_[at];
      if (here.turn.load(std::memory_order_seq_cst) == 2 * round + 1) {
        if (!head_.compare_exchange_weak(head, head + 1, std::memory_order_acq_rel, std::memory_order_acquire))
          continue;
        void* const item = here.item;
        here.turn.store(2 * round + 2, std::memory_order_seq_cst);
        return item;
      }
      const std::uint64_t before = head;
      head = head_.load(std::memory_order_acquire);
      if (head == before) return nullptr;
    }
  }

  // Whether a pop would find something now.
  [[nodiscard]] bool has_item() const noexcept {
    std::uint64_t head = head_.load(std::memory_order_acquire);
    while (true) {
      const auto [at, round] = place(head);
      if (cells_[at].turn.load(std::memory_order_seq_cst) == 2 * round + 1) return true;
      const std::uint64_t before = head;
      head = head_.load(std::memory_order_acquire);
      if (head == before) return false;
    }
  }

  // Whether a push would find room now.
  [[nodiscard]] bool has_room() const noexcept {
    std::uint64_t tail = tail_.load(std::memory_order_acquire);
    while (true) {
      const auto [at, round] = place(tail & ~closed_bit);
      if (cells_[at].turn.load(std::memory_order_seq_cst) == 2 * round) return true;
      const std::uint64_t before = tail;
      tail = tail_.load(std::memory_order_acquire);
      if (tail == before) return false;
    }
  }

  void close() noexcept { tail_.fetch_or(closed_bit, std::memory_order_seq_cst); }
  // Closed, and all that was accepted has been taken out.
  [[nodiscard]] bool is_drained() const noexcept {
    const std::uint64_t tail = tail_.load(std::memory_order_seq_cst);
    return (tail & closed_bit) != 0 && head_.load(std::memory_order_seq_cst) == (tail & ~closed_bit);
  }

  // As it was at the moment of asking.
  [[nodiscard]] std::size_t size() const noexcept {
    const std::uint64_t head = head_.load(std::memory_order_acquire);
    const std::uint64_t tail = tail_.load(std::memory_order_acquire) & ~closed_bit;
    return tail > head ? static_cast<std::size_t>(tail - head) : 0;
  }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

 private:
  static constexpr std::uint64_t closed_bit = std::uint64_t{1} << 63U;
  static constexpr std::size_t cache_line = 64;

  struct cell {
    std::atomic<std::uint64_t> turn{0};
    void* item = nullptr;
  };
  struct place_of {
    std::size_t at;
    std::uint64_t round;
  };
  [[nodiscard]] place_of place(std::uint64_t position) const noexcept {
    if (shift_ >= 0)
      return {static_cast<std::size_t>(position & (capacity_ - 1)), position >> static_cast<unsigned>(shift_)};
    return {static_cast<std::size_t>(position % capacity_), position / capacity_};
  }

  const std::size_t capacity_;
  const int shift_;  // of a capacity that is a power of two: division is what a push would mostly cost
  const std::unique_ptr<cell[]> cells_;
  alignas(cache_line) std::atomic<std::uint64_t> head_{0};
  alignas(cache_line) std::atomic<std::uint64_t> tail_{0};
};

}  // namespace lakh::detail
