#include <lakh/async/scope.hpp>
#include <lakh/core/error.hpp>

namespace lakh {
namespace {

// The frame of a child: owns itself, and reports its end to the scope.
class child_frame {
 public:
  class promise_type {
   public:
    promise_type(lakh::scope& owner, task<void>& /*work*/) noexcept : owner_(owner) {}
    child_frame get_return_object() noexcept {
      return child_frame(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
    [[nodiscard]] std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { owner_.fail(std::current_exception()); }
    [[nodiscard]] cancel_scope* scope() const noexcept { return &owner_.inner(); }
    ~promise_type() { owner_.child_ended(); }

    static void* operator new(std::size_t size) { return detail::allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { detail::free_frame(frame, size); }

   private:
    lakh::scope& owner_;
  };

  explicit child_frame(std::coroutine_handle<promise_type> handle) noexcept : handle(handle) {}
  std::coroutine_handle<promise_type> handle;
};

child_frame run_child(scope& /*owner*/, task<void> work) {
  co_await std::move(work);
}

}  // namespace

void scope::spawn(task<void> child) {
  const child_frame frame = run_child(*this, std::move(child));
  ++running_;
  loop::current().schedule(frame.handle);
}

void scope::fail(std::exception_ptr failure) noexcept {
  if (failure_) return;
  if (cancelled_by_owner_) {
    try {
      std::rethrow_exception(failure);
    } catch (const cancelled&) {
      return;  // what was asked for
    } catch (...) {
      // any other failure counts
    }
  }
  failure_ = std::move(failure);
  cancel_.cancel();
}

void scope::child_ended() noexcept {
  if (--running_ == 0 && joining_) loop::current().schedule(std::exchange(joining_, {}));
}

void scope::finish() const {
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace lakh
