// Connections to servers, kept for the next request. Bounded per server; idle ones expire, and one that the server has
// closed meanwhile is noticed before it is used. A session that goes from server to server, as a crawler's does, keeps
// no more than most_idle connections, and forgets servers to which it has none.
#pragma once

#include <lakh/async/semaphore.hpp>
#include <lakh/http/client_connection.hpp>
#include <lakh/net/connect.hpp>

#include <deque>
#include <expected>
#include <map>
#include <memory>
#include <string>

namespace lakh::http {

class connection_pool {
 public:
  connection_pool(std::size_t most_per_server, duration idle_expiry, const client_limits& limits);

  // A connection for one exchange. Give it back by put_back, or let it die with its place.
  struct lease {
    lease() = default;
    std::unique_ptr<client_connection> connection;
    permit place;
    net::connect_times times;
    bool reused = false;
  };

  // Waits for a place and connects if no idle connection is left; `fresh` asks for a new one in any case.
  task<std::expected<lease, std::error_code>> take(net::endpoint to, time_point connect_by, bool fresh);
  void put_back(const net::endpoint& to, lease used);

  static constexpr std::size_t most_idle = 256;  // to all servers together
  [[nodiscard]] std::size_t idle() const noexcept { return idle_; }
  [[nodiscard]] std::size_t servers() const noexcept { return servers_.size(); }

 private:
  struct idle_connection {
    std::unique_ptr<client_connection> connection;
    time_point since;
  };
  struct server {
    explicit server(std::size_t places) : places(places) {}
    semaphore places;
    std::deque<idle_connection> idle;  // the one used last is at the end
  };
  server& find(const net::endpoint& to);
  void drop_idle(server& of, std::size_t count) noexcept;
  void sweep(time_point now) noexcept;

  std::map<std::string, std::unique_ptr<server>> servers_;
  std::size_t idle_ = 0;
  time_point next_sweep_{};
  std::size_t most_per_server_;
  duration idle_expiry_;
  client_limits limits_;
};

}  // namespace lakh::http
