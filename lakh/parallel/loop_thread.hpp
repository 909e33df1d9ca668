// A thread that drives a loop, for what watches sockets while its owner does something else. Internal to the room.
#pragma once

#include <lakh/async/event.hpp>
#include <lakh/async/loop.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/task.hpp>

#include <exception>
#include <future>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

namespace lakh::detail {

class loop_thread {
 public:
  // Signals are left to the program's other threads. Throws std::system_error.
  explicit loop_thread(const std::string& name);
  loop_thread(const loop_thread&) = delete;
  loop_thread& operator=(const loop_thread&) = delete;
  // Cancels what was spawned, and waits for its end.
  ~loop_thread();

  // Runs f on the thread, and waits for its result. Not from the thread itself.
  template <class F> auto call(F f) -> std::invoke_result_t<F&> {
    std::packaged_task<std::invoke_result_t<F&>()> work(std::move(f));
    auto result = work.get_future();
    loop_.post([&work] { work(); });
    return result.get();
  }
  // On the thread: within call(). The task must not throw anything but cancelled.
  void spawn(task<void> work) { scope_->spawn(std::move(work)); }

 private:
  task<void> until_stopped();

  loop loop_;
  event stop_;
  scope* scope_ = nullptr;
  std::thread thread_;
};

}  // namespace lakh::detail
