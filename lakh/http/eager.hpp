// Runs a task up to its first wait, right here, so that the caller learns whether it has to wait at all.
//
//   eager work(std::move(task), scope);
//   if (!work.start()) { ...something to do meanwhile...; }
//   co_await work.join();           // throws what the task threw
//
// The object must outlive the task: await join() on every path on which start() was called.
#pragma once

#include <lakh/async/task.hpp>

#include <coroutine>
#include <utility>

namespace lakh::http {

class eager {
 public:
  eager(task<void> work, cancel_scope& scope) : awaiter_(std::move(work).under(scope)), end_(run_end(scope, *this)) {}
  eager(const eager&) = delete;
  eager& operator=(const eager&) = delete;
  ~eager() { end_.destroy(); }

  // True if the task has ended.
  bool start() {
    awaiter_.await_suspend(end_).resume();
    return done_;
  }

  class joiner {
   public:
    explicit joiner(eager& of) noexcept : of_(of) {}
    [[nodiscard]] bool await_ready() const noexcept { return of_.done_; }
    void await_suspend(std::coroutine_handle<> self) noexcept { of_.joining_ = self; }
    void await_resume() { of_.awaiter_.await_resume(); }

   private:
    eager& of_;
  };
  joiner join() noexcept { return joiner(*this); }

 private:
  // What the task continues with: notes the end, and goes on with whoever has joined.
  struct end_frame {
    struct promise_type {
      promise_type(cancel_scope& under, eager& of) noexcept : under_(under), of_(of) {}
      std::coroutine_handle<promise_type> get_return_object() noexcept {
        return std::coroutine_handle<promise_type>::from_promise(*this);
      }
      [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
      struct hand_over {
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) const noexcept {
          eager& of = self.promise().of_;
          of.done_ = true;
          return of.joining_;
        }
        void await_resume() const noexcept {}
      };
      [[nodiscard]] hand_over final_suspend() const noexcept { return {}; }
      void return_void() const noexcept {}
      void unhandled_exception() const noexcept {}  // the body is empty
      [[nodiscard]] cancel_scope* scope() const noexcept { return &under_; }

     private:
      cancel_scope& under_;
      eager& of_;
    };
    using handle = std::coroutine_handle<promise_type>;
    end_frame(handle h) noexcept : value(h) {}  // NOLINT(google-explicit-constructor): the coroutine's return object
    handle value;
  };
  static end_frame end_body(cancel_scope& /*under*/, eager& /*of*/) { co_return; }
  static end_frame::handle run_end(cancel_scope& under, eager& of) { return end_body(under, of).value; }

  task<void>::awaiter awaiter_;
  std::coroutine_handle<> joining_ = std::noop_coroutine();
  bool done_ = false;
  end_frame::handle end_;
};

}  // namespace lakh::http
