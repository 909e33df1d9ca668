#include <lakh/http/described.hpp>
#include <lakh/shop/orders_for_test.hpp>

#include <gtest/gtest.h>

#include <string>

namespace lakh::shop {
namespace {

std::string text_of(const new_order& order, const price& sum) {
  const catalogue products;
  std::string text;
  append_order_head(text, "ord_000000000000000001", 1, "2026-11-21T23:59:01.042Z");
  append_order_rest(text, order, products, sum, "00112233445566ff");
  return text;
}

// The text is written by hand for speed; the struct is what the OpenAPI document promises. They must not drift apart.
TEST(order_json, the_text_is_an_order_view_field_for_field) {
  new_order order = testing::good_order();
  order.run = "run \"1\"";
  order.reference = "R\\7";
  order.customer.phone = "+44 20 7946 0958";
  order.note = "line\nbreak, 茶";
  const price sum = price_of(order, catalogue());
  const std::string text = text_of(order, sum);

  order_view view;
  http::field_errors errors;
  ASSERT_EQ(http::read_json(text, view, errors).status, http::json_outcome::status_code::ok) << text;
  ASSERT_TRUE(errors.empty()) << errors[0].place;
  EXPECT_EQ(http::to_json(view), text);
  EXPECT_EQ(view.run, "run \"1\"");
  EXPECT_EQ(view.reference, "R\\7");
  EXPECT_EQ(view.note, "line\nbreak, 茶");
  EXPECT_EQ(view.lines.at(0).sku, "TEA-0042");
  EXPECT_EQ(view.lines.at(0).line_total, view.lines.at(0).unit_price * 2);
  EXPECT_EQ(view.total, sum.total);
}

TEST(order_json, absent_fields_are_left_out) {
  const new_order order = testing::good_order();
  const std::string text = text_of(order, price_of(order, catalogue()));
  for (const char* name : {"run", "reference", "phone", "note", "null"})
    EXPECT_EQ(text.find(name), std::string::npos) << name;
}

TEST(pricing, the_total_is_the_sum_of_the_lines_and_tax_rounded_half_up) {
  const catalogue products;
  const std::int64_t tea = products.find("TEA-0042")->unit_price;
  const std::int64_t cup = products.find("CUP-0003")->unit_price;
  const price sum = price_of(testing::good_order(), products);
  EXPECT_EQ(sum.subtotal, 2 * tea + cup);
  EXPECT_EQ(sum.tax, (sum.subtotal * 20 + 50) / 100);
  EXPECT_EQ(sum.total, sum.subtotal + sum.tax);
}

TEST(pricing, the_largest_order_does_not_overflow) {
  new_order order = testing::good_order();
  order.lines = std::vector<new_line>(50, new_line{"POT-0001", 999});
  const price sum = price_of(order, catalogue());
  EXPECT_EQ(sum.subtotal, 50 * 999 * catalogue().find("POT-0001")->unit_price);
}

TEST(digest, is_xxh3_64_of_the_bytes) {
  // `printf '' | xxhsum -H3`
  EXPECT_EQ(digest_of(""), "2d06800538d394c2");
  EXPECT_NE(digest_of("{\"a\":1}"), digest_of("{\"a\": 1}"));
}

}  // namespace
}  // namespace lakh::shop
