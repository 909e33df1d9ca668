#include <lakh/shop/catalogue.hpp>

#include <gtest/gtest.h>

#include <set>

namespace lakh::shop {
namespace {

TEST(catalogue, two_hundred_products_each_found_under_its_own_sku) {
  const catalogue products;
  ASSERT_EQ(products.all().size(), 200U);
  std::set<std::string> seen;
  for (const product& one : products.all()) {
    EXPECT_TRUE(seen.insert(one.sku).second) << one.sku;
    EXPECT_EQ(products.find(one.sku), &one);
    EXPECT_GT(one.unit_price, 0);
    EXPECT_EQ(one.unit_price % 5, 0);
    EXPECT_FALSE(one.name.empty());
    EXPECT_EQ(one.currency, "EUR");
  }
}

TEST(catalogue, names_do_not_repeat) {
  const catalogue products;
  std::set<std::string> names;
  for (const product& one : products.all()) EXPECT_TRUE(names.insert(one.name).second) << one.sku << " " << one.name;
}

// Orders written for one shop must be good in every other: a change of prices changes the totals that people kept.
TEST(catalogue, is_the_same_in_every_shop) {
  const catalogue products;
  std::int64_t sum = 0;
  for (const product& one : products.all()) sum = (sum * 31 + one.unit_price) % 1'000'000'007;
  EXPECT_EQ(sum, 446078435);
  EXPECT_EQ(products.find("TEA-0042")->name, "Darjeeling, 20 bags");
}

TEST(catalogue, what_it_does_not_have_is_not_found) {
  const catalogue products;
  for (const char* sku : {"", "TEA", "TEA-", "TEA-0000", "TEA-0081", "TEA-9999", "tea-0001", "TEA-001", "TEA-00001",
                          "TEA_0001", "ZZZ-0001", "TEA-000a", "TEA--001", "POT-0031", "TEA-0001 "})
    EXPECT_EQ(products.find(sku), nullptr) << sku;
  EXPECT_EQ(products.find(std::string_view("TEA-\0\0\0\1", 8)), nullptr);
}

}  // namespace
}  // namespace lakh::shop
