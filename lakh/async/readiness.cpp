#include <lakh/async/readiness.hpp>
#include <lakh/core/error.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <cerrno>

#include <sys/epoll.h>

namespace lakh {
namespace asio = boost::asio;
namespace {

constexpr int most_events = 128;  // in one go
// After a batch the kernel is asked for the next one at once: under load there is one, and it costs one system call
// instead of a turn through Asio's. Not for ever, since timers and posted work wait meanwhile.
constexpr int most_batches = 4;

constexpr std::uint32_t all_news = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

int make_epoll() {
  const int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) throw_error(std::error_code(errno, std::system_category()), "watch sockets");
  return fd;
}

}  // namespace

struct readiness::state {
  using descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

  explicit state(asio::io_context& context) : epoll(context, make_epoll()) { wait(); }

  void wait() {
    epoll.async_wait(descriptor::wait_read, [this](const boost::system::error_code& error) {
      if (error) return;  // the loop is going away
      deliver();
      wait();
    });
  }

  void deliver() {
    for (int batch = 0; batch < most_batches; ++batch) {
      count = ::epoll_wait(epoll.native_handle(), events.data(), most_events, 0);
      for (next = 0; next < count;) {
        const epoll_event& now = events[static_cast<std::size_t>(next++)];
        if (next < count)
          if (const auto* soon = static_cast<const socket_watcher*>(events[static_cast<std::size_t>(next)].data.ptr))
            soon->expect_ready();
        if (next + 1 < count) __builtin_prefetch(events[static_cast<std::size_t>(next) + 1].data.ptr);
        if (now.data.ptr != nullptr) static_cast<socket_watcher*>(now.data.ptr)->on_ready(now.events);
      }
      if (count <= 0) break;
    }
    next = count = 0;
  }

  void forget(const socket_watcher& watcher) noexcept {
    for (int i = next; i < count; ++i)
      if (events[static_cast<std::size_t>(i)].data.ptr == &watcher)
        events[static_cast<std::size_t>(i)].data.ptr = nullptr;
  }

  bool control(int what, int socket, socket_watcher& watcher) noexcept {
    epoll_event event{};
    event.events = all_news;
    event.data.ptr = &watcher;
    return ::epoll_ctl(epoll.native_handle(), what, socket, &event) == 0;
  }

  descriptor epoll;
  std::array<epoll_event, most_events> events;
  int next = 0;  // events [next, count) have been fetched and not delivered
  int count = 0;
};

readiness::readiness(asio::io_context& context) : state_(std::make_unique<state>(context)) {}
readiness::~readiness() = default;

void readiness::add(int socket, socket_watcher& watcher) {
  if (!state_->control(EPOLL_CTL_ADD, socket, watcher))
    throw_error(std::error_code(errno, std::system_category()), "watch a socket");
}

void readiness::remove(int socket, socket_watcher& watcher) noexcept {
  state_->control(EPOLL_CTL_DEL, socket, watcher);
  state_->forget(watcher);
}

void readiness::remind(int socket, socket_watcher& watcher) noexcept {
  state_->control(EPOLL_CTL_MOD, socket, watcher);
}

}  // namespace lakh
