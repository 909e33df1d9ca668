#include <lakh/shop/order_rules.hpp>
#include <lakh/shop/orders_for_test.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace lakh::shop {
namespace {

struct fault {
  const char* what;
  std::function<void(new_order&)> make;
  const char* place;  // null: acceptable
};

TEST(order_rules, each_fault_is_named_with_its_place_and_what_is_right_passes) {
  const catalogue products;
  const std::vector<fault> table{
      {"nothing", [](new_order&) {}, nullptr},
      {"blank name", [](new_order& o) { o.customer.name = "  "; }, "body.customer.name"},
      {"control character", [](new_order& o) { o.customer.name = "Ada\x07"; }, "body.customer.name"},
      {"line break in a street", [](new_order& o) { o.address.street = "1 Road\nTown"; }, "body.address.street"},
      {"Chinese", [](new_order& o) { o.customer.name = "沈慧梅"; }, nullptr},
      {"blank city", [](new_order& o) { o.address.city = "\t"; }, "body.address.city"},
      {"blank postcode", [](new_order& o) { o.address.postcode = " "; }, "body.address.postcode"},
      {"small letters", [](new_order& o) { o.address.country = "gb"; }, "body.address.country"},
      {"digits", [](new_order& o) { o.address.country = "G1"; }, "body.address.country"},
      {"no @", [](new_order& o) { o.customer.email = "ada.example.com"; }, "body.customer.email"},
      {"nothing before @", [](new_order& o) { o.customer.email = "@example.com"; }, "body.customer.email"},
      {"two @", [](new_order& o) { o.customer.email = "a@b@example.com"; }, "body.customer.email"},
      {"no dot", [](new_order& o) { o.customer.email = "ada@localhost"; }, "body.customer.email"},
      {"empty label", [](new_order& o) { o.customer.email = "ada@example..com"; }, "body.customer.email"},
      {"dot at the end", [](new_order& o) { o.customer.email = "ada@example."; }, "body.customer.email"},
      {"space", [](new_order& o) { o.customer.email = "a da@example.com"; }, "body.customer.email"},
      {"header injection", [](new_order& o) { o.customer.email = "a\r\nb@example.com"; }, "body.customer.email"},
      {"long local part", [](new_order& o) { o.customer.email = std::string(65, 'a') + "@example.com"; },
       "body.customer.email"},
      {"tag", [](new_order& o) { o.customer.email = "ada+tea@mail.example.co.uk"; }, nullptr},
      {"phone", [](new_order& o) { o.customer.phone = "+44 (20) 7946-0958"; }, nullptr},
      {"letters in a phone", [](new_order& o) { o.customer.phone = "call me"; }, "body.customer.phone"},
      {"phone without digits", [](new_order& o) { o.customer.phone = "+--"; }, "body.customer.phone"},
      {"unknown SKU", [](new_order& o) { o.lines = {{"TEA-0001", 1}, {"TEA-0002", 1}, {"NO-0001", 1}}; },
       "body.lines[2].sku"},
      {"the same SKU twice", [](new_order& o) { o.lines = {{"TEA-0001", 1}, {"TEA-0001", 1}}; }, nullptr},
      {"blank run", [](new_order& o) { o.run = " "; }, "body.run"},
      {"control character in a reference", [](new_order& o) { o.reference = "a\x01"; }, "body.reference"},
      {"a note of lines", [](new_order& o) { o.note = "first\nsecond"; }, nullptr},
  };
  for (const fault& row : table) {
    new_order order = testing::good_order();
    row.make(order);
    const http::field_errors errors = check(order, products);
    if (row.place == nullptr) {
      EXPECT_TRUE(errors.empty()) << row.what << ": " << errors[0].place;
    } else {
      ASSERT_EQ(errors.size(), 1U) << row.what;
      EXPECT_EQ(errors[0].place, row.place) << row.what;
    }
  }
}

TEST(order_rules, all_faults_are_named_together) {
  new_order order = testing::good_order();
  order.customer.name = " ";
  order.address.country = "xx";
  order.lines = {{"A", 1}, {"B", 1}};
  EXPECT_EQ(check(order, catalogue()).size(), 4U);
}

// What the types say is checked by the framework; here, that they say what the API promises.
TEST(order_rules, the_types_bound_lines_and_quantities) {
  const auto faults = [](std::string_view lines) {
    const std::string body =
        R"({"customer":{"name":"A","email":"a@example.com"},"address":{"street":"s","city":"c","postcode":"p",)"
        R"("country":"GB"},"lines":)" +
        std::string(lines) + "}";
    new_order order;
    http::field_errors errors;
    EXPECT_EQ(http::read_json(body, order, errors).status, http::json_outcome::status_code::ok);
    return errors.empty() ? std::string() : errors[0].place;
  };
  EXPECT_EQ(faults(R"([{"sku":"TEA-0001","quantity":1}])"), "");
  EXPECT_EQ(faults(R"([{"sku":"TEA-0001","quantity":999}])"), "");
  EXPECT_EQ(faults(R"([{"sku":"TEA-0001","quantity":0}])"), "body.lines[0].quantity");
  EXPECT_EQ(faults(R"([{"sku":"TEA-0001","quantity":1000}])"), "body.lines[0].quantity");
  EXPECT_EQ(faults(R"([{"sku":"TEA-0001","quantity":1.5}])"), "body.lines[0].quantity");
  EXPECT_EQ(faults("[]"), "body.lines");
  std::string many = "[";
  for (int i = 0; i < 51; ++i) many += R"({"sku":"TEA-0001","quantity":1},)";
  many.back() = ']';
  EXPECT_EQ(faults(many), "body.lines");
}

}  // namespace
}  // namespace lakh::shop
