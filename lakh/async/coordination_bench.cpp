// The queue and the semaphore of coroutines beside equivalents that are written by hand, in one program. Run them
// interleaved:
//
//   lakh_coordination_bench --benchmark_enable_random_interleaving=true --benchmark_repetitions=10
//
// Two equivalents, of the same few lines:
//   bare         plain coroutines, an intrusive list of those that wait, a ring of those that can run; that is all
//   cancellable  the same where a wait can be ended from outside, and the loop is Asio's: whoever is woken goes on in
//                order, and sockets and timers get their turn. What lakh's do, but for one group of all that wait
//                instead of a tree, no close, and nobody who checks that the loop is the right one.
#include <lakh/async/queue.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/semaphore.hpp>
#include <lakh/async/sleep.hpp>

#include <benchmark/benchmark.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <stdexcept>

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
  [[nodiscard]] bool empty() const noexcept { return first_ == last_; }
  void run_one() { slots_[first_++ % slots_.size()].resume(); }

 private:
  std::array<std::coroutine_handle<>, 1024> slots_;
  std::size_t first_ = 0;
  std::size_t last_ = 0;
};

struct bare {
  static inline run_queue runnable;
  static void schedule(std::coroutine_handle<> one) noexcept { runnable.push(one); }
  static void run() {
    while (!runnable.empty()) runnable.run_one();
  }

  struct waiting {
    std::coroutine_handle<> who;
    waiting* next = nullptr;
    // Nobody ends a wait.
    void park(std::coroutine_handle<> self) noexcept { who = self; }
    void unpark() const noexcept {}
    void check() const noexcept {}
    [[nodiscard]] static bool refused() noexcept { return false; }
  };
  class waiting_list {
   public:
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    void push(waiting& one) noexcept {
      *end_ = &one;
      end_ = &one.next;
    }
    waiting& pop() noexcept {
      waiting& one = *first_;
      first_ = one.next;
      if (first_ == nullptr) end_ = &first_;
      return one;
    }

   private:
    waiting* first_ = nullptr;
    waiting** end_ = &first_;
  };
};

struct cancellable {
  static inline boost::asio::io_context context{1};
  static inline run_queue runnable;
  static inline bool posted = false;
  static void schedule(std::coroutine_handle<> one) noexcept {
    runnable.push(one);
    if (posted) return;
    posted = true;
    boost::asio::post(context, turn);
  }
  static void turn() {
    for (int left = 4096; left > 0 && !runnable.empty(); --left) runnable.run_one();
    posted = false;
    if (runnable.empty()) return;
    posted = true;
    boost::asio::post(context, turn);
  }
  static void run() {
    context.restart();
    context.run();
  }

  struct node {
    node() noexcept : previous(this), next(this) {}
    node* previous;
    node* next;
    void unlink() noexcept {
      previous->next = next;
      next->previous = previous;
    }
    void push_back(node& one) noexcept {
      one.previous = previous;
      one.next = this;
      previous->next = &one;
      previous = &one;
    }
  };
  static inline node group;  // all that wait
  static inline bool cancelled = false;

  struct waiting : node {
    node in_group;
    std::coroutine_handle<> who;
    bool ended = false;
    void park(std::coroutine_handle<> self) noexcept {
      who = self;
      group.push_back(in_group);
    }
    void unpark() noexcept { in_group.unlink(); }
    void check() const {
      if (ended) throw std::runtime_error("cancelled");
    }
    [[nodiscard]] bool refused() noexcept { return ended = cancelled; }
  };
  class waiting_list {
   public:
    [[nodiscard]] bool empty() const noexcept { return all_.next == &all_; }
    void push(waiting& one) noexcept { all_.push_back(one); }
    waiting& pop() noexcept {
      node& one = *all_.next;
      one.unlink();
      return static_cast<waiting&>(one);
    }

   private:
    node all_;
  };
};

template <class Way> struct detached {
  struct promise_type {
    detached get_return_object() noexcept {
      Way::schedule(std::coroutine_handle<promise_type>::from_promise(*this));
      return {};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

template <class Way> void wake(typename Way::waiting& one) noexcept {
  one.unpark();
  Way::schedule(one.who);
}

template <class Way> class queue {
 public:
  explicit queue(std::size_t capacity) : capacity_(capacity) {}

  struct push : Way::waiting {
    push(queue& into, std::int64_t what) noexcept : to(into), item(what) {}
    queue& to;
    std::int64_t item;
    bool await_ready() {
      if (this->refused()) return true;
      if (!to.consumers_.empty()) {
        auto& consumer = static_cast<pop&>(to.consumers_.pop());
        consumer.item = item;
        wake<Way>(consumer);
        return true;
      }
      if (to.items_.size() >= to.capacity_) return false;
      to.items_.push_back(item);
      return true;
    }
    void await_suspend(std::coroutine_handle<> self) noexcept {
      this->park(self);
      to.producers_.push(*this);
    }
    void await_resume() const { this->check(); }
  };
  struct pop : Way::waiting {
    explicit pop(queue& out_of) noexcept : from(out_of) {}
    queue& from;
    std::int64_t item = 0;
    bool await_ready() {
      if (this->refused()) return true;
      if (from.items_.empty()) return false;
      item = from.items_.front();
      from.items_.pop_front();
      if (!from.producers_.empty()) {
        auto& producer = static_cast<push&>(from.producers_.pop());
        from.items_.push_back(producer.item);
        wake<Way>(producer);
      }
      return true;
    }
    void await_suspend(std::coroutine_handle<> self) noexcept {
      this->park(self);
      from.consumers_.push(*this);
    }
    [[nodiscard]] std::int64_t await_resume() const {
      this->check();
      return item;
    }
  };

 private:
  std::deque<std::int64_t> items_;
  typename Way::waiting_list producers_;
  typename Way::waiting_list consumers_;
  std::size_t capacity_;
};

template <class Way> class semaphore {
 public:
  explicit semaphore(std::size_t count) : available_(count) {}
  struct acquire : Way::waiting {
    explicit acquire(semaphore& out_of) noexcept : from(out_of) {}
    semaphore& from;
    bool await_ready() noexcept {
      if (this->refused()) return true;
      if (from.available_ == 0) return false;
      --from.available_;
      return true;
    }
    void await_suspend(std::coroutine_handle<> self) noexcept {
      this->park(self);
      from.waiting_.push(*this);
    }
    void await_resume() const { this->check(); }
  };
  void release() noexcept {
    if (waiting_.empty())
      ++available_;
    else
      wake<Way>(waiting_.pop());
  }

 private:
  typename Way::waiting_list waiting_;
  std::size_t available_;
};

template <class Way> struct yield {
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) const noexcept { Way::schedule(self); }
  void await_resume() const noexcept {}
};

template <class Way> detached<Way> produce(queue<Way>& to) {
  for (std::int64_t i = 0; i < items; ++i) co_await typename queue<Way>::push(to, i);
}
template <class Way> detached<Way> consume(queue<Way>& from, std::int64_t& sum) {
  for (std::int64_t i = 0; i < items; ++i) sum += co_await typename queue<Way>::pop(from);
}
template <class Way> detached<Way> use(semaphore<Way>& of) {
  for (std::int64_t i = 0; i < turns; ++i) {
    co_await typename semaphore<Way>::acquire(of);
    co_await yield<Way>();
    of.release();
  }
}

}  // namespace by_hand

// One producer, one consumer, through a queue with so much room: with 1, nearly every item waits for somebody.
template <class Way> void queue_by_hand(benchmark::State& state) {
  for (auto _ : state) {
    by_hand::queue<Way> between(static_cast<std::size_t>(state.range(0)));
    std::int64_t sum = 0;
    by_hand::produce(between);
    by_hand::consume(between, sum);
    Way::run();
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
template <class Way> void semaphore_by_hand(benchmark::State& state) {
  for (auto _ : state) {
    by_hand::semaphore<Way> shared(permits);
    for (int user = 0; user < users; ++user) by_hand::use(shared);
    Way::run();
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

BENCHMARK(queue_by_hand<by_hand::bare>)->Arg(1)->Arg(64);
BENCHMARK(queue_by_hand<by_hand::cancellable>)->Arg(1)->Arg(64);
BENCHMARK(queue_of_lakh)->Arg(1)->Arg(64);
BENCHMARK(semaphore_by_hand<by_hand::bare>);
BENCHMARK(semaphore_by_hand<by_hand::cancellable>);
BENCHMARK(semaphore_of_lakh);

}  // namespace
