// Making a connection.
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/net/endpoint.hpp>
#include <lakh/net/stream.hpp>

#include <chrono>
#include <expected>
#include <memory>

namespace lakh::net {

// How long the steps took; for statistics.
struct connect_times {
  std::chrono::nanoseconds look_up{};  // name look-up; zero for numeric addresses
  std::chrono::nanoseconds connect{};  // of the attempt that succeeded
};

class connect_options {
 public:
  connect_options() = default;
  // As listen_options::keep_alive: the kernel asks a peer that has been silent for so long whether it is still there,
  // and the connection fails within as long again if it is not, also where bytes that were sent to it are not taken.
  // For waits that have no end of their own. TCP only; whole seconds.
  connect_options& keep_alive(std::chrono::seconds silent) noexcept {
    ask_after = silent;
    return *this;
  }
  std::chrono::seconds ask_after{0};  // 0: it does not ask
};

using connect_result = std::expected<std::unique_ptr<stream>, std::error_code>;

// Looks the host up and tries its addresses, IPv6 and IPv4 as the resolver orders them, until one answers or the
// deadline passes; the time left is shared out among the addresses that are left. Never connects a socket to itself (an
// ephemeral port of this machine that is connected to while free can answer itself).
task<connect_result> try_connect(endpoint to, time_point deadline, connect_times* times = nullptr,
                                 connect_options options = connect_options());

// Throws connect_error, with a hint, or timeout_error.
task<std::unique_ptr<stream>> connect(endpoint to, duration limit = std::chrono::seconds(10),
                                      connect_options options = connect_options());

}  // namespace lakh::net
