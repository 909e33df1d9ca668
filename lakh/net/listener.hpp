// Accepting connections.
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/net/endpoint.hpp>
#include <lakh/net/stream.hpp>

#include <chrono>
#include <cstdint>
#include <memory>

namespace lakh::net {

// Several loops may listen on one TCP port (SO_REUSEPORT), and the kernel deals connections out to them. It lets any
// program of the same user join in that way, so the first one has to make sure that nobody is there.
enum class port_sharing : std::uint8_t {
  none,    // this listener alone
  opened,  // fails if anybody listens there already, whether shared or not; others may join afterwards
  joined,  // beside those who opened or joined it
};

struct listen_options {
  listen_options() = default;
  // Without meaning for Unix-domain sockets, which cannot be shared.
  listen_options& share_port(port_sharing value) noexcept {
    sharing = value;
    return *this;
  }
  listen_options& queue(int length) noexcept {
    backlog = length;
    return *this;
  }
  // The kernel asks a peer that has been silent for so long whether it is still there, and closes the connection within
  // as long again if it is not: machines that were switched off, cables that were cut. A peer that has not taken what
  // it was sent for twice as long is given up too, also one that is there and does not read. TCP only; whole seconds.
  listen_options& keep_alive(std::chrono::seconds silent) noexcept {
    ask_after = silent;
    return *this;
  }
  std::chrono::seconds ask_after{0};  // 0: it does not ask
  port_sharing sharing = port_sharing::none;
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

// Throws what listening there alone would throw, and holds nothing: for a program that wants to know of a taken address
// before it begins something costly. Not called on a loop's thread.
void check_free(const endpoint& at);

}  // namespace lakh::net
