// The queue and the semaphore of coroutines beside the cheapest equivalents that can be written by hand, in one
// program. Run the pairs interleaved:
//
//   lakh_coordination_bench --benchmark_enable_random_interleaving=true --benchmark_repetitions=10
//
// The equivalents do only what the benchmark needs: plain coroutines, an intrusive list of those that wait, a ring of
// those that can run. No cancellation, no scopes, no sockets or timers in the loop, no close, and nobody checks that
// the loop is the right one.
#include <lakh/async/queue.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/semaphore.hpp>
#include <lakh/async/sleep.hpp>

#include <benchmark/benchmark.h>

#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <utility>

namespace {

constexpr std::int64_t items = 10'000;
constexpr std::size_t permits = 8;
constexpr int users = 64;
constexpr std::int64_t turns = 200;  // of each user

namespace by_hand {

// Coroutines that can run, first in, first out; never more than it has room for.
class run_queue {
 public:
  void push(std::coroutine_handle<> one) noexcept { slots_[last_++ % slots_.size()] = one; }
  void run() {
    while (first_ != last_) slots_[first_++ % slots_.size()].resume();
  }

 private:
  std::array<std::coroutine_handle<>, 1024> slots_;
  std::size_t first_ = 0;
  std::size_t last_ = 0;
};
run_queue runnable;

struct detached {
  struct promise_type {
    detached get_return_object() noexcept {
      runnable.push(std::coroutine_handle<promise_type>::from_promise(*this));
      return {};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

struct waiting {
  std::coroutine_handle<> who;
  waiting* next = nullptr;
};
struct waiting_list {
  waiting* first = nullptr;
  waiting** end = &first;
  [[nodiscard]] bool empty() const noexcept { return first == nullptr; }
  void push(waiting& one) noexcept {
    *end = &one;
    end = &one.next;
  }
  waiting& pop() noexcept {
    waiting& one = *first;
    first = one.next;
    if (first == nullptr) end = &first;
    return one;
  }
};

class queue {
 public:
  explicit queue(std::size_t capacity) : capacity_(capacity) {}

  struct push : waiting {
    push(queue& into, std::int64_t what) noexcept : to(into), item(what) {}
    queue& to;
    std::int64_t item;
    bool await_ready() {
      if (!to.consumers_.empty()) {
        auto& consumer = static_cast<pop&>(to.consumers_.pop());
        consumer.item = item;
        runnable.push(consumer.who);
        return true;
      }
      if (to.items_.size() >= to.capacity_) return false;
      to.items_.push_back(item);
      return true;
    }
    void await_suspend(std::coroutine_handle<> self) noexcept {
      who = self;
      to.producers_.push(*this);
    }
    void await_resume() const noexcept {}
  };
  struct pop : waiting {
    explicit pop(queue& out_of) noexcept : from(out_of) {}
    queue& from;
    std::int64_t item = 0;
    bool await_ready() {
      if (from.items_.empty()) return false;
      item = from.items_.front();
      from.items_.pop_front();
      if (!from.producers_.empty()) {
        auto& producer = static_cast<push&>(from.producers_.pop());
        from.items_.push_back(producer.item);
        runnable.push(producer.who);
      }
      return true;
    }
    void await_suspend(std::coroutine_handle<> self) noexcept {
      who = self;
      from.consumers_.push(*this);
    }
    [[nodiscard]] std::int64_t await_resume() const noexcept { return item; }
  };

 private:
  std::deque<std::int64_t> items_;
  waiting_list producers_;
  waiting_list consumers_;
  std::size_t capacity_;
};

class semaphore {
 public:
  explicit semaphore(std::size_t count) : available_(count) {}
  struct acquire : waiting {
    explicit acquire(semaphore& out_of) noexcept : from(out_of) {}
    semaphore& from;
    bool await_ready() noexcept {
      if (from.available_ == 0) return false;
      --from.available_;
      return true;
    }
    void await_suspend(std::coroutine_handle<> self) noexcept {
      who = self;
      from.waiting_.push(*this);
    }
    void await_resume() const noexcept {}
  };
  void release() noexcept {
    if (waiting_.empty())
      ++available_;
    else
      runnable.push(waiting_.pop().who);
  }

 private:
  waiting_list waiting_;
  std::size_t available_;
};

struct yield {
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) const noexcept { runnable.push(self); }
  void await_resume() const noexcept {}
};

detached produce(queue& to) {
  for (std::int64_t i = 0; i < items; ++i) co_await queue::push(to, i);
}
detached consume(queue& from, std::int64_t& sum) {
  for (std::int64_t i = 0; i < items; ++i) sum += co_await queue::pop(from);
}
detached use(semaphore& of) {
  for (std::int64_t i = 0; i < turns; ++i) {
    co_await semaphore::acquire(of);
    co_await yield();
    of.release();
  }
}

}  // namespace by_hand

// One producer, one consumer, through a queue with so much room: with 1, nearly every item waits for somebody.
void queue_by_hand(benchmark::State& state) {
  for (auto _ : state) {
    by_hand::queue between(static_cast<std::size_t>(state.range(0)));
    std::int64_t sum = 0;
    by_hand::produce(between);
    by_hand::consume(between, sum);
    by_hand::runnable.run();
    if (sum != items * (items - 1) / 2) state.SkipWithError("items were lost");
  }
  state.SetItemsProcessed(state.iterations() * items);
}

lakh::task<void> produce(lakh::queue<std::int64_t>& to) {
  for (std::int64_t i = 0; i < items; ++i) (void)co_await to.push(i);
}
lakh::task<void> consume(lakh::queue<std::int64_t>& from, std::int64_t& sum) {
  for (std::int64_t i = 0; i < items; ++i) {
    const auto item = co_await from.pop();
    sum += *item;
  }
}

void queue_of_lakh(benchmark::State& state) {
  lakh::run([](benchmark::State& of) -> lakh::task<void> {
    for (auto _ : of) {
      lakh::queue<std::int64_t> between(static_cast<std::size_t>(of.range(0)));
      std::int64_t sum = 0;
      co_await lakh::in_scope([&](lakh::scope& both) -> lakh::task<void> {
        both.spawn(produce(between));
        both.spawn(consume(between, sum));
        co_return;
      });
      if (sum != items * (items - 1) / 2) of.SkipWithError("items were lost");
    }
  }(state));
  state.SetItemsProcessed(state.iterations() * items);
}

// 64 users share 8 permits; whoever holds one gives way once.
void semaphore_by_hand(benchmark::State& state) {
  for (auto _ : state) {
    by_hand::semaphore shared(permits);
    for (int user = 0; user < users; ++user) by_hand::use(shared);
    by_hand::runnable.run();
  }
  state.SetItemsProcessed(state.iterations() * users * turns);
}

lakh::task<void> use(lakh::semaphore& of) {
  for (std::int64_t i = 0; i < turns; ++i) {
    const lakh::permit held = co_await of.acquire();
    co_await lakh::yield();
  }
}

void semaphore_of_lakh(benchmark::State& state) {
  lakh::run([](benchmark::State& of) -> lakh::task<void> {
    for (auto _ : of) {
      lakh::semaphore shared(permits);
      co_await lakh::in_scope([&](lakh::scope& all) -> lakh::task<void> {
        for (int user = 0; user < users; ++user) all.spawn(use(shared));
        co_return;
      });
    }
  }(state));
  state.SetItemsProcessed(state.iterations() * users * turns);
}

BENCHMARK(queue_by_hand)->Arg(1)->Arg(64);
BENCHMARK(queue_of_lakh)->Arg(1)->Arg(64);
BENCHMARK(semaphore_by_hand);
BENCHMARK(semaphore_of_lakh);

}  // namespace
