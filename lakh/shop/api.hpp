// The shop's HTTP API.
//
//   POST /orders             201 with the order and its Location; durable before it is answered
//   GET  /orders/{id}        200, 404
//   GET  /orders             ?run=&cursor=&limit=  in the order of commit, by pages
//   GET  /catalogue          what can be ordered
//   GET  /customers/{email}  200, 404
//   GET  /stats              counts, by run too, and of what chaos did
//   GET  /healthz            200 while it serves
//   GET  /docs/idempotency   what an Idempotency-Key does here
//   GET  /openapi.json       all of this as OpenAPI 3.1
#pragma once

#include <lakh/async/loop.hpp>
#include <lakh/async/task.hpp>
#include <lakh/http/extract.hpp>
#include <lakh/http/reply.hpp>
#include <lakh/shop/catalogue.hpp>
#include <lakh/shop/chaos.hpp>
#include <lakh/shop/order.hpp>
#include <lakh/shop/order_answer.hpp>
#include <lakh/shop/order_store.hpp>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

namespace lakh::http {
class app;
}

namespace lakh::shop {

class api_options {
 public:
  api_options() = default;
  bool requires_key = false;  // POST /orders without an Idempotency-Key is refused
  duration delay{};           // each order is held back so long before it is committed: a slow shop, for comparisons
  std::optional<chaos_spec> chaos;  // of read_chaos
};

// What the routes share, on all threads. Outlives the app that it is added to.
class api {
 public:
  explicit api(order_store& store, const api_options& options = {}) : store_(store), options_(options) {
    if (options.chaos) chaos_.emplace(*options.chaos);
  }

  void add_to(http::app& app);

  struct counters {
    std::atomic<std::int64_t> created = 0;
    std::atomic<std::int64_t> replayed = 0;
    std::atomic<std::int64_t> keys_reused = 0;       // 422: same key, other body
    std::atomic<std::int64_t> keys_in_progress = 0;  // 409
    std::atomic<std::int64_t> invalid = 0;           // 422: the order itself
    std::atomic<std::int64_t> failed = 0;            // 500, 503, 507
  };
  // Since the shop was started.
  [[nodiscard]] const counters& counted() const noexcept { return counters_; }
  // Null where nothing is done on purpose.
  [[nodiscard]] const chaos* harm() const noexcept { return chaos_ ? &*chaos_ : nullptr; }

 private:
  task<http::created<order_answer>> place(http::body<new_order> order,
                                          http::header<"Idempotency-Key", std::optional<std::string>> key_field,
                                          http::request& request);
  std::optional<http::created<order_answer>> befall_early(const fate& luck, http::request& request);
  void befall_late(const fate& luck, placed& result, http::request& request);

  order_store& store_;
  api_options options_;
  catalogue products_;
  counters counters_;
  std::optional<chaos> chaos_;
};

}  // namespace lakh::shop
