// The API as a client sees it, over a loopback connection.
#include <lakh/async/sleep.hpp>
#include <lakh/shop/shop_for_test.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace lakh::shop {
namespace {

using namespace std::chrono_literals;
using testing::good_body;
using ::testing::HasSubstr;
using testing::post;
using testing::shop_under_test;
using testing::string_at;

TEST(shop_api, an_order_is_created_and_found_where_its_location_says) {
  shop_under_test shop;
  shop.visit([](http::session& client) -> task<void> {
    const http::response made = co_await post(client, good_body, "\"k\"");
    EXPECT_EQ(made.status(), 201);
    EXPECT_EQ(made.header("Location"), "/orders/" + string_at(made, "id"));
    EXPECT_EQ(made.header("Idempotency-Replayed"), "");
    EXPECT_EQ(string_at(made, "digest"), digest_of(good_body));
    EXPECT_EQ(string_at(made, "status"), "accepted");
    EXPECT_EQ(made.json().at("number").as_int64(), 1);
    const boost::json::value view = made.json();
    std::int64_t subtotal = 0;
    for (const auto& line : view.at("lines").as_array()) subtotal += line.at("line_total").as_int64();
    EXPECT_EQ(view.at("subtotal").as_int64(), subtotal);
    EXPECT_EQ(view.at("total").as_int64(), subtotal + view.at("tax").as_int64());

    const http::response found = co_await client.get(made.header("Location"));
    EXPECT_EQ(found.status(), 200);
    EXPECT_EQ(found.body(), made.body());
    EXPECT_EQ((co_await client.get("/orders/ord_nothing")).status(), 404);
  });
}

TEST(shop_api, idempotency_by_the_draft) {
  shop_under_test shop;
  shop.visit([](http::session& client) -> task<void> {
    const http::response first = co_await post(client, good_body, "\"k-1\"");
    EXPECT_EQ(first.status(), 201);

    const http::response bare = co_await post(client, good_body, "k-1");
    EXPECT_EQ(bare.status(), 201);
    EXPECT_EQ(bare.body(), first.body());
    EXPECT_EQ(bare.header("Location"), first.header("Location"));
    EXPECT_EQ(bare.header("Idempotency-Replayed"), "true");

    const http::response other = co_await post(client, good_body + " ", "k-1");
    EXPECT_EQ(other.status(), 422);
    EXPECT_EQ(other.header("Content-Type"), "application/problem+json");
    EXPECT_EQ(string_at(other, "title"), "Idempotency-Key is already used");
    EXPECT_THAT(std::string(other.header("Link")), HasSubstr("describedby"));
    EXPECT_EQ((co_await client.get(string_at(other, "type"))).status(), 200) << "the link leads somewhere";

    const http::response malformed = co_await post(client, good_body, "\"open");
    EXPECT_EQ(malformed.status(), 400);
    EXPECT_EQ(string_at(malformed, "title"), "Idempotency-Key is malformed");

    // A refused order does not use its key up.
    EXPECT_EQ((co_await post(client, "{}", "k-2")).status(), 422);
    EXPECT_EQ((co_await post(client, good_body, "k-2")).status(), 201);

    const http::response stats = co_await client.get("/stats");
    EXPECT_EQ(stats.json().at("orders").as_int64(), 2);
    EXPECT_EQ(stats.json().at("distinct_keys").as_int64(), 2);
    EXPECT_EQ(stats.json().at("replays").as_int64(), 1);
    EXPECT_EQ(stats.json().at("conflicts").as_int64(), 1);
  });
}

TEST(shop_api, without_a_key_the_same_body_is_another_order) {
  shop_under_test shop;
  shop.visit([](http::session& client) -> task<void> {
    const http::response first = co_await post(client, good_body);
    const http::response second = co_await post(client, good_body);
    EXPECT_EQ(second.status(), 201);
    EXPECT_NE(string_at(first, "id"), string_at(second, "id"));
  });
}

TEST(shop_api, where_a_key_is_required_an_order_without_is_refused) {
  api_options options;
  options.requires_key = true;
  shop_under_test shop(options);
  shop.visit([](http::session& client) -> task<void> {
    const http::response refused = co_await post(client, good_body);
    EXPECT_EQ(refused.status(), 400);
    EXPECT_EQ(string_at(refused, "title"), "Idempotency-Key is missing");
    EXPECT_EQ((co_await post(client, good_body, "k")).status(), 201);
  });
}

TEST(shop_api, while_the_first_request_is_in_progress_another_under_its_key_is_409) {
  api_options options;
  options.delay = 200ms;
  shop_under_test shop(options);
  shop.visit([](http::session& client) -> task<void> {
    co_await in_scope([&](scope& both) -> task<void> {
      both.spawn([](http::session& by) -> task<void> {
        EXPECT_EQ((co_await post(by, good_body, "k")).status(), 201);
      }(client));
      co_await sleep_for(50ms);
      const http::response early = co_await post(client, good_body, "k");
      EXPECT_EQ(early.status(), 409);
      EXPECT_EQ(string_at(early, "title"), "A request is outstanding for this Idempotency-Key");
    });
    EXPECT_EQ((co_await post(client, good_body, "k")).header("Idempotency-Replayed"), "true");
  });
}

TEST(shop_api, a_client_that_goes_away_in_the_middle_leaves_its_key_free) {
  api_options options;
  options.delay = 100ms;
  shop_under_test shop(options);
  shop.visit([](http::session& client) -> task<void> {
    bool gave_up = false;
    try {
      (void)co_await client.post("/orders").json_text(good_body).header("Idempotency-Key", "k").timeout(20ms);
    } catch (const error&) {
      gave_up = true;
    }
    EXPECT_TRUE(gave_up);
    co_await sleep_for(300ms);
    // Whether the first was ordered or not, there is one order now.
    EXPECT_EQ((co_await post(client, good_body, "k")).status(), 201);
    EXPECT_EQ((co_await client.get("/stats")).json().at("orders").as_int64(), 1);
  });
}

TEST(shop_api, an_invalid_order_names_every_field_that_is_wrong) {
  shop_under_test shop;
  shop.visit([](http::session& client) -> task<void> {
    std::string body = good_body;
    body.replace(body.find("CUP-0003"), 8, "CUP-9999");
    body.replace(body.find("\"GB\""), 4, "\"gb\"");
    const http::response refused = co_await post(client, body);
    EXPECT_EQ(refused.status(), 422);
    EXPECT_EQ(refused.header("Content-Type"), "application/problem+json");
    EXPECT_THAT(refused.body(), HasSubstr("body.lines[1].sku"));
    EXPECT_THAT(refused.body(), HasSubstr("body.address.country"));

    EXPECT_EQ((co_await post(client, "{not json")).status(), 400);
    EXPECT_EQ((co_await client.post("/orders").body(good_body, "text/plain")).status(), 415);
    EXPECT_EQ((co_await client.get("/stats")).json().at("invalid").as_int64(), 1);
  });
}

TEST(shop_api, lists_are_paged_to_the_end_by_their_cursors) {
  shop_under_test shop;
  shop.visit([](http::session& client) -> task<void> {
    for (int i = 0; i < 5; ++i) (void)co_await post(client, good_body, "k" + std::to_string(i));
    std::vector<std::string> keys;
    std::string cursor;
    for (int page = 0; page < 3; ++page) {
      const http::response answer = co_await client.get("/orders?run=r1&limit=2" + cursor);
      EXPECT_EQ(answer.status(), 200);
      const boost::json::value list = answer.json();
      for (const auto& order : list.at("orders").as_array()) keys.emplace_back(order.at("key").as_string());
      const auto* next = list.as_object().if_contains("next");
      EXPECT_EQ(next == nullptr, page == 2);
      if (next != nullptr) cursor = "&cursor=" + std::string(next->as_string());
    }
    EXPECT_EQ(keys, (std::vector<std::string>{"k0", "k1", "k2", "k3", "k4"}));

    EXPECT_EQ((co_await client.get("/orders?cursor=5")).status(), 400);
    EXPECT_EQ((co_await client.get("/orders?limit=0")).status(), 422);
    EXPECT_EQ((co_await client.get("/orders?limit=10001")).status(), 422);
    EXPECT_EQ((co_await client.get("/orders?fields=digest,secret")).status(), 400);
    EXPECT_THAT((co_await client.get("/orders?fields=key&limit=1")).body(), HasSubstr("\"orders\":[{\"key\":\"k0\"}]"));
    EXPECT_THAT((co_await client.get("/orders?run=none")).body(), HasSubstr("\"orders\":[]"));
  });
}

TEST(shop_api, customers_catalogue_and_health_are_there_to_be_asked) {
  shop_under_test shop;
  shop.visit([](http::session& client) -> task<void> {
    EXPECT_EQ((co_await client.get("/customers/ada@example.com")).status(), 404);
    (void)co_await post(client, good_body);
    const http::response ada = co_await client.get("/customers/ADA%40example.com");
    EXPECT_EQ(ada.status(), 200);
    EXPECT_EQ(string_at(ada, "name"), "Ada Lovelace");
    EXPECT_EQ((co_await client.get("/catalogue")).json().at("products").as_array().size(), 200U);
    EXPECT_EQ((co_await client.get("/healthz")).status(), 200);
  });
}

TEST(shop_api, the_document_says_what_an_order_is) {
  shop_under_test shop;
  shop.visit([](http::session& client) -> task<void> {
    const boost::json::value document = (co_await client.get("/openapi.json")).json();
    EXPECT_TRUE(document.at("paths").as_object().contains("/orders"));
    EXPECT_TRUE(document.at("components").at("schemas").as_object().contains("order_view"));
    EXPECT_TRUE(document.at("components").at("schemas").as_object().contains("new_order"));
  });
}

TEST(shop_api, when_too_many_wait_the_client_is_told_when_to_come_back) {
  store_options storing;
  storing.queue_limit = 0;
  shop_under_test shop({}, storing);
  shop.visit([](http::session& client) -> task<void> {
    const http::response busy = co_await post(client, good_body, "k");
    EXPECT_EQ(busy.status(), 503);
    EXPECT_EQ(busy.header("Retry-After"), "1");
  });
  EXPECT_TRUE(shop.store().keys().try_claim("k"));
}

}  // namespace
}  // namespace lakh::shop
