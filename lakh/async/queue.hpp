// A bounded queue between coroutines of one loop: producers wait while it is full, consumers while it is empty.
//
// Contract
// 1. First in, first out; producers and consumers are served in the order in which they came.
// 2. Nothing is lost: an item whose push returned is delivered to exactly one pop, unless the queue dies first.
// 3. close() is the end of the input: pops drain what is there, then return nothing; pushes return false from then on.
// 4. A cancelled push has not put its item in; a cancelled pop has taken none.
#pragma once

#include <lakh/async/waiter.hpp>
#include <lakh/core/ring.hpp>

#include <cstddef>
#include <optional>
#include <utility>

namespace lakh {

template <class T> class queue {
 public:
  explicit queue(std::size_t capacity) noexcept : capacity_(capacity == 0 ? 1 : capacity) {}
  queue(const queue&) = delete;
  queue& operator=(const queue&) = delete;

  class [[nodiscard]] push_operation final : public waiter {
   public:
    push_operation(queue& to, T item) : to_(to), item_(std::move(item)) {}
    template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) {
      if (is_cancelled(self)) return false;
      if (to_.closed_ || to_.put(item_)) {
        accepted_ = !to_.closed_;
        return false;
      }
      park(self);
      to_.producers_.push_back(*this);
      return true;
    }
    // False if the queue is closed.
    bool await_resume() const {
      throw_if_failed("push to a queue");
      return accepted_;
    }

   private:
    friend class queue;
    queue& to_;
    T item_;
    bool accepted_ = false;
  };

  class [[nodiscard]] pop_operation final : public waiter {
   public:
    explicit pop_operation(queue& from) noexcept : from_(from) {}
    template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) {
      if (is_cancelled(self)) return false;
      item_ = from_.try_pop();
      if (item_ || from_.closed_) return false;
      park(self);
      from_.consumers_.push_back(*this);
      return true;
    }
    // Nothing if the queue is closed and empty.
    std::optional<T> await_resume() {
      throw_if_failed("pop from a queue");
      return std::move(item_);
    }

   private:
    friend class queue;
    queue& from_;
    std::optional<T> item_;
  };

  push_operation push(T item) { return push_operation(*this, std::move(item)); }
  pop_operation pop() noexcept { return pop_operation(*this); }

  // False if it is full or closed.
  [[nodiscard]] bool try_push(T item) { return !closed_ && put(item); }

  std::optional<T> try_pop() {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(items_.pop());
    if (!producers_.empty()) {
      auto& producer = static_cast<push_operation&>(producers_.front());
      items_.push(std::move(producer.item_));
      producer.accepted_ = true;
      producers_.wake_front();
    }
    return item;
  }

  // Producers that wait are told false.
  void close() noexcept {
    closed_ = true;
    producers_.wake_all();
    consumers_.wake_all();
  }

  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] bool is_closed() const noexcept { return closed_; }

 private:
  bool put(T& item) {
    if (!consumers_.empty()) {
      auto& consumer = static_cast<pop_operation&>(consumers_.front());
      consumer.item_.emplace(std::move(item));
      consumers_.wake_front();
      return true;
    }
    if (items_.size() >= capacity_) return false;
    items_.push(std::move(item));
    return true;
  }

  ring<T> items_;
  waiter_list producers_;
  waiter_list consumers_;
  std::size_t capacity_;
  bool closed_ = false;
};

}  // namespace lakh
