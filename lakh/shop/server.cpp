#include <lakh/http/app.hpp>
#include <lakh/net/listener.hpp>
#include <lakh/net/port_file.hpp>
#include <lakh/shop/api.hpp>
#include <lakh/shop/server.hpp>

#include <fmt/format.h>

#include <chrono>
#include <mutex>
#include <utility>

namespace lakh::shop {
namespace {

// A disk that is full fails every group: one line a second says so.
class complaints {
 public:
  explicit complaints(const std::function<void(const std::string&)>& to) : to_(to) {}

  void about(const error& failure) noexcept {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (said_ && now - last_ < std::chrono::seconds(1)) return;
    said_ = true;
    last_ = now;
    if (!to_) return;
    to_(fmt::format("orders could not be stored: {}", failure.what()));
    if (!failure.hint().empty()) to_("  hint: " + failure.hint());
  }

 private:
  std::mutex mutex_;
  const std::function<void(const std::string&)>& to_;
  std::chrono::steady_clock::time_point last_;
  bool said_ = false;
};

std::string greeting(const net::endpoint& at, const server_settings& settings, std::int64_t orders) {
  const bool tcp = at.kind() == net::endpoint::family::tcp;
  return fmt::format("shop: open at {}{}, {} orders in {}", tcp ? "http://" : "", at.text(), orders,
                     settings.database.string());
}

}  // namespace

server_summary serve(const server_settings& settings) {
  // Before anything else, so that a mistaken address leaves no database behind.
  const net::endpoint where = net::endpoint::parse(settings.listen);
  net::check_free(where);

  complaints trouble(settings.complain);
  store_options storing;
  storing.on_trouble = [&](const error& failure) { trouble.about(failure); };
  order_store store(settings.database, storing);

  api_options answering;
  answering.requires_key = settings.requires_key;
  answering.delay = settings.delay;
  answering.chaos = settings.chaos;
  api routes(store, answering);
  http::app app("lakh shop", "1.0");
  routes.add_to(app);

  http::serve_options serving;
  serving.on_listening([&](const net::endpoint& at) {
    if (settings.port_file) net::write_port_file(*settings.port_file, at.port());
    if (!settings.say) return;
    settings.say(greeting(at, settings, store.count().orders));
    if (settings.chaos) settings.say("shop: fails on purpose: " + settings.chaos->text());
  });
  // A Unix-domain socket cannot be shared.
  const unsigned threads =
      where.kind() == net::endpoint::family::unix_domain && settings.threads == 0 ? 1 : settings.threads;
  app.serve_threads(settings.listen, threads, serving);

  server_summary summary;
  const api::counters& counted = routes.counted();
  summary.orders = store.count().orders;
  summary.created = counted.created;
  summary.replayed = counted.replayed;
  summary.refused = counted.invalid + counted.keys_reused + counted.keys_in_progress;
  summary.failed = counted.failed;
  if (const chaos* harm = routes.harm()) summary.injected = harm->counted();
  return summary;
}

}  // namespace lakh::shop
