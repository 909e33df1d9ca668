// task<T>: a piece of work that may wait. It starts when it is awaited, runs on the awaiting coroutine's loop and under
// its cancel_scope, and hands back a T or an exception. Awaited once, and only by another coroutine of lakh, by
// lakh::run, or by a scope.
//
// The header is deliberately small: it is what every user of the library compiles.
#pragma once

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace lakh {

class cancel_scope;

template <class T = void> class task;

namespace detail {

// Coroutine frames are short-lived and come in few sizes: each thread keeps the freed ones for reuse, so that a
// warmed-up program does not allocate per await. Sanitized builds always ask the heap, to see every misuse.
void* allocate_frame(std::size_t size);
void free_frame(void* frame, std::size_t size) noexcept;

class promise_base {
 public:
  // Hands control straight to whoever awaits the task.
  struct final_awaiter {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <std::derived_from<promise_base> Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      return self.promise().continuation_;
    }
    void await_resume() const noexcept {}
  };

  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
  [[nodiscard]] final_awaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { failure_ = std::current_exception(); }

  [[nodiscard]] cancel_scope* scope() const noexcept { return scope_; }
  void start_under(cancel_scope* scope, std::coroutine_handle<> continuation) noexcept {
    scope_ = scope;
    continuation_ = continuation;
  }

  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

 protected:
  void rethrow_failure() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::coroutine_handle<> continuation_ = std::noop_coroutine();
  cancel_scope* scope_ = nullptr;
  std::exception_ptr failure_;
};

template <class T> class promise final : public promise_base {
 public:
  task<T> get_return_object() noexcept;
  template <class U>
    requires std::constructible_from<T, U&&>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  T result() {
    rethrow_failure();
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <> class promise<void> final : public promise_base {
 public:
  task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void result() const { rethrow_failure(); }
};

}  // namespace detail

// A coroutine that runs under a cancel_scope: what may await the library's operations.
template <class Promise>
concept scoped_promise = requires(const Promise& p) {
  { p.scope() } -> std::same_as<cancel_scope*>;
};

template <class T> class [[nodiscard]] task {
  static_assert(!std::is_reference_v<T>, "a task hands back a value");

 public:
  using value_type = T;
  using promise_type = detail::promise<T>;
  using handle_type = std::coroutine_handle<promise_type>;

  task() noexcept = default;
  explicit task(handle_type handle) noexcept : handle_(handle) {}
  task(task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  task& operator=(task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~task() {
    if (handle_) handle_.destroy();
  }

  // Awaiting starts it under the awaiting coroutine's scope, or under `scope` where one is given (see with_scope).
  class awaiter {
   public:
    awaiter(handle_type handle, cancel_scope* scope) noexcept : handle_(handle), scope_(scope) {}
    awaiter(const awaiter&) = delete;
    awaiter& operator=(const awaiter&) = delete;
    awaiter(awaiter&& other) noexcept : handle_(std::exchange(other.handle_, {})), scope_(other.scope_) {}
    ~awaiter() {
      if (handle_) handle_.destroy();
    }
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <scoped_promise Parent>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Parent> parent) noexcept {
      handle_.promise().start_under(scope_ != nullptr ? scope_ : parent.promise().scope(), parent);
      return handle_;
    }
    T await_resume() { return handle_.promise().result(); }

   private:
    handle_type handle_;
    cancel_scope* scope_;
  };

  awaiter operator co_await() && noexcept { return awaiter(std::exchange(handle_, {}), nullptr); }
  // For the library's own use: await under another scope than the awaiting coroutine's.
  awaiter under(cancel_scope& scope) && noexcept { return awaiter(std::exchange(handle_, {}), &scope); }

  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(handle_); }

 private:
  handle_type handle_;
};

template <class T> task<T> detail::promise<T>::get_return_object() noexcept {
  return task<T>(std::coroutine_handle<promise>::from_promise(*this));
}
inline task<void> detail::promise<void>::get_return_object() noexcept {
  return task<void>(std::coroutine_handle<promise>::from_promise(*this));
}

// `cancel_scope& scope = co_await this_scope();` tells under which scope the coroutine runs. Does not wait.
class this_scope {
 public:
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
    scope_ = self.promise().scope();
    return false;
  }
  [[nodiscard]] cancel_scope& await_resume() const noexcept { return *scope_; }

 private:
  cancel_scope* scope_ = nullptr;
};

namespace detail {

// What `co_await expression` yields, for a task, a type with operator co_await, or an awaiter.
template <class A> decltype(auto) awaiter_of(A&& awaitable) {
  if constexpr (requires { std::forward<A>(awaitable).operator co_await(); })
    return std::forward<A>(awaitable).operator co_await();
  else
    return std::forward<A>(awaitable);
}
template <class A>
using await_result_t = decltype(std::declval<decltype(awaiter_of(std::declval<A>()))>().await_resume());

}  // namespace detail

}  // namespace lakh
