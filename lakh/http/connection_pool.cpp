#include <lakh/async/timeout.hpp>
#include <lakh/http/connection_pool.hpp>

namespace lakh::http {

connection_pool::connection_pool(std::size_t most_per_server, duration idle_expiry, const client_limits& limits)
    : most_per_server_(most_per_server), idle_expiry_(idle_expiry), limits_(limits) {}

connection_pool::server& connection_pool::find(const net::endpoint& to) {
  std::unique_ptr<server>& found = servers_[to.text()];
  if (!found) found = std::make_unique<server>(most_per_server_);
  return *found;
}

task<std::expected<connection_pool::lease, std::error_code>> connection_pool::take(net::endpoint to,
                                                                                   time_point connect_by, bool fresh) {
  server& from = find(to);
  lease result;
  result.place = co_await from.places.acquire();
  const time_point now = loop::current().now();
  while (!from.idle.empty() && !fresh) {
    idle_connection candidate = std::move(from.idle.back());
    from.idle.pop_back();
    if (now - candidate.since > idle_expiry_) {
      from.idle.clear();  // all others have been idle for longer
      break;
    }
    if (candidate.connection->still_alive()) {
      result.connection = std::move(candidate.connection);
      result.reused = true;
      co_return result;
    }
  }
  auto connected = co_await net::try_connect(to, connect_by, &result.times);
  if (!connected) co_return std::unexpected(connected.error());
  result.connection = std::make_unique<client_connection>(std::move(*connected), limits_);
  co_return result;
}

void connection_pool::put_back(const net::endpoint& to, lease used) {
  if (used.connection && used.connection->reusable())
    find(to).idle.push_back({std::move(used.connection), loop::current().now()});
}

}  // namespace lakh::http
