// future<T>: the result of work that a thread pool does, or will do.
//
//   lakh::future<int> sum = pool.submit(add, 1, 2);
//   sum.get();              // a thread waits for it
//   co_await sum;           // a coroutine waits for it; its loop goes on meanwhile
//
// 1. get() and co_await hand back what the function returned, or throw what it threw, or lakh::cancelled if it never
//    began. The result is handed out once: afterwards the future is empty.
// 2. cancel() stops work that has not begun, for ever; work that runs is not disturbed.
// 3. A future that dies takes nothing with it: the work is still done, and the pool waits for it.
// 4. A coroutine's wait that is cancelled leaves the work, and the future, as they were.
// 5. get() and wait() on one of the pool's own threads begin the work themselves if nobody has: tasks that wait for
//    tasks do not lock up their pool.
// A future belongs to one thread or coroutine at a time.
#pragma once

#include <lakh/core/deadline.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/intrusive_list.hpp>
#include <lakh/parallel/remote_waiter.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

namespace lakh {

class thread_pool;

namespace detail {

// Told once, by the thread that ends the work, while it holds the state's mutex.
class completion_hook : public list_node<completion_hook> {
 public:
  completion_hook() = default;
  completion_hook(const completion_hook&) = delete;
  completion_hook& operator=(const completion_hook&) = delete;
  virtual void on_done() noexcept = 0;

 protected:
  ~completion_hook() = default;
};

// A piece of work and its result. One allocation, shared by the queue and the future.
class task_state {
 public:
  task_state(const task_state&) = delete;
  task_state& operator=(const task_state&) = delete;

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (is_mine_alone() || references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  // Does the work, unless somebody has begun it or it was cancelled. The caller holds a reference.
  void run() noexcept;
  // The same in two steps, for work that is done elsewhere. False if it was cancelled: then nothing is to be done.
  bool begin() noexcept { return claim(); }
  // What execute() keeps is its result. After begin.
  void complete() noexcept {
    execute();
    finish(done);
  }
  // False if it has begun.
  bool cancel() noexcept;
  // As cancel, but whoever waits gets `why`.
  bool refuse(std::exception_ptr why) noexcept;

  [[nodiscard]] bool is_done() const noexcept { return (word_.load(std::memory_order_acquire) & done) != 0; }
  [[nodiscard]] bool was_cancelled() const noexcept { return (word_.load(std::memory_order_acquire) & dropped) != 0; }

  // False if the work is done: then the hook is not told.
  bool attach(completion_hook& hook) noexcept;
  // False if the hook has been told.
  bool detach(completion_hook& hook) noexcept;
  [[nodiscard]] std::mutex& mutex() const noexcept;

  void wait() noexcept;
  // False if the time comes first.
  [[nodiscard]] bool wait_until(time_point until);
  // Once done: throws what the work threw, or cancelled. What was thrown is handed out, and no longer held here.
  void rethrow_failure();

 protected:
  explicit task_state(const thread_pool* home) noexcept : home_(home) {}
  virtual ~task_state() = default;
  // Calls the function and keeps what becomes of it; lets the function go.
  virtual void execute() noexcept = 0;
  virtual void discard() noexcept = 0;
  void fail(std::exception_ptr failure) noexcept { failure_ = std::move(failure); }

 private:
  static constexpr std::uint32_t taken = 1;    // somebody runs or cancels it: nobody else may
  static constexpr std::uint32_t done = 2;     // the result stands
  static constexpr std::uint32_t dropped = 4;  // it was cancelled
  static constexpr std::uint32_t hooked = 8;   // somebody waits to be told

  // The caller's reference is the only one: nobody can claim it, cancel it or wait for it meanwhile.
  [[nodiscard]] bool is_mine_alone() const noexcept { return references_.load(std::memory_order_acquire) == 1; }
  [[nodiscard]] bool claim() noexcept { return (word_.fetch_or(taken, std::memory_order_acq_rel) & taken) == 0; }
  void finish(std::uint32_t how) noexcept;

  std::atomic<std::uint32_t> word_{0};
  std::atomic<std::uint32_t> references_{2};
  const thread_pool* home_;
  intrusive_list<completion_hook, completion_hook> hooks_;
  std::exception_ptr failure_;
};

template <class T> class result_state : public task_state {
 public:
  [[nodiscard]] T take() {
    rethrow_failure();
    return std::move(*value_);
  }

 protected:
  using task_state::task_state;
  template <class Function> void keep(Function& function) { value_.emplace(function()); }

 private:
  std::optional<T> value_;
};

template <> class result_state<void> : public task_state {
 public:
  void take() { rethrow_failure(); }

 protected:
  using task_state::task_state;
  template <class Function> void keep(Function& function) { function(); }
};

template <class T, class Function> class call_state final : public result_state<T> {
 public:
  call_state(const thread_pool* home, Function&& function)
      : result_state<T>(home), function_(std::in_place, std::move(function)) {}

 private:
  void execute() noexcept override {
    try {
      this->keep(*function_);
    } catch (...) {
      this->fail(std::current_exception());
    }
    function_.reset();
  }
  void discard() noexcept override { function_.reset(); }
  std::optional<Function> function_;
};

}  // namespace detail

template <class T> class [[nodiscard]] future {
 public:
  using value_type = T;

  future() noexcept = default;
  // Takes over one reference.
  explicit future(detail::result_state<T>* state) noexcept : state_(state) {}
  future(future&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  future& operator=(future&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~future() {
    if (state_ != nullptr) state_->release();
  }

  // Whether there is a result to come, or to be taken. All of the rest needs that.
  [[nodiscard]] bool valid() const noexcept { return state_ != nullptr; }
  [[nodiscard]] bool done() const noexcept { return state_->is_done(); }
  // Whether it was stopped before it began.
  [[nodiscard]] bool was_cancelled() const noexcept { return state_->was_cancelled(); }

  T get() {
    state_->wait();
    const future last(std::move(*this));  // the result dies with it, not with *this
    return last.state_->take();
  }
  void wait() const noexcept { state_->wait(); }
  // False if the time comes first.
  [[nodiscard]] bool wait_until(time_point until) const { return state_->wait_until(until); }
  [[nodiscard]] bool wait_for(duration at_most) const { return wait_until(deadline_after(clock::now(), at_most)); }

  // True if it had not begun, and now never will; false if it runs or is done.
  bool cancel() noexcept { return state_->cancel(); }

  class [[nodiscard]] wait_operation final : public remote_waiter, private detail::completion_hook {
   public:
    explicit wait_operation(future& on) noexcept : on_(on) {}
    template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
      if (!this->begin(self)) return false;
      if (on_.state_->attach(*this)) return true;
      this->leave();
      return false;
    }
    T await_resume() {
      this->throw_if_failed("wait for a result");
      return on_.get();
    }

   private:
    void on_done() noexcept override { this->wake_through(on_.state_->mutex()); }
    void on_cancel(std::error_code reason) noexcept override {
      if (on_.state_->detach(*this)) this->wake(reason);  // otherwise it is done, and delivered
    }
    future& on_;
  };
  wait_operation operator co_await() & noexcept { return wait_operation(*this); }
  wait_operation operator co_await() && noexcept { return wait_operation(*this); }

  // For the library's own use.
  [[nodiscard]] detail::task_state& state() const noexcept { return *state_; }

 private:
  detail::result_state<T>* state_ = nullptr;
};

}  // namespace lakh
