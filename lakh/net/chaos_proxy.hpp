// A proxy for TCP and Unix-domain sockets that does harm to what passes: between a client and any server, for tests.
//
// 1. One read at a time and direction, written before the next: what is under way in a connection is at most two
//    buffers, and a side that does not read is felt by the other.
// 2. Connections are numbered from 1 in the order in which they are accepted; what is done to each follows from the
// seed
//    and its number (chaos_plan.hpp).
// 3. Without words, what one side sends and how it ends, the other sees: bytes, an orderly end, a reset.
#pragma once

#include <lakh/async/event.hpp>
#include <lakh/async/loop.hpp>
#include <lakh/async/task.hpp>
#include <lakh/net/chaos_plan.hpp>
#include <lakh/net/endpoint.hpp>
#include <lakh/net/listener.hpp>
#include <lakh/net/stream.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace lakh {
class scope;
}

namespace lakh::net {

// Something that happened to a connection.
struct chaos_event {
  enum class kind : std::uint8_t {
    opened,
    harmed,       // `effect`, in `direction` unless it is refuse
    unreachable,  // the target; `why` tells
    closed,
  };
  kind what = kind::opened;
  std::uint64_t connection = 0;
  std::string peer;  // the client
  std::optional<chaos_effect> effect;
  chaos_direction direction = chaos_direction::up;
  std::uint64_t bytes_up = 0;  // that have passed
  std::uint64_t bytes_down = 0;
  std::string why;
};

struct chaos_counts {
  std::uint64_t connections = 0;  // accepted
  std::uint64_t open = 0;         // now
  std::uint64_t unreachable = 0;  // of them, those whose target could not be reached
  std::uint64_t bytes_up = 0;     // that have passed
  std::uint64_t bytes_down = 0;
  // By effect, how many connections it befell, once for each direction.
  std::array<std::uint64_t, chaos_effect_count> harmed{};
};

class chaos_proxy_options {
 public:
  chaos_proxy_options() = default;
  // More than that wait in the kernel's queue.
  chaos_proxy_options& connections(std::size_t most) noexcept {
    connections_ = most;
    return *this;
  }
  chaos_proxy_options& connect_time(duration limit) noexcept {
    connect_time_ = limit;
    return *this;
  }
  // Called on the loop's thread.
  chaos_proxy_options& on_event(std::function<void(const chaos_event&)> call) {
    on_event_ = std::move(call);
    return *this;
  }
  [[nodiscard]] std::size_t connections() const noexcept { return connections_; }
  [[nodiscard]] duration connect_time() const noexcept { return connect_time_; }
  [[nodiscard]] const std::function<void(const chaos_event&)>& event() const noexcept { return on_event_; }

 private:
  std::size_t connections_ = 10'000;
  duration connect_time_ = std::chrono::seconds(10);
  std::function<void(const chaos_event&)> on_event_;
};

class chaos_proxy {
 public:
  // `spec` has the words of chaos_proxy_rules().
  chaos_proxy(endpoint target, chaos_spec spec, chaos_proxy_options options = chaos_proxy_options());
  chaos_proxy(const chaos_proxy&) = delete;
  chaos_proxy& operator=(const chaos_proxy&) = delete;

  // On this loop, until it is cancelled; its connections end with it. Throws what accepting throws.
  task<void> serve(listener at);

  [[nodiscard]] const chaos_counts& counts() const noexcept { return counts_; }

 private:
  class link;
  struct way;
  task<void> accept_all(scope& connections, listener& at);
  task<void> carry(std::unique_ptr<stream> client, std::uint64_t number);
  task<void> pump(link& on, way& lane);
  task<bool> pass(link& on, way& lane, std::string_view bytes);
  void end_lane(link& on, way& lane);
  void tell(const chaos_event& happened);
  void harmed(const link& on, const way& lane, chaos_effect effect);

  const endpoint target_;
  const chaos_spec spec_;
  const chaos_proxy_options options_;
  chaos_counts counts_;
  event left_;  // a connection has ended
};

}  // namespace lakh::net
