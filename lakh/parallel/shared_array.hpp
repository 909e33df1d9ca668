// A fixed number of values that several processes read and change, each or all together.
//
//   lakh::shared_array<double> prices(1000);
//   prices.set(7, 4.5);
//   {
//     auto all = prices.lock();
//     if (all.abandoned()) repair(all.values());             // the one who held it died
//     for (double& price : all.values()) price *= 1.1;
//   }
//
// Contract
// 1. T is trivially copyable, and holds no pointers. The elements begin as T{}.
// 2. get, set, update and lock exclude each other, in all processes; one element or all of them: there is one lock.
// 3. The values under the lock are the array itself. A holder that dies leaves them as far as it had come:
//    elements that it did not touch are whole, the one that it was writing may be part old and part new. Whoever takes
//    the lock next is told (abandoned), and so is everybody after him until one has called repaired(). set, get and
//    update go on without asking.
// 4. atomic(i), where the processor changes a T in one step, needs no lock and heeds none.
// 5. Threads of all processes that have it may call everything at the same time.
#pragma once

#include <lakh/core/error.hpp>
#include <lakh/parallel/robust_mutex.hpp>
#include <lakh/parallel/shared_memory.hpp>

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

namespace lakh {

template <class T> class shared_array {
  static_assert(std::is_trivially_copyable_v<T>, "values in shared memory are copied byte by byte");

  struct layout {
    detail::shared_header head;
    robust_mutex mutex;
    bool abandoned = false;  // guarded by mutex
  };
  static constexpr std::size_t first = (sizeof(layout) + 63) / 64 * 64;
  static_assert(alignof(T) <= 4096);

 public:
  // Throws input_error for no elements, or more than memory can have.
  explicit shared_array(std::size_t count) : memory_(bytes_for(count)), count_(count) {
    new (memory_.bytes().data()) layout;
    at().head = header(count);
    std::uninitialized_value_construct_n(elements(), count);
  }
  // One that another process made, of as many elements. Throws input_error if it is something else.
  shared_array(unique_fd descriptor, std::size_t count) : memory_(std::move(descriptor)), count_(count) {
    detail::check_shared(memory_, header(count), bytes_for(count));
  }

  // The whole array, held until this object goes, on the thread that took it: threads own the lock. Who takes it twice
  // gets an error (robust_mutex.hpp).
  class [[nodiscard]] holder {
   public:
    explicit holder(shared_array& of) : of_(&of) { of.take(); }
    holder(holder&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    holder& operator=(holder&& other) noexcept {
      std::swap(of_, other.of_);
      return *this;
    }
    ~holder() {
      if (of_ != nullptr) of_->at().mutex.unlock();
    }
    [[nodiscard]] std::span<T> values() const noexcept { return {of_->elements(), of_->count_}; }
    [[nodiscard]] bool abandoned() const noexcept { return of_->at().abandoned; }
    void repaired() const noexcept { of_->at().abandoned = false; }

   private:
    friend class shared_array;
    holder(shared_array& of, std::adopt_lock_t /*taken*/) noexcept : of_(&of) {}
    shared_array* of_;
  };

  holder lock() { return holder(*this); }
  // Nothing if the time comes first.
  std::optional<holder> try_lock_until(time_point until) {
    const auto taken = at().mutex.try_lock_until(until);
    if (!taken) return std::nullopt;
    note(*taken);
    return holder(*this, std::adopt_lock);
  }

  // Throw input_error where there is no such element.
  [[nodiscard]] T get(std::size_t index) {
    check(index);
    const holder held(*this);
    return elements()[index];
  }
  void set(std::size_t index, const T& value) {
    check(index);
    const holder held(*this);
    elements()[index] = value;
  }
  // f(T&) on a copy, which is put back if f returns. Returns the value that it left.
  template <std::invocable<T&> F> T update(std::size_t index, F f) {
    check(index);
    const holder held(*this);
    T value = elements()[index];
    f(value);
    elements()[index] = value;
    return value;
  }
  [[nodiscard]] std::atomic_ref<T> atomic(std::size_t index)
    requires(std::atomic_ref<T>::is_always_lock_free)
  {
    check(index);
    return std::atomic_ref<T>(elements()[index]);
  }

  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  // To pass to another process, with the number of elements.
  [[nodiscard]] int descriptor() const noexcept { return memory_.descriptor(); }

 private:
  static std::size_t offset() noexcept { return alignof(T) > 64 ? alignof(T) * ((first - 1) / alignof(T) + 1) : first; }
  static std::size_t bytes_for(std::size_t count) {
    if (count == 0 || count > (std::numeric_limits<std::size_t>::max() / 2 - offset()) / sizeof(T))
      throw input_error("an array of " + std::to_string(count) + " elements cannot be shared");
    return offset() + count * sizeof(T);
  }
  static detail::shared_header header(std::size_t count) noexcept {
    return {detail::shared_magic("lakh-ar"), sizeof(T), count, alignof(T)};
  }
  [[nodiscard]] layout& at() const noexcept { return *std::launder(reinterpret_cast<layout*>(memory_.bytes().data())); }
  [[nodiscard]] T* elements() const noexcept {
    return std::launder(reinterpret_cast<T*>(memory_.bytes().data() + offset()));
  }
  void take() { note(at().mutex.lock()); }
  void note(robust_mutex::taken how) noexcept {
    if (how == robust_mutex::taken::abandoned) at().abandoned = true;
  }
  void check(std::size_t index) const {
    if (index >= count_)
      throw input_error("a shared array of " + std::to_string(count_) + " elements has no element " +
                        std::to_string(index));
  }

  shared_memory memory_;
  std::size_t count_;
};

}  // namespace lakh
