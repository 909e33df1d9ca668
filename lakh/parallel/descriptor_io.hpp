// Reading and writing plain descriptors on threads, with deadlines; waiting for them on a loop. Internal to the room.
#pragma once

#include <lakh/async/readiness.hpp>
#include <lakh/async/waiter.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include <sys/types.h>

namespace lakh::detail {

// Waits until poll(2) reports one of `events`, or an error or the peer's end. Throws timeout_error, which says what was
// being done.
void wait_for_descriptor(int descriptor, short events, std::optional<time_point> until, std::string_view doing);

// One attempt, as write(2) of both: never waits if the descriptor is a socket or does not block, and raises no SIGPIPE.
ssize_t write_some(int descriptor, std::string_view first, std::string_view second) noexcept;
// One attempt that never waits if the descriptor is a socket or does not block.
ssize_t read_some(int descriptor, std::span<char> into) noexcept;

// Both, entirely. Throws lakh's errors.
void write_whole(int descriptor, std::string_view first, std::string_view second, std::optional<time_point> until);
// Until `into` is full or the end comes: how many bytes were read.
std::size_t read_whole(int descriptor, std::span<char> into, std::optional<time_point> until);

// co_await news_of(fd): until the kernel has news of it. Looks at once: what is true when the wait begins counts as
// news. One wait at a time on a loop for each descriptor number.
class [[nodiscard]] news_of final : public waiter, private socket_watcher {
 public:
  news_of(int descriptor, std::uint32_t events, std::string_view doing) noexcept
      : descriptor_(descriptor), events_(events), doing_(doing) {}
  template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) {
    if (!begin(self)) return false;
    try {
      home().sockets().add(descriptor_, *this);
    } catch (...) {
      leave();
      throw;
    }
    return true;
  }
  void await_resume() const { throw_if_failed(doing_); }

 private:
  void on_ready(std::uint32_t events) override {
    if ((events & events_) == 0) return;
    abandon();
    wake();
  }
  void abandon() noexcept override { home().sockets().remove(descriptor_, *this); }
  int descriptor_;
  std::uint32_t events_;
  std::string_view doing_;
};

}  // namespace lakh::detail
