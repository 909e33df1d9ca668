// A thread that drives a loop, for what watches sockets while its owner does something else. Internal to the room.
#pragma once

#include <lakh/async/loop.hpp>

#include <exception>
#include <future>
#include <string>
#include <thread>
#include <type_traits>

namespace lakh::detail {

class loop_thread {
 public:
  // Signals are left to the program's other threads. Throws std::system_error.
  explicit loop_thread(const std::string& name);
  loop_thread(const loop_thread&) = delete;
  loop_thread& operator=(const loop_thread&) = delete;
  ~loop_thread();

  [[nodiscard]] loop& home() noexcept { return loop_; }

  // Runs f on the thread, and waits for its result. Not from the thread itself.
  template <class F> auto call(F f) -> std::invoke_result_t<F&> {
    std::packaged_task<std::invoke_result_t<F&>()> work(std::move(f));
    auto result = work.get_future();
    loop_.post([&work] { work(); });
    return result.get();
  }

 private:
  loop loop_;
  std::thread thread_;
};

}  // namespace lakh::detail
