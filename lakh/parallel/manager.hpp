// A manager keeps what processes share, on this machine and on others: dicts, lists, counters, locks and queues, each
// under a name. Clients reach it over a Unix-domain or TCP socket, and prove that they have its key.
//
//   lakh::task<void> keep() {
//     lakh::manager shared(lakh::shared_key::from_file("/run/secrets/manager.key"));
//     lakh::net::listener at(lakh::net::endpoint::parse("127.0.0.1:7000"));
//     co_await shared.serve(at);                                    // until it is cancelled
//   }
//   int main() { return lakh::run_main(keep()); }
//
// The other side is manager_client.hpp; a manager in a process of its own, manager_process.hpp; what they say to each
// other, docs/manager.md.
//
// Contract
// 1. Requests are carried out one after the other, each as a whole: an add is an add, also if a hundred clients add.
// 2. A lock is given back when its holder's connection ends, however that comes about (over TCP, where a machine can go
//    without a word: listen with listen_options::keep_alive). An item that was popped, and whose client did not confirm
//    that it arrived, goes back to the front of its queue; a closed queue has not come to its end before that is known.
// 3. Who has another key, or does not speak the protocol, is refused, counted and logged, and has learned nothing.
// 4. Bounded are: connections, those in their handshake and the time for it, the size of messages, and the memory for
//    what is kept (clients are told that it is full). See manager_limits.
// 5. What it keeps is in its memory alone, and goes with it.
// 6. It belongs to one loop.
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/net/listener.hpp>
#include <lakh/parallel/authentication.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace lakh {

class manager_limits {
 public:
  manager_limits() = default;
  // Of those who have shown that they have the key: more are closed. 1024 unless told.
  manager_limits& connections(std::size_t most) noexcept {
    connections_ = most;
    return *this;
  }
  // Of keys and values, with what it costs to keep them. 256 MiB.
  manager_limits& memory(std::size_t bytes) noexcept {
    memory_ = bytes;
    return *this;
  }
  // Of a request; so a value is a little smaller. 1 MiB. Clients have to be told the same.
  manager_limits& message(std::size_t bytes) noexcept {
    message_ = bytes;
    return *this;
  }
  // For showing it. 10 seconds.
  manager_limits& handshake(duration limit) noexcept {
    handshake_ = limit;
    return *this;
  }
  // Connections that have not shown it yet, beside the others. Where another comes, the oldest is closed. 64.
  manager_limits& handshakes(std::size_t most) noexcept {
    handshakes_ = most != 0 ? most : 1;
    return *this;
  }

 private:
  friend class manager;
  std::size_t connections_ = 1024;
  std::size_t handshakes_ = 64;
  std::size_t memory_ = std::size_t{256} << 20U;
  std::size_t message_ = std::size_t{1} << 20U;
  duration handshake_ = std::chrono::seconds(10);
};

class manager {
 public:
  explicit manager(shared_key key, const manager_limits& limits = manager_limits());
  manager(const manager&) = delete;
  manager& operator=(const manager&) = delete;
  ~manager();

  // Who was refused, and why, a line at a time, without its end. To standard error unless told.
  void on_refusal(std::function<void(std::string_view)> log);

  // Until it is cancelled; then all connections have ended. May be called for several listeners at once.
  task<void> serve(net::listener& at);

  [[nodiscard]] std::size_t connections() const noexcept;
  [[nodiscard]] std::uint64_t refused() const noexcept;
  // Bytes, counted as the limit counts them.
  [[nodiscard]] std::size_t memory() const noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace lakh
