// A bounded queue between threads, between coroutines of several loops, and from one to the other: producers wait while
// it is full, consumers while it is empty. Between coroutines of one loop lakh::queue is cheaper.
//
//   lakh::blocking_queue<order> orders(64);
//   std::thread reader([&] { while (auto next = read_order()) orders.push(*next); orders.close(); });
//   while (auto order = co_await orders.async_pop()) co_await send(*order);
//
// Contract
// 1. First in, first out; producers and consumers, whether thread or coroutine, are served in the order in which they
//    came.
// 2. Nothing is lost: an item whose push succeeded is delivered to exactly one pop, unless the queue dies first.
// 3. close() is the end of the input: pops drain what is there, then return nothing; pushes fail from then on, also
//    those that wait.
// 4. A push that was cancelled or ran out of time has not put its item in; such a pop has taken none.
// 5. Every function may be called from any thread, the async ones from coroutines of any loop. The queue outlives
//    whoever waits for it, and the loop's thread is never blocked by those that wait.
#pragma once

#include <lakh/core/error.hpp>
#include <lakh/core/intrusive_list.hpp>
#include <lakh/parallel/remote_waiter.hpp>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <expected>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

namespace lakh {

template <class T> class blocking_queue {
  // One who waits: a producer with its item, or a consumer with room for one. All of it is guarded by the queue's
  // mutex.
  class party : public list_node<party> {
   public:
    party() = default;
    explicit party(T item) : item_(std::move(item)) {}
    [[nodiscard]] bool waits() const noexcept { return list_node<party>::linked(); }
    void withdraw() noexcept { list_node<party>::unlink(); }

    std::optional<T> item_;
    bool accepted_ = false;

    // It has been served, or the queue was closed; called with the mutex held, out of its list.
    virtual void settled() noexcept = 0;

   protected:
    ~party() = default;
  };
  using party_list = intrusive_list<party, party>;

  class thread_party final : public party {
   public:
    using party::party;
    void wait(std::unique_lock<std::mutex>& lock) {
      while (party::waits()) served_.wait(lock);
    }
    void wait_until(std::unique_lock<std::mutex>& lock, time_point until) {
      while (party::waits() && served_.wait_until(lock, until) == std::cv_status::no_timeout) {
      }
    }

   private:
    void settled() noexcept override { served_.notify_one(); }
    std::condition_variable served_;
  };

  class coroutine_party : public remote_waiter, public party {
   public:
    explicit coroutine_party(blocking_queue& queue) noexcept : queue_(queue) {}
    coroutine_party(blocking_queue& queue, T item) : party(std::move(item)), queue_(queue) {}

   protected:
    ~coroutine_party() = default;
    blocking_queue& queue_;

   private:
    void settled() noexcept override { this->wake_through(queue_.mutex_); }
    void on_cancel(std::error_code reason) noexcept override {
      {
        const std::lock_guard<std::mutex> lock(queue_.mutex_);
        if (!party::waits()) return;  // served already: delivered, and the next wait is cancelled
        party::withdraw();
      }
      this->wake(reason);
    }
  };

 public:
  explicit blocking_queue(std::size_t capacity) noexcept : capacity_(capacity == 0 ? 1 : capacity) {}
  blocking_queue(const blocking_queue&) = delete;
  blocking_queue& operator=(const blocking_queue&) = delete;
  ~blocking_queue() = default;

  // For threads. False if the queue is closed.
  bool push(T item) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (closed_) return false;
    if (put(item)) return true;
    thread_party self(std::move(item));
    producers_.push_back(self);
    self.wait(lock);
    return self.accepted_;
  }

  // For threads. Nothing if the queue is closed and empty.
  std::optional<T> pop() {
    std::unique_lock<std::mutex> lock(mutex_);
    std::optional<T> item = take();
    if (item || closed_) return item;
    thread_party self;
    consumers_.push_back(self);
    self.wait(lock);
    return std::move(self.item_);
  }

  // As push, but gives up: errc::timed_out or errc::queue_closed. `item` is moved from only on success.
  [[nodiscard]] std::error_code try_push_until(T& item, time_point until) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (closed_) return errc::queue_closed;
    if (put(item)) return {};
    thread_party self(std::move(item));
    producers_.push_back(self);
    self.wait_until(lock, until);
    if (self.accepted_) return {};
    const bool late = self.waits();
    self.withdraw();
    item = std::move(*self.item_);
    return late ? errc::timed_out : errc::queue_closed;
  }

  // As pop, but gives up: errc::timed_out or errc::queue_closed.
  [[nodiscard]] std::expected<T, std::error_code> try_pop_until(time_point until) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (std::optional<T> item = take()) return std::move(*item);
    if (closed_) return std::unexpected(make_error_code(errc::queue_closed));
    thread_party self;
    consumers_.push_back(self);
    self.wait_until(lock, until);
    if (self.item_) return std::move(*self.item_);
    const bool late = self.waits();
    self.withdraw();
    return std::unexpected(make_error_code(late ? errc::timed_out : errc::queue_closed));
  }

  // False if it is full or closed; then `item` is as it was.
  [[nodiscard]] bool try_push(T&& item) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return !closed_ && put(item);
  }
  [[nodiscard]] bool try_push(const T& item) { return try_push(T(item)); }

  // Nothing if it is empty.
  std::optional<T> try_pop() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return take();
  }

  class [[nodiscard]] push_operation final : public coroutine_party {
   public:
    using coroutine_party::coroutine_party;
    template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) {
      if (!this->begin(self)) return false;
      const std::lock_guard<std::mutex> lock(this->queue_.mutex_);
      if (!this->queue_.closed_ && !this->queue_.put(*this->item_)) {
        this->queue_.producers_.push_back(*this);
        return true;
      }
      this->accepted_ = !this->queue_.closed_;
      this->leave();
      return false;
    }
    // False if the queue is closed.
    bool await_resume() const {
      this->throw_if_failed("push to a queue");
      return this->accepted_;
    }
  };

  class [[nodiscard]] pop_operation final : public coroutine_party {
   public:
    using coroutine_party::coroutine_party;
    template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) {
      if (!this->begin(self)) return false;
      const std::lock_guard<std::mutex> lock(this->queue_.mutex_);
      this->item_ = this->queue_.take();
      if (!this->item_ && !this->queue_.closed_) {
        this->queue_.consumers_.push_back(*this);
        return true;
      }
      this->leave();
      return false;
    }
    // Nothing if the queue is closed and empty.
    std::optional<T> await_resume() {
      this->throw_if_failed("pop from a queue");
      return std::move(this->item_);
    }
  };

  // For coroutines: co_await queue.async_push(item), co_await queue.async_pop().
  push_operation async_push(T item) { return push_operation(*this, std::move(item)); }
  pop_operation async_pop() noexcept { return pop_operation(*this); }

  void close() noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    while (!producers_.empty()) producers_.pop_front().settled();
    while (!consumers_.empty()) consumers_.pop_front().settled();
  }

  // As it was at the moment of asking.
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return items_.size();
  }
  [[nodiscard]] bool is_closed() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return closed_;
  }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

 private:
  bool put(T& item) {
    if (!consumers_.empty()) {
      party& consumer = consumers_.pop_front();
      consumer.item_.emplace(std::move(item));
      consumer.settled();
      return true;
    }
    if (items_.size() >= capacity_) return false;
    items_.push_back(std::move(item));
    return true;
  }

  std::optional<T> take() {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    if (!producers_.empty()) {
      party& producer = producers_.pop_front();
      items_.push_back(std::move(*producer.item_));
      producer.accepted_ = true;
      producer.settled();
    }
    return item;
  }

  mutable std::mutex mutex_;
  std::deque<T> items_;
  party_list producers_;
  party_list consumers_;
  const std::size_t capacity_;
  bool closed_ = false;
};

}  // namespace lakh
