// A pool of named threads that do work given to them, first come, first served.
//
//   lakh::thread_pool pool(4, "resize");
//   lakh::future<image> small = pool.submit(resize, photo, 640);
//   std::vector<image> all = pool.map(photos, [](const photo& p) { return resize(p, 640); });
//   image mine = co_await lakh::on_pool(pool, [&] { return resize(photo, 640); });      // on_pool.hpp
//   for (auto& [index, result] : lakh::as_completed(std::move(futures))) …             // as_completed.hpp
//
// Contract
// 1. Tasks begin in the order of submission, each exactly once, unless it is cancelled before.
// 2. The queue is bounded: while it is full, submit waits, first come, first served, and try_submit refuses. One that
//    was cancelled keeps its place in the queue until its turn.
// 3. On one of the pool's own threads submit never waits: where it would, the task runs at once, within the call. So
//    tasks that submit tasks do not lock up their pool; do not hold a lock there that the new task takes.
// 4. What a task throws reaches whoever asks for its result, and nobody else.
// 5. After shutdown begins, submit throws closed_error, also where it was waiting. Every task that was accepted runs or
//    is cancelled, as was asked for, before shutdown returns.
// 6. Every function may be called from any thread, shutdown and the destructor not from the pool's own.
#pragma once

#include <lakh/core/intrusive_list.hpp>
#include <lakh/parallel/future.hpp>
#include <lakh/parallel/task_ring.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <mutex>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace lakh {

namespace detail {

// Waits for a place in the queue, guarded by the pool's mutex.
class room_waiter : public list_node<room_waiter> {
 public:
  virtual void settled() noexcept = 0;  // it is out of the list: accepted, or the pool was shut down
  task_state* task = nullptr;
  bool accepted = false;

 protected:
  ~room_waiter() = default;
};

}  // namespace detail

class thread_pool {
 public:
  static constexpr std::size_t default_queue = 16384;

  // 0 threads: one per core. The threads are called name-0, name-1, … (cut to 15 bytes, as the kernel shows them).
  // Throws std::system_error if a thread cannot be had.
  explicit thread_pool(std::size_t threads = 0, std::string_view name = "pool", std::size_t queue = default_queue);
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;
  // As shutdown(pending::run).
  ~thread_pool();

  // Calls f(args...) on a thread of the pool, with decayed copies of both. Dropping the future is fine.
  template <class F, class... A> auto submit(F&& f, A&&... args) {
    auto* const state = make_state(std::forward<F>(f), std::forward<A>(args)...);
    return enter(state);
  }

  // Nothing, and `f` not called, if the queue is full or the pool is shut down.
  template <class F, class... A> auto try_submit(F&& f, A&&... args) {
    auto* const state = make_state(std::forward<F>(f), std::forward<A>(args)...);
    return try_enter(state);
  }

  // Calls f(element) for each element, as many at a time as there are threads; waits, and hands back the results in the
  // order of the elements (nothing if f returns nothing). If calls fail, those that have not begun are left out, those
  // that run are waited for, and the failure of the first element among those that failed is thrown.
  template <std::ranges::forward_range R, class F> auto map(R&& range, F f);

  enum class pending : std::uint8_t {
    run,     // what has been accepted
    cancel,  // what has not begun; what runs is waited for
  };
  // Returns when the threads have ended. May be called again, and from several threads: then the harder wish counts.
  // Throws input_error on one of the pool's own threads.
  void shutdown(pending what = pending::run);

  [[nodiscard]] std::size_t size() const noexcept { return threads_.size(); }
  [[nodiscard]] std::size_t capacity() const noexcept { return ring_.capacity(); }
  // Tasks that have not begun, as it was at the moment of asking.
  [[nodiscard]] std::size_t queued() const noexcept { return ring_.size(); }

  // The pool that this thread belongs to, or null.
  static const thread_pool* current() noexcept;

  // For on_pool. `task` has been given a reference for the queue. False: it was refused, the reference is still there.
  // Never waits: where there is no room, `waiter` stands in line.
  bool enter_later(detail::task_state& task, detail::room_waiter& waiter);
  // True if it stood in line: the reference is still there.
  bool withdraw(detail::room_waiter& waiter) noexcept;

 private:
  template <class F, class... A> auto make_state(F&& f, A&&... args) {
    using result = std::invoke_result_t<std::decay_t<F>, std::decay_t<A>...>;
    static_assert(!std::is_reference_v<result>, "a task hands back a value");
    auto call = [f = std::decay_t<F>(std::forward<F>(f)),
                 args = std::tuple<std::decay_t<A>...>(std::forward<A>(args)...)]() mutable -> result {
      return std::apply([&](auto&... each) -> result { return std::invoke(std::move(f), std::move(each)...); }, args);
    };
    return new detail::call_state<result, decltype(call)>(this, std::move(call));
  }
  template <class T> future<T> enter(detail::result_state<T>* state) {
    future<T> result(state);
    push(*state);
    return result;
  }
  template <class T> std::optional<future<T>> try_enter(detail::result_state<T>* state) {
    std::optional<future<T>> result(std::in_place, state);
    if (!try_push(*state)) result.reset();
    return result;
  }

  // Takes over the queue's reference, also where it throws.
  void push(detail::task_state& task);
  bool try_push(detail::task_state& task);
  void push_slowly(detail::task_state& task);
  void admit() noexcept;
  void wake_one() noexcept;
  void wake_one_locked() noexcept;
  detail::task_state* next() noexcept;
  bool park();
  void work(std::size_t index) noexcept;

  using room_list = intrusive_list<detail::room_waiter, detail::room_waiter>;

  detail::task_ring ring_;
  std::string name_;

  std::atomic<std::uint32_t> idle_{0};     // threads that sleep, or are about to
  std::atomic<bool> waking_{false};        // one of them has been called, and has not looked yet: it calls the next
  std::atomic<std::uint32_t> in_line_{0};  // length of rooms_
  std::atomic<bool> discard_{false};

  std::mutex mutex_;  // guards what follows
  std::condition_variable called_;
  room_list rooms_;
  std::uint32_t calls_ = 0;
  bool closed_ = false;

  std::mutex joining_;
  std::vector<std::thread> threads_;
};

template <std::ranges::forward_range R, class F> auto thread_pool::map(R&& range, F f) {
  using result = std::invoke_result_t<F&, std::ranges::range_reference_t<R>>;
  constexpr bool keeps = !std::is_void_v<result>;
  static_assert(!std::is_reference_v<result>, "map hands back values");
  using slot = std::conditional_t<keeps, std::optional<std::conditional_t<keeps, result, char>>, char>;

  std::vector<std::ranges::iterator_t<R>> elements;
  for (auto at = std::ranges::begin(range); at != std::ranges::end(range); ++at) elements.push_back(at);
  std::vector<slot> slots(keeps ? elements.size() : 0);

  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> ended{0};
  std::mutex failing;
  std::size_t failed_at = elements.size();
  std::exception_ptr failure;
  // Within a catch. No element is begun from then on.
  const auto fail = [&](std::size_t at) {
    next.store(elements.size());
    const std::lock_guard<std::mutex> lock(failing);
    if (at >= failed_at) return;
    failed_at = at;
    failure = std::current_exception();
  };
  auto lane = [&] {
    for (std::size_t at = next.fetch_add(1); at < elements.size(); at = next.fetch_add(1)) {
      try {
        if constexpr (keeps)
          slots[at].emplace(f(*elements[at]));
        else
          f(*elements[at]);
        ended.fetch_add(1);
      } catch (...) {
        fail(at);
      }
    }
  };

  std::vector<future<void>> lanes;
  try {
    const std::size_t count = std::min(size(), elements.size());
    lanes.reserve(count);
    while (lanes.size() < count) lanes.push_back(submit(lane));
  } catch (...) {
    fail(0);  // the lanes that were accepted may be failing too
  }
  // They refer to what is here: none may be left behind.
  for (const auto& one : lanes) one.wait();
  if (failure) std::rethrow_exception(std::move(failure));
  if (ended.load() != elements.size()) throw cancelled();  // the pool was shut down
  if constexpr (keeps) {
    std::vector<result> results;
    results.reserve(slots.size());
    for (auto& one : slots) results.push_back(std::move(*one));
    return results;
  }
}

}  // namespace lakh
