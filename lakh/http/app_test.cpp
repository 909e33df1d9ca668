#include <lakh/async/sleep.hpp>
#include <lakh/http/bounded.hpp>
#include <lakh/http/exchange_for_test.hpp>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace lakh::http {
namespace {

using test::body_of;
using test::client;
using test::exchange;
using test::statuses;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct new_order {
  text<1, 20> customer;
  list<int, 1, 3> items;
};
BOOST_DESCRIBE_STRUCT(new_order, (), (customer, items))

struct order_view {
  std::int64_t id = 0;
  std::string customer;
};
BOOST_DESCRIBE_STRUCT(order_view, (), (id, customer))

void add_routes(app& shop) {
  shop.get("/orders/{id}", [](path<"id", std::int64_t> id) -> task<order_view> {
    if (*id == 404) throw problem(404, "there is no order 404").extra("id", std::int64_t{404});
    if (*id == 500) throw std::runtime_error("the password is swordfish");
    co_await sleep_for(std::chrono::milliseconds(1));
    co_return order_view{*id, "Mei"};
  });
  shop.post("/orders",
            [](body<new_order> order, header<"Idempotency-Key"> key) -> task<created<order_view>> {
              co_return created(order_view{1, order->customer.value() + "/" + *key}, "/orders/1");
            })
      .summary("Creates an order")
      .tag("orders")
      .max_body(200);
  shop.get("/orders", [](query<"limit", ranged<int, 1, 100>, 50> limit,
                         query<"after", std::optional<std::string>> after, header<"X-Flag", std::optional<bool>> flag) {
    return std::to_string(*limit) + " " + after.value().value_or("-") + " " +
           (flag.value() ? (**flag ? "yes" : "no") : "-");
  });
  shop.put("/raw/{name...}", [](path<"name"> name, raw_body content, const request& in) {
    return reply(202).header("X-Type", in.content_type()).content("text/csv", *name + ":" + std::string(*content));
  });
  shop.del("/orders/{id}", [](path<"id", int>) {});
  shop.get("/either/{what}", [](path<"what"> what) -> std::expected<order_view, problem> {
    if (*what == "bad") return std::unexpected(problem(409, "no").title("Not now").header("Retry-After", "3"));
    return order_view{2, *what};
  });
  shop.patch("/lazy", [](request& in) -> task<std::string> { co_return std::string(co_await in.body()); });
}

class app_test : public testing::Test {
 protected:
  app_test() {
    add_routes(shop_);
    shop_.on_failure([this](const request& in, const std::exception_ptr&) { failures_ += std::string(in.path()); });
  }
  std::string ask(const std::string& line, const std::string& more = {}, const std::string& content = {}) {
    std::string bytes = line + " HTTP/1.1\r\nHost: shop\r\n" + more;
    if (!content.empty()) bytes += "Content-Length: " + std::to_string(content.size()) + "\r\n";
    return exchange(shop_, client(bytes + "\r\n" + content)).bytes;
  }
  app shop_{"Shop", "1.0"};
  std::string failures_;
};

constexpr const char* json = "Content-Type: application/json\r\nIdempotency-Key: k\r\n";

TEST_F(app_test, a_handler_takes_typed_arguments_and_gives_json) {
  const std::string got = ask("GET /orders/17");
  EXPECT_THAT(got, StartsWith("HTTP/1.1 200 OK\r\nDate: "));
  EXPECT_THAT(got, HasSubstr("\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n"));
  EXPECT_EQ(body_of(got), R"({"id":17,"customer":"Mei"})");
}

TEST_F(app_test, what_is_created_has_a_place) {
  const std::string got = ask("POST /orders", json, R"({"customer":"Wang","items":[1]})");
  EXPECT_EQ(statuses(got), "201");
  EXPECT_THAT(got, HasSubstr("\r\nLocation: /orders/1\r\n"));
  EXPECT_EQ(body_of(got), R"({"id":1,"customer":"Wang/k"})");
}

TEST_F(app_test, faults_in_all_arguments_are_answered_together) {
  const std::string got =
      ask("POST /orders", "Content-Type: application/json\r\n", R"({"customer":"","items":[1,"x"]})");
  EXPECT_EQ(statuses(got), "422");
  EXPECT_THAT(got, HasSubstr("Content-Type: application/problem+json\r\n"));
  const auto problem = boost::json::parse(body_of(got)).as_object();
  EXPECT_EQ(problem.at("status"), 422);
  EXPECT_EQ(boost::json::serialize(problem.at("errors")),
            R"([{"place":"body.customer","expected":"a string of 1 to 20 characters","got":"\"\""},)"
            R"({"place":"body.items[1]","expected":"an integer from -2147483648 to 2147483647","got":"\"x\""},)"
            R"({"place":"header.Idempotency-Key","expected":"a string","got":"nothing"}])");
}

TEST_F(app_test, a_body_that_is_no_json_is_told_where) {
  const std::string got = ask("POST /orders", json, "{\"customer\":\n  oops}");
  EXPECT_EQ(statuses(got), "400");
  EXPECT_EQ(body_of(got), R"({"title":"Bad Request","status":400,"detail":"the body is not JSON: line 2, column 3",)"
                          R"("line":2,"column":3,"offset":15})");
  EXPECT_THAT(ask("POST /orders", json), HasSubstr("the body is empty"));
}

TEST_F(app_test, a_body_of_another_type_is_refused) {
  EXPECT_EQ(statuses(ask("POST /orders", "Content-Type: text/plain\r\nIdempotency-Key: k\r\n", "{}")), "415");
  EXPECT_EQ(statuses(ask("POST /orders", "Idempotency-Key: k\r\n", "{}")), "415");
  EXPECT_EQ(statuses(ask("POST /orders",
                         "Content-Type: application/vnd.shop+json; charset=utf-8\r\nIdempotency-Key: "
                         "k\r\n",
                         R"({"customer":"a","items":[1]})")),
            "201");
}

TEST_F(app_test, queries_and_headers_are_decoded_and_may_be_missing) {
  EXPECT_EQ(body_of(ask("GET /orders")), "50 - -");
  EXPECT_EQ(body_of(ask("GET /orders?after=a%20b+c%2B&limit=7&limit=8", "X-Flag: true\r\n")), "7 a b c+ yes");
  EXPECT_EQ(body_of(ask("GET /orders?l%69mit=9&after")), "9  -");
  EXPECT_THAT(body_of(ask("GET /orders?limit=0")), HasSubstr(R"("place":"query.limit","expected":"an integer from 1)"));
  EXPECT_THAT(body_of(ask("GET /orders?after=%ff")), HasSubstr("UTF-8 with whole escapes"));
  EXPECT_THAT(body_of(ask("GET /orders?after=%4")), HasSubstr("query.after"));
  EXPECT_THAT(body_of(ask("GET /orders", "X-Flag: maybe\r\n")), HasSubstr(R"("place":"header.X-Flag")"));
}

TEST_F(app_test, raw_bodies_and_trailing_paths_pass_through) {
  const std::string got = ask("PUT /raw/a/b%2Fc", "Content-Type: text/x\r\n", "1;2");
  EXPECT_EQ(statuses(got), "202");
  EXPECT_THAT(got, HasSubstr("\r\nContent-Type: text/csv\r\n"));
  EXPECT_THAT(got, HasSubstr("\r\nX-Type: text/x\r\n"));
  EXPECT_EQ(body_of(got), "a/b/c:1;2");
}

TEST_F(app_test, nothing_to_say_is_204_without_content) {
  const std::string got = ask("DELETE /orders/1");
  EXPECT_EQ(statuses(got), "204");
  EXPECT_THAT(got, Not(HasSubstr("Content-Length")));
}

TEST_F(app_test, problems_are_thrown_or_returned) {
  EXPECT_EQ(body_of(ask("GET /orders/404")),
            R"({"title":"Not Found","status":404,"detail":"there is no order 404","id":404})");
  const std::string got = ask("GET /either/bad");
  EXPECT_EQ(statuses(got), "409");
  EXPECT_THAT(got, HasSubstr("\r\nRetry-After: 3\r\n"));
  EXPECT_EQ(body_of(got), R"({"title":"Not now","status":409,"detail":"no"})");
  EXPECT_EQ(statuses(ask("GET /either/good")), "200");
}

TEST_F(app_test, an_unexpected_exception_is_500_and_keeps_its_words_to_itself) {
  const std::string got = ask("GET /orders/500");
  EXPECT_EQ(statuses(got), "500");
  EXPECT_THAT(got, Not(HasSubstr("swordfish")));
  EXPECT_EQ(failures_, "/orders/500");
}

TEST_F(app_test, head_is_get_without_content) {
  const std::string got = ask("HEAD /orders/17");
  EXPECT_THAT(got, HasSubstr("Content-Length: 26\r\n"));
  EXPECT_EQ(body_of(got), "");
}

TEST_F(app_test, what_has_no_route_is_told_apart) {
  EXPECT_EQ(statuses(ask("GET /nowhere")), "404");
  const std::string got = ask("PUT /orders");
  EXPECT_EQ(statuses(got), "405");
  EXPECT_THAT(got, HasSubstr("\r\nAllow: GET, HEAD, POST, OPTIONS\r\n"));
  EXPECT_THAT(ask("OPTIONS /orders"), HasSubstr("204 No Content"));
  EXPECT_THAT(ask("OPTIONS *"), HasSubstr("Allow: GET, HEAD, POST"));
  EXPECT_EQ(statuses(ask("OPTIONS /nowhere")), "404");
  EXPECT_EQ(statuses(ask("BREW /orders")), "501");
  EXPECT_EQ(statuses(exchange(shop_, client("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n")).bytes), "501");
}

TEST_F(app_test, a_route_may_set_its_own_limit) {
  EXPECT_EQ(statuses(ask("POST /orders", json, std::string(201, ' '))), "413");
  EXPECT_EQ(statuses(ask("PUT /raw/x", "", std::string(201, ' '))), "202");
}

TEST_F(app_test, a_handler_may_read_the_body_itself) {
  EXPECT_EQ(body_of(ask("PATCH /lazy", "", "abc")), "abc");
}

TEST_F(app_test, what_comes_before_may_add_fields_or_refuse) {
  shop_.before([](request& in) { in.answer_header("X-Request-Id", "7"); });
  shop_.before([](request& in) -> task<void> {
    co_await sleep_for(std::chrono::milliseconds(1));
    if (in.header("Authorization") != "Bearer let-me-in") throw problem(401, "who are you?");
  });
  const std::string refused = ask("GET /orders/1");
  EXPECT_EQ(statuses(refused), "401");
  EXPECT_THAT(refused, HasSubstr("\r\nX-Request-Id: 7\r\n"));
  EXPECT_EQ(statuses(ask("GET /orders/1", "Authorization: Bearer let-me-in\r\n")), "200");
  EXPECT_EQ(statuses(ask("GET /nowhere", "Authorization: Bearer let-me-in\r\n")), "404");
}

TEST_F(app_test, answers_are_told_to_those_who_watch) {
  std::string log;
  shop_.after([&](const access_record& r) {
    log += std::string(r.in.method()) + " " + std::string(r.in.path()) + " " + std::string(r.in.pattern()) + " " +
           std::to_string(r.status) + " " + std::to_string(r.content_size) +
           (r.took >= std::chrono::milliseconds(1) ? " slow\n" : " quick\n");
  });
  ask("GET /orders/17");
  ask("GET /nowhere");
  EXPECT_THAT(log, StartsWith("GET /orders/17 /orders/{id} 200 26 slow\nGET /nowhere  404 "));
}

TEST_F(app_test, fields_cannot_be_injected) {
  EXPECT_THROW(reply().header("X", "a\r\nSet-Cookie: b"), input_error);
  EXPECT_THROW(reply().header("X\r\nY", "a"), input_error);
  EXPECT_THROW(reply().header("Content-Length", "5"), input_error);
  EXPECT_THROW(reply().content("text/plain\r\nX: y", ""), input_error);
  EXPECT_THROW(problem(400).header("X", std::string("a\0b", 3)), input_error);
  shop_.get("/echo/{where}", [](path<"where"> where) { return created(order_view{}, *where); });
  const std::string got = ask("GET /echo/a%0D%0AX-Evil:%20b");
  EXPECT_EQ(statuses(got), "500");
  EXPECT_THAT(got, Not(HasSubstr("\r\nX-Evil")));
}

TEST_F(app_test, mistakes_in_routes_are_found_when_they_are_made) {
  EXPECT_THROW(shop_.get("/things/{id}", [](path<"ident", int>) {}), input_error);
  EXPECT_THROW(shop_.get("/orders/{id}", [](path<"id", int>) {}), input_error);
  EXPECT_THROW(shop_.put("/orders/{order}", [](path<"order", int>) {}), input_error);
  EXPECT_THROW(shop_.get("orders", [] {}), input_error);
}

TEST_F(app_test, the_document_describes_what_is_registered) {
  const std::string got = ask("GET /openapi.json");
  EXPECT_EQ(statuses(got), "200");
  const auto document = boost::json::parse(body_of(got));
  EXPECT_EQ(document.at("openapi"), "3.1.0");
  EXPECT_EQ(document.at_pointer("/info/title"), "Shop");
  const auto& paths = document.at("paths").as_object();
  EXPECT_FALSE(paths.contains("/openapi.json"));

  const auto& post = paths.at("/orders").at("post").as_object();
  EXPECT_EQ(post.at("summary"), "Creates an order");
  EXPECT_EQ(boost::json::serialize(post.at("tags")), R"(["orders"])");
  EXPECT_EQ(boost::json::serialize(post.at("requestBody")),
            R"({"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/new_order"}}}})");
  EXPECT_EQ(boost::json::serialize(post.at("parameters")),
            R"([{"name":"Idempotency-Key","in":"header","required":true,"schema":{"type":"string"}}])");
  const auto& answers = post.at("responses").as_object();
  EXPECT_EQ(answers.at("201").at_pointer("/content/application~1json/schema/$ref"), "#/components/schemas/order_view");
  EXPECT_TRUE(answers.at("201").as_object().contains("headers"));
  EXPECT_EQ(answers.at("422").at_pointer("/content/application~1problem+json/schema/$ref"),
            "#/components/schemas/problem");
  EXPECT_TRUE(answers.contains("default"));

  EXPECT_EQ(boost::json::serialize(paths.at("/orders").at_pointer("/get/parameters")),
            R"([{"name":"limit","in":"query","required":false,)"
            R"("schema":{"type":"integer","minimum":1,"maximum":100,"default":50}},)"
            R"({"name":"after","in":"query","required":false,"schema":{"type":"string"}},)"
            R"({"name":"X-Flag","in":"header","required":false,"schema":{"type":"boolean"}}])");
  EXPECT_TRUE(paths.contains("/raw/{name}"));
  EXPECT_TRUE(paths.at("/orders/{id}").as_object().contains("delete"));
  for (const auto& [path, methods] : paths)
    for (const auto& [method, operation] : methods.as_object())
      EXPECT_TRUE(operation.as_object().contains("responses")) << path << method;

  const auto& schemas = document.at_pointer("/components/schemas").as_object();
  EXPECT_TRUE(schemas.contains("problem"));
  EXPECT_TRUE(schemas.contains("new_order"));
  EXPECT_EQ(boost::json::serialize(schemas.at("order_view").at("required")), R"(["id","customer"])");
}

}  // namespace
}  // namespace lakh::http
