// What a server lets one client have, in bytes and in time.
#pragma once

#include <lakh/async/loop.hpp>
#include <lakh/wire/http1_head.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace lakh::http {

struct server_limits {
  server_limits() = default;

  // Sizes. What is over is refused with 431, 414, 413.
  wire::head_limits head;
  std::uint64_t max_body = std::uint64_t{1} << 20;  // a route may set its own
  // A body that the handler did not read is read and thrown away up to here; beyond, the connection is closed.
  std::uint64_t max_discard = 64 * 1024;

  // Connections of one loop; more wait in the kernel's queue.
  std::size_t max_connections = 10'000;

  // From the first byte of a head to its last; else 408.
  duration head_time = std::chrono::seconds(10);
  // A body may take this long and one second more for each `body_rate` bytes that came; else 408. A rate of 0: as long
  // as it takes.
  duration body_time = std::chrono::seconds(20);
  std::uint64_t body_rate = 1024;
  // Between two requests on a connection.
  duration idle_time = std::chrono::seconds(75);
  // Likewise for what is written: this long, and one second more for each `body_rate` bytes.
  duration write_time = std::chrono::seconds(30);
  // After the last answer, for the client to close first, so that it gets to see that answer.
  duration linger_time = std::chrono::seconds(2);
};

}  // namespace lakh::http
