#include <lakh/async/run.hpp>
#include <lakh/core/error.hpp>

#include <cstdio>

namespace lakh {
namespace {

// The outermost frame: keeps the failure, and stops the loop.
class root_frame {
 public:
  class promise_type {
   public:
    promise_type(loop& on, cancel_scope& under, task<void>& /*work*/, std::exception_ptr& failure) noexcept
        : on_(on), under_(under), failure_(failure) {}
    root_frame get_return_object() noexcept {
      return root_frame(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
    [[nodiscard]] std::suspend_never final_suspend() const noexcept {
      on_.stop();
      return {};
    }
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { failure_ = std::current_exception(); }
    [[nodiscard]] cancel_scope* scope() const noexcept { return &under_; }

   private:
    loop& on_;
    cancel_scope& under_;
    std::exception_ptr& failure_;
  };
  explicit root_frame(std::coroutine_handle<promise_type> handle) noexcept : handle(handle) {}
  std::coroutine_handle<promise_type> handle;
};

root_frame run_root(loop& /*on*/, cancel_scope& /*under*/, task<void> work, std::exception_ptr& /*failure*/) {
  co_await std::move(work);
}

}  // namespace

void detail::drive(loop& on, cancel_scope& under, task<void> root) {
  std::exception_ptr failure;
  const root_frame frame = run_root(on, under, std::move(root), failure);
  on.schedule(frame.handle);
  on.run();
  if (failure) std::rethrow_exception(failure);
}

int run_main(task<void> work) {
  try {
    run(std::move(work));
    return 0;
  } catch (const error& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    if (!e.hint().empty()) std::fprintf(stderr, "  hint: %s\n", e.hint().c_str());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
  }
  return 1;
}

}  // namespace lakh
