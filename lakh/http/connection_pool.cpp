#include <lakh/async/timeout.hpp>
#include <lakh/http/connection_pool.hpp>

#include <algorithm>

namespace lakh::http {

connection_pool::connection_pool(std::size_t most_per_server, duration idle_expiry, const client_limits& limits)
    : most_per_server_(most_per_server), idle_expiry_(idle_expiry), limits_(limits) {}

connection_pool::server& connection_pool::find(const net::endpoint& to) {
  std::unique_ptr<server>& found = servers_[to.text()];
  if (!found) found = std::make_unique<server>(most_per_server_);
  return *found;
}

void connection_pool::drop_idle(server& of, std::size_t count) noexcept {
  idle_ -= count;
  of.idle.erase(of.idle.begin(), of.idle.begin() + static_cast<std::ptrdiff_t>(count));
}

// What has expired everywhere, and the longest idle if there are too many. A server of which nobody holds a place, or
// waits for one, is forgotten with its last connection.
void connection_pool::sweep(time_point now) noexcept {
  next_sweep_ = now + std::clamp<duration>(idle_expiry_ / 2, std::chrono::milliseconds(10), std::chrono::minutes(1));
  for (auto& [name, of] : servers_) {
    std::size_t expired = 0;
    while (expired < of->idle.size() && now - of->idle[expired].since > idle_expiry_) ++expired;
    drop_idle(*of, expired);
  }
  while (idle_ > most_idle) {
    server* oldest = nullptr;
    for (auto& [name, of] : servers_)
      if (!of->idle.empty() && (oldest == nullptr || of->idle.front().since < oldest->idle.front().since))
        oldest = of.get();
    drop_idle(*oldest, 1);
  }
  std::erase_if(servers_, [&](const auto& entry) {
    return entry.second->idle.empty() && entry.second->places.available() == most_per_server_;
  });
}

task<std::expected<connection_pool::lease, std::error_code>> connection_pool::take(net::endpoint to,
                                                                                   time_point connect_by, bool fresh) {
  if (loop::current().now() >= next_sweep_) sweep(loop::current().now());
  server& from = find(to);
  lease result;
  result.place = co_await from.places.acquire();
  const time_point now = loop::current().now();
  while (!from.idle.empty() && !fresh) {
    idle_connection candidate = std::move(from.idle.back());
    from.idle.pop_back();
    --idle_;
    if (now - candidate.since > idle_expiry_) {
      drop_idle(from, from.idle.size());  // all others have been idle for longer
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
  if (!used.connection || !used.connection->reusable()) return;
  const time_point now = loop::current().now();
  find(to).idle.push_back({std::move(used.connection), now});
  if (++idle_ > most_idle) sweep(now);
}

}  // namespace lakh::http
