// First in, first out, in one piece of memory that grows by doubling and never shrinks: no allocation once it is large
// enough. Not for more than one thread.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

namespace lakh {

template <class T> class ring {
 public:
  ring() noexcept = default;
  ring(const ring&) = delete;
  ring& operator=(const ring&) = delete;
  ~ring() { discard(slots_, capacity_, begin_, end_); }

  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
  [[nodiscard]] bool empty() const noexcept { return end_ == begin_; }

  // Changes nothing where it throws.
  void push(T item) {
    if (size() == capacity_) grow();
    std::construct_at(slots_ + (end_ & mask_), std::move(item));
    ++end_;
  }
  // Not for an empty ring. Changes nothing where T's move throws.
  T pop() {
    T* const first = slots_ + (begin_ & mask_);
    T item(std::move(*first));
    std::destroy_at(first);
    ++begin_;
    return item;
  }

 private:
  static constexpr std::size_t first_capacity = 16;  // a power of two, as all are

  static void discard(T* slots, std::size_t capacity, std::size_t begin, std::size_t end) noexcept {
    if (slots == nullptr) return;
    for (; begin != end; ++begin) std::destroy_at(slots + (begin & (capacity - 1)));
    std::allocator<T>().deallocate(slots, capacity);
  }

  [[gnu::noinline]] void grow() {
    const std::size_t larger = capacity_ == 0 ? first_capacity : capacity_ * 2;
    T* const moved = std::allocator<T>().allocate(larger);
    std::size_t count = 0;
    try {
      for (; count < size(); ++count)
        std::construct_at(moved + count, std::move_if_noexcept(slots_[(begin_ + count) & mask_]));
    } catch (...) {
      discard(moved, larger, 0, count);
      throw;
    }
    discard(std::exchange(slots_, moved), std::exchange(capacity_, larger), begin_, end_);
    mask_ = larger - 1;
    begin_ = 0;
    end_ = count;
  }

  T* slots_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t mask_ = 0;   // capacity - 1
  std::size_t begin_ = 0;  // both only ever grow
  std::size_t end_ = 0;
};

}  // namespace lakh
