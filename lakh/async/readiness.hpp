// Which sockets the kernel has news of: edge-triggered epoll, beside Asio's own, for the library's streams.
//
// Why not Asio's: it does not tell a peer's end (EPOLLRDHUP) from data, so after each read it must ask the kernel once
// more, in vain, whether there is another byte: one system call too many in every exchange. Here the events themselves
// say so. Asio still drives the loop: this epoll instance is one descriptor that Asio waits for.
//
// 1. An event says that something has come since the last one; who has not taken all of it is not told again, unless
//    `remind` asks for that.
// 2. A watcher that is removed is not called any more, not even for events already fetched.
// 3. Belongs to the thread of its loop.
#pragma once

#include <cstdint>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace lakh {

class socket_watcher {
 protected:
  socket_watcher() = default;
  ~socket_watcher() = default;

 private:
  friend class readiness;
  // `events`: EPOLLIN, EPOLLOUT, EPOLLRDHUP, … (epoll_ctl(2)). May remove and destroy any watcher, this one included.
  virtual void on_ready(std::uint32_t events) = 0;
  // It will be called soon: with hundreds of connections what it needs has left the cache since its last turn, and can
  // be fetched while others are served. Must not change anything.
  virtual void expect_ready() const noexcept {}
};

class readiness {
 public:
  explicit readiness(boost::asio::io_context& context);
  readiness(const readiness&) = delete;
  readiness& operator=(const readiness&) = delete;
  ~readiness();

  // Tells at once what is true of it now. Throws transport_error where the kernel has no room.
  void add(int socket, socket_watcher& watcher);
  // Before the socket is closed.
  void remove(int socket, socket_watcher& watcher) noexcept;
  // Tells again what is true now.
  void remind(int socket, socket_watcher& watcher) noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace lakh
