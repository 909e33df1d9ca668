// Futures in the order in which they are done, whatever the order in which they were submitted.
//
//   for (auto& [index, result] : lakh::as_completed(std::move(futures))) use(index, result.get());
//
//   auto answers = lakh::as_completed(std::move(futures));              // in a coroutine
//   while (auto one = co_await answers.async_next()) use(one->index, one->result.get());
//
// The futures may come from several pools. Those not handed out when the stream dies are dropped; their work goes on.
// Belongs to one thread or coroutine at a time.
#pragma once

#include <lakh/parallel/blocking_queue.hpp>
#include <lakh/parallel/future.hpp>

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace lakh {

template <class T> struct completed {
  std::size_t index;  // of the future among those given
  future<T> result;   // done: get() does not wait
};

template <class T> class [[nodiscard]] completion_stream {
 public:
  explicit completion_stream(std::vector<future<T>> futures)
      : ready_(std::make_unique<blocking_queue<std::size_t>>(futures.size())), count_(futures.size()) {
    entries_ = std::make_unique<entry[]>(count_);
    for (std::size_t i = 0; i < count_; ++i) {
      entries_[i].ready = ready_.get();
      entries_[i].index = i;
      entries_[i].result = std::move(futures[i]);
      if (!entries_[i].result.state().attach(entries_[i])) entries_[i].on_done();
    }
  }
  completion_stream(completion_stream&&) noexcept = default;
  completion_stream& operator=(completion_stream&&) = delete;
  ~completion_stream() {
    if (!entries_) return;  // moved from
    for (std::size_t i = 0; i < count_; ++i)
      if (entries_[i].result.valid()) entries_[i].result.state().detach(entries_[i]);
  }

  // The next that is done; waits for it. Nothing once all have been handed out.
  std::optional<completed<T>> next() {
    if (handed_out_ == count_) return std::nullopt;
    return hand_out(*ready_->pop());
  }
  // As next, for coroutines. A wait that is cancelled has taken none.
  task<std::optional<completed<T>>> async_next() {
    if (handed_out_ == count_) co_return std::nullopt;
    const std::optional<std::size_t> index = co_await ready_->async_pop();
    co_return hand_out(*index);
  }
  // Stops those that have not begun: they come out as done, and cancelled.
  void cancel() noexcept {
    for (std::size_t i = 0; i < count_; ++i)
      if (entries_[i].result.valid()) entries_[i].result.cancel();
  }
  [[nodiscard]] std::size_t left() const noexcept { return count_ - handed_out_; }

  class iterator {
   public:
    using value_type = completed<T>;
    using difference_type = std::ptrdiff_t;
    explicit iterator(completion_stream& from) : from_(&from), now_(from.next()) {}
    completed<T>& operator*() noexcept { return *now_; }
    iterator& operator++() {
      now_ = from_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t /*end*/) const noexcept { return !now_; }

   private:
    completion_stream* from_;
    std::optional<completed<T>> now_;
  };
  iterator begin() { return iterator(*this); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 private:
  struct entry final : detail::completion_hook {
    void on_done() noexcept override { (void)ready->try_push(index); }  // there is room for all
    blocking_queue<std::size_t>* ready = nullptr;
    std::size_t index = 0;
    future<T> result;
  };
  completed<T> hand_out(std::size_t index) {
    ++handed_out_;
    // Whoever told us may still hold the mutex under which it told us.
    {
      const std::lock_guard<std::mutex> told(entries_[index].result.state().mutex());
    }
    return completed<T>{index, std::move(entries_[index].result)};
  }

  std::unique_ptr<blocking_queue<std::size_t>> ready_;
  std::unique_ptr<entry[]> entries_;
  std::size_t count_;
  std::size_t handed_out_ = 0;
};

template <class T> completion_stream<T> as_completed(std::vector<future<T>> futures) {
  return completion_stream<T>(std::move(futures));
}

}  // namespace lakh
