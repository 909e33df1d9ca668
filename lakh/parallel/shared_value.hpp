// One value that several processes read and change.
//
//   lakh::shared_value<progress> now;                       // before the processes are started, or passed by
//   descriptor() now.update([](progress& p) { ++p.done; });              // one after the other, in any process
//   lakh::shared_value<std::int64_t> sum(0);
//   sum.atomic().fetch_add(5);                              // for types that the processor changes in one step
//
// Contract
// 1. T is trivially copyable, and holds no pointers: each process has its own addresses.
// 2. get, set and update see and leave whole values: a process that dies in them, at whatever instruction, leaves the
//    value as it was before or as it is afterwards, never between. Nobody has to repair anything, and nobody waits for
//    the dead.
// 3. update hands f a copy and puts back what f made of it, if f returns; f may be called again with another value
//    where somebody changed it meanwhile, so it does nothing but compute. No change of another's is overwritten.
// 4. Where the processor can (is_lock_free), all is done without a lock; else the others wait while f runs, and f must
//    not touch the same shared_value.
// 5. Threads of all processes that have it may call everything at the same time.
#pragma once

#include <lakh/parallel/robust_mutex.hpp>
#include <lakh/parallel/shared_memory.hpp>

#include <atomic>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <new>
#include <type_traits>
#include <utility>

namespace lakh {

template <class T> class shared_value {
  static_assert(std::is_trivially_copyable_v<T>, "values in shared memory are copied byte by byte");

 public:
  static constexpr bool is_lock_free = std::atomic_ref<T>::is_always_lock_free &&
                                       (std::has_unique_object_representations_v<T> || std::floating_point<T>);

  explicit shared_value(const T& initial = T{}) : memory_(sizeof(layout)) {
    layout* const made = new (memory_.bytes().data()) layout(initial);
    made->head = header();
  }
  // One that another process made. Throws input_error if it is not of this type.
  explicit shared_value(unique_fd descriptor) : memory_(std::move(descriptor)) {
    detail::check_shared(memory_, header(), sizeof(layout));
  }

  [[nodiscard]] T get() const {
    if constexpr (is_lock_free) {
      return std::atomic_ref<T>(at().copies[0]).load();
    } else {
      const std::lock_guard<robust_mutex> lock(at().mutex);
      return at().copies[current()];
    }
  }

  void set(const T& value) {
    update([&](T& now) { now = value; });
  }

  // f(T&), by rule 3. Returns the value that it left.
  template <std::invocable<T&> F> T update(F f) {
    if constexpr (is_lock_free) {
      const std::atomic_ref<T> value(at().copies[0]);
      T before = value.load();
      for (;;) {
        T after = before;
        f(after);
        if (value.compare_exchange_weak(before, after)) return after;
      }
    } else {
      // Two copies, and which of them counts: the change of that is the one step that matters.
      const std::lock_guard<robust_mutex> lock(at().mutex);
      const std::uint32_t next = 1 - current();
      T after = at().copies[1 - next];
      f(after);
      at().copies[next] = after;
      at().current.store(next, std::memory_order_release);
      return after;
    }
  }

  [[nodiscard]] std::atomic_ref<T> atomic() const
    requires(is_lock_free)
  {
    return std::atomic_ref<T>(at().copies[0]);
  }

  // To pass to another process.
  [[nodiscard]] int descriptor() const noexcept { return memory_.descriptor(); }

 private:
  struct layout {
    explicit layout(const T& initial) : copies{initial, initial} {}
    detail::shared_header head;
    robust_mutex mutex;
    std::atomic<std::uint32_t> current{0};
    alignas(64) T copies[2];
  };
  static detail::shared_header header() noexcept { return {detail::shared_magic("lakh-va"), sizeof(T), 1, alignof(T)}; }
  [[nodiscard]] layout& at() const noexcept { return *std::launder(reinterpret_cast<layout*>(memory_.bytes().data())); }
  [[nodiscard]] std::uint32_t current() const noexcept { return at().current.load(std::memory_order_acquire) & 1U; }

  shared_memory memory_;
};

}  // namespace lakh
