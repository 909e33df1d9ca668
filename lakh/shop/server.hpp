// `lakh shop`: the API on its database, from start to graceful end.
#pragma once

#include <lakh/async/loop.hpp>
#include <lakh/shop/chaos.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lakh::shop {

class server_settings {
 public:
  server_settings() = default;
  std::string listen = "127.0.0.1:8080";  // port 0: one that is free; unix:/path
  std::filesystem::path database = "shop.db";
  unsigned threads = 0;  // that answer requests; 0: one per core
  std::optional<std::filesystem::path> port_file;
  bool requires_key = false;
  duration delay{};
  std::optional<chaos_spec> chaos;  // of read_chaos
  // One line each, without its end. Called from any thread, one call at a time.
  std::function<void(const std::string&)> say;
  std::function<void(const std::string&)> complain;
};

// What happened while it served.
struct server_summary {
  std::int64_t orders = 0;  // in the database
  std::int64_t created = 0;
  std::int64_t replayed = 0;
  std::int64_t refused = 0;  // invalid orders, and keys misused or in progress
  std::int64_t failed = 0;
  std::vector<injection> injected;  // on purpose; one for each word of the chaos
};

// Serves until SIGINT or SIGTERM; what is in hand then is finished. Throws storage_error or input_error for a database
// that cannot be used, error for an address that cannot be listened on. Not called on a loop's thread.
server_summary serve(const server_settings& settings);

}  // namespace lakh::shop
