// Accepting connections.
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/net/endpoint.hpp>
#include <lakh/net/stream.hpp>

#include <functional>
#include <memory>

namespace lakh::net {

struct listen_options {
  listen_options() = default;
  listen_options& share_port(bool value) noexcept {
    shares_port = value;
    return *this;
  }
  listen_options& queue(int length) noexcept {
    backlog = length;
    return *this;
  }
  bool shares_port = false;  // SO_REUSEPORT: several loops listen on one port, and the kernel deals connections out
  int backlog = 4096;
};

class listener {
 public:
  // Throws input_error for an address that cannot be, error with a hint if it cannot be listened on. A left-over
  // Unix-domain socket file on which nobody listens is replaced.
  explicit listener(const endpoint& at, const listen_options& options = {});
  listener(listener&&) noexcept;
  listener& operator=(listener&&) noexcept;
  ~listener();

  // Where it listens, with the port that the kernel chose if 0 was asked for.
  [[nodiscard]] endpoint local() const;

  // The next connection. Out of descriptors, it waits until there are some again: connections stay queued meanwhile.
  task<std::unique_ptr<stream>> accept();

  void close() noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace lakh::net
