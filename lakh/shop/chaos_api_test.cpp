// What a client sees of a shop that fails on purpose, and what is stored then.
#include <lakh/core/error.hpp>
#include <lakh/shop/shop_for_test.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>

namespace lakh::shop {
namespace {

using namespace std::chrono_literals;
using testing::good_body;
using ::testing::HasSubstr;
using testing::post;
using testing::shop_under_test;
using testing::string_at;

api_options with(const char* spec) {
  api_options options;
  options.chaos = read_chaos(spec, "--chaos");
  return options;
}

std::int64_t stored(shop_under_test& shop) {
  return shop.store().count().orders;
}

// The status; 0 where no answer came, or not all of it.
task<int> status_of(http::session& client, const std::string& key) {
  try {
    co_return (co_await post(client, good_body, key)).status();
  } catch (const error& failed) {
    EXPECT_EQ(failed.kind(), error_kind::closed) << failed.what();
    co_return 0;
  }
}

struct expectation {
  const char* spec;
  int status;
  std::int64_t stored;
};

class shop_mishap : public ::testing::TestWithParam<expectation> {};

TEST_P(shop_mishap, is_seen_by_the_client_and_stores_or_not) {
  shop_under_test shop(with(GetParam().spec));
  shop.visit([&](http::session& client) -> task<void> {
    EXPECT_EQ(co_await status_of(client, "k"), GetParam().status);
    EXPECT_EQ(stored(shop), GetParam().stored);
    // The same again: a key that has its order gets no second one.
    EXPECT_EQ(co_await status_of(client, "k"), GetParam().status);
    EXPECT_EQ(stored(shop), GetParam().stored);
    const http::response stats = co_await client.get("/stats");
    const boost::json::value chaos = stats.json().at("chaos");
    EXPECT_EQ(chaos.at("orders").as_int64(), 2);
    EXPECT_EQ(chaos.at("injected").at(0).at("count").as_int64(), 2) << stats.body();
    EXPECT_EQ(chaos.at("spec").as_string(), read_chaos(GetParam().spec, "").text());
  });
}

INSTANTIATE_TEST_SUITE_P(table, shop_mishap,
                         ::testing::Values(expectation{"drop-before", 0, 0}, expectation{"drop-after", 0, 1},
                                           expectation{"cut", 0, 1}, expectation{"cut@1", 0, 1},
                                           expectation{"cut@1MiB", 0, 1}, expectation{"500", 500, 0},
                                           expectation{"500-after", 500, 1}, expectation{"503", 503, 0},
                                           expectation{"429@2s", 429, 0}),
                         [](const auto& row) {
                           std::string name = row.param.spec;
                           for (char& c : name)
                             if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
                           return name;
                         });

TEST(shop_chaos_api, a_refusal_says_when_to_come_back) {
  shop_under_test shop(with("503:50%@7s,429:50%@9s,seed:7"));
  shop.visit([](http::session& client) -> task<void> {
    std::set<std::string> seen;
    for (int i = 0; i < 20; ++i) {
      const http::response refused = co_await post(client, good_body);
      seen.insert(std::to_string(refused.status()) + " " + std::string(refused.header("Retry-After")));
      EXPECT_EQ(refused.header("Content-Type"), "application/problem+json");
    }
    EXPECT_EQ(seen, (std::set<std::string>{"429 9", "503 7"}));
  });
}

TEST(shop_chaos_api, the_same_seed_fails_the_same_orders_of_a_client_that_sends_one_after_another) {
  std::string lives[2];
  for (std::string& life : lives) {
    shop_under_test shop(with("drop-before:20%,drop-after:20%,500:20%,seed:11"));
    shop.visit([&](http::session& client) -> task<void> {
      for (int i = 0; i < 40; ++i) life += std::to_string(co_await status_of(client, "k" + std::to_string(i))) + " ";
    });
  }
  EXPECT_EQ(lives[0], lives[1]);
  for (const char* status : {"0 ", "201 ", "500 "}) EXPECT_THAT(lives[0], HasSubstr(status));
}

TEST(shop_chaos_api, a_delay_holds_the_order_back_and_may_come_before_a_mishap) {
  shop_under_test shop(with("delay@30ms,drop-after:50%,seed:1"));
  shop.visit([&](http::session& client) -> task<void> {
    for (int i = 0; i < 6; ++i) {
      const time_point begin = clock::now();
      (void)co_await status_of(client, "k" + std::to_string(i));
      EXPECT_GE(clock::now() - begin, 30ms);
    }
    EXPECT_EQ(stored(shop), 6);
    const auto injected = shop.harm()->counted();
    EXPECT_EQ(injected[0].what, "drop-after");
    EXPECT_GT(injected[0].count, 0);
    EXPECT_EQ(injected[1].what, "delay");
    EXPECT_EQ(injected[1].count, shop.harm()->orders()) << "the client repeats some by itself";
  });
}

TEST(shop_chaos_api, a_forgotten_key_makes_a_repetition_another_order_that_tells_its_key) {
  shop_under_test shop(with("forget"));
  shop.visit([&](http::session& client) -> task<void> {
    const http::response first = co_await post(client, good_body, "k");
    const http::response again = co_await post(client, good_body, "k");
    EXPECT_EQ(again.status(), 201);
    EXPECT_EQ(again.header("Idempotency-Replayed"), "");
    EXPECT_NE(string_at(first, "id"), string_at(again, "id"));
    const boost::json::value listed = (co_await client.get("/orders")).json();
    EXPECT_EQ(listed.at("orders").as_array().size(), 2U);
    for (const auto& order : listed.at("orders").as_array()) EXPECT_EQ(order.at("key").as_string(), "k");
    EXPECT_EQ(shop.harm()->counted().front().count, 2);
  });
}

TEST(shop_chaos_api, keys_that_are_not_forgotten_work_as_ever) {
  shop_under_test shop(with("forget:50%,seed:7"));
  shop.visit([&](http::session& client) -> task<void> {
    for (int round = 0; round < 2; ++round)
      for (int i = 0; i < 20; ++i) EXPECT_EQ(co_await status_of(client, "k" + std::to_string(i)), 201);
    const std::int64_t forgotten = shop.harm()->counted().front().count;
    EXPECT_EQ(stored(shop), 20 + forgotten / 2);
    EXPECT_GT(forgotten, 0);
    EXPECT_LT(forgotten, 40);
  });
}

TEST(shop_chaos_api, a_misanswer_is_another_orders_answer_though_the_order_is_stored) {
  shop_under_test shop(with("misanswer"));
  shop.visit([&](http::session& client) -> task<void> {
    const http::response first = co_await post(client, good_body, "k1");
    EXPECT_EQ(string_at(first, "id"), string_at(co_await client.get(first.header("Location")), "id"))
        << "there is no other yet";
    const http::response second = co_await post(client, good_body, "k2");
    EXPECT_EQ(second.status(), 201);
    EXPECT_EQ(second.body(), first.body());
    EXPECT_EQ(second.header("Location"), first.header("Location"));
    EXPECT_EQ(stored(shop), 2);
    EXPECT_EQ(shop.harm()->counted().front().count, 1);
  });
}

TEST(shop_chaos_api, a_swallowed_order_is_answered_as_another_and_not_stored) {
  shop_under_test shop(with("swallow"));
  shop.visit([&](http::session& client) -> task<void> {
    const http::response first = co_await post(client, good_body, "k1");
    EXPECT_EQ(first.status(), 201);
    const http::response second = co_await post(client, good_body, "k2");
    EXPECT_EQ(second.status(), 201);
    EXPECT_EQ(second.body(), first.body());
    EXPECT_EQ(second.header("Idempotency-Replayed"), "true");
    EXPECT_EQ(stored(shop), 1);
  });
}

TEST(shop_chaos_api, only_orders_meet_with_mishaps) {
  shop_under_test shop(with("drop-before"));
  shop.visit([&](http::session& client) -> task<void> {
    EXPECT_EQ((co_await client.get("/orders")).status(), 200);
    EXPECT_EQ((co_await post(client, "{}")).status(), 422) << "what is refused anyway is not an order";
    EXPECT_EQ(shop.harm()->orders(), 0);
  });
}

TEST(shop_chaos_api, without_chaos_the_stats_do_not_speak_of_it) {
  shop_under_test shop;
  shop.visit([](http::session& client) -> task<void> {
    EXPECT_FALSE((co_await client.get("/stats")).json().as_object().contains("chaos"));
  });
}

}  // namespace
}  // namespace lakh::shop
