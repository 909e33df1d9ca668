// Reading and writing plain descriptors on threads, with deadlines; waiting for them on a loop. Internal to the room.
#pragma once

#include <lakh/async/readiness.hpp>
#include <lakh/async/waiter.hpp>
#include <lakh/core/unique_fd.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/types.h>

namespace lakh::detail {

// What errno says.
inline std::error_code last_error() noexcept {
  return {errno, std::system_category()};
}

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

// What the kernel tells of a descriptor while it lives, to a coroutine of the loop that it was made on:
//
//   descriptor_watch watch(fd, EPOLLIN);
//   while (!attempt()) co_await watch.news("receive a message");
//
// 1. What is true when it is made counts as news; afterwards only what comes. So an attempt that found nothing and then
//    waits for news misses nothing.
// 2. Watches a duplicate: several may watch one descriptor on one loop.
// 3. One waits at a time.
class descriptor_watch final : private socket_watcher {
 public:
  // `events` as for epoll(7); an error or the peer's end is always news. Throws transport_error, error.
  descriptor_watch(int descriptor, std::uint32_t events);
  descriptor_watch(const descriptor_watch&) = delete;
  descriptor_watch& operator=(const descriptor_watch&) = delete;
  ~descriptor_watch();

  class [[nodiscard]] news_operation final : public waiter {
   public:
    news_operation(descriptor_watch& on, std::string_view doing) noexcept : on_(on), doing_(doing) {}
    template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
      if (!begin(self)) return false;
      if (std::exchange(on_.news_, false)) {
        leave();
        return false;
      }
      on_.waiting_ = this;
      return true;
    }
    void await_resume() const { throw_if_failed(doing_); }

   private:
    void abandon() noexcept override { on_.waiting_ = nullptr; }
    descriptor_watch& on_;
    std::string_view doing_;
  };
  news_operation news(std::string_view doing) noexcept { return {*this, doing}; }

 private:
  void on_ready(std::uint32_t events) override;

  unique_fd copy_;
  loop& home_;
  news_operation* waiting_ = nullptr;
  std::uint32_t events_;
  bool news_ = false;
};

}  // namespace lakh::detail
