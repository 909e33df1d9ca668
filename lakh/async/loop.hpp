// loop: one event loop, owned and driven by one thread. Sockets come from Asio's io_context inside it; timers and the
// queue of runnable coroutines are the loop's own, so that time can be virtual in tests.
//
// Invariants
// 1. Everything but `post` is called on the loop's own thread.
// 2. A coroutine made runnable by `schedule` is never resumed from inside that call; they run in the order in which
//    they were scheduled.
// 3. Sockets, timers and posted work get their turn after all that was runnable at the last one, and after at most a
//    tenth of a millisecond of what that made runnable, where nothing of it takes long by itself.
// 4. A timer fires at or after its time, never before. Timers of one time fire in the order in which they were added.
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/core/ring.hpp>

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace lakh {

class readiness;

using clock = std::chrono::steady_clock;
using time_point = clock::time_point;
using duration = clock::duration;

class loop;

// Something that wants to be told at a time. Leaves the queue before it dies (the destructor does so).
class timer_node {
 public:
  timer_node() = default;
  timer_node(const timer_node&) = delete;
  timer_node& operator=(const timer_node&) = delete;
  [[nodiscard]] bool armed() const noexcept { return home_ != nullptr; }
  // Valid while armed.
  [[nodiscard]] time_point when() const noexcept { return when_; }

 protected:
  ~timer_node();

 private:
  friend class loop;
  friend class timer_queue;
  virtual void on_timer() noexcept = 0;  // called disarmed; may arm again

  loop* home_ = nullptr;
  time_point when_{};
  std::uint64_t order_ = 0;
  std::size_t index_ = 0;
};

class loop {
 public:
  enum class time_source : std::uint8_t {
    real,
    virtual_time,  // time stands still while anything can run, then jumps to the next timer
  };

  explicit loop(time_source source = time_source::real);
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;
  ~loop();

  // The loop that this thread drives. There must be one (see `running`).
  static loop& current() noexcept { return *current_; }
  static bool running() noexcept { return current_ != nullptr; }

  // Drives the loop on this thread until `stop` is called. Throws what a handler of the user's own Asio code throws.
  void run();
  void stop() noexcept;

  void schedule(std::coroutine_handle<> runnable) {
    ready_.push(runnable);
    if (!drain_posted_) post_drain();
  }
  // From any thread: runs `work` on the loop's thread. Keeps nothing alive: the caller sees to it that the loop is.
  void post(std::move_only_function<void()> work);

  [[nodiscard]] time_point now() const noexcept;
  void arm(timer_node& timer, time_point when);
  void disarm(timer_node& timer) noexcept;

  // For code that brings its own Asio objects. Use with care: handlers must not block.
  [[nodiscard]] boost::asio::io_context& context() noexcept;

  // For streams over sockets of the library's own.
  [[nodiscard]] readiness& sockets();

 private:
  struct state;
  void post_drain();
  void drain();

  // constinit, so that nobody asks whether it was initialised.
  static constinit thread_local loop* current_;
  ring<std::coroutine_handle<>> ready_;
  bool drain_posted_ = false;  // or draining
  std::unique_ptr<state> state_;
};

}  // namespace lakh
