// A shop on a free port and its client, on one loop, for this room's tests.
#pragma once

#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/http/app.hpp>
#include <lakh/http/session.hpp>
#include <lakh/shop/api.hpp>
#include <lakh/shop/orders_for_test.hpp>

#include <boost/json.hpp>

#include <functional>
#include <string>
#include <utility>

namespace lakh::shop::testing {

inline const std::string good_body =
    R"({"run":"r1","reference":"R-1","customer":{"name":"Ada Lovelace","email":"Ada@Example.com"},"address":)"
    R"({"street":"12 St James's Square","city":"London","postcode":"SW1Y 4JH","country":"GB"},)"
    R"("lines":[{"sku":"TEA-0042","quantity":2},{"sku":"CUP-0003","quantity":1}]})";

class shop_under_test {
 public:
  explicit shop_under_test(const api_options& options = {}, store_options storing = {})
      : store_(folder_ / "shop.db", std::move(storing)), api_(store_, options), app_("shop", "1.0") {
    api_.add_to(app_);
  }

  void visit(const std::function<task<void>(http::session&)>& as_client) {
    run(in_scope([&](scope& all) -> task<void> {
      net::listener here(net::endpoint("127.0.0.1", 0));
      const std::string address = "http://" + here.local().text();
      all.spawn(app_.serve(std::move(here), http::serve_options().stop_on_signals(false)));
      {
        http::session_options options;
        options.base_url(address);
        http::session client(std::move(options));
        co_await as_client(client);
      }
      all.cancel();
    }));
  }

  order_store& store() { return store_; }
  const api::counters& counted() { return api_.counted(); }
  const chaos* harm() { return api_.harm(); }

 private:
  scratch_folder folder_;
  order_store store_;
  api api_;
  http::app app_;
};

inline task<http::response> post(http::session& client, std::string body, std::string key = {}) {
  if (key.empty()) co_return co_await client.post("/orders").json_text(std::move(body));
  co_return co_await client.post("/orders").json_text(std::move(body)).header("Idempotency-Key", key);
}

inline std::string string_at(const http::response& answer, const char* name) {
  return std::string(answer.json().at(name).as_string());
}

}  // namespace lakh::shop::testing
