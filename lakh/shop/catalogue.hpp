// What the shop sells: two hundred products that are the same in every shop, so that orders can be written beforehand.
#pragma once

#include <boost/describe/class.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::shop {

inline constexpr std::string_view currency = "EUR";

struct product {
  std::string sku;  // "TEA-0042": three letters of the category, a number from 0001 within it
  std::string name;
  std::string category;
  std::int64_t unit_price = 0;  // in cents, without tax
  std::string currency;
};
BOOST_DESCRIBE_STRUCT(product, (), (sku, name, category, unit_price, currency))

class catalogue {
 public:
  // 80 teas, 60 coffees, 30 cups and 30 pots: TEA-0001 … TEA-0080, COF-0001 …, CUP-0001 …, POT-0001 …
  catalogue();

  // Null where there is no such product. The letters are upper case, as printed.
  [[nodiscard]] const product* find(std::string_view sku) const noexcept;

  // In the order of the SKUs' numbers within each category.
  [[nodiscard]] std::span<const product> all() const noexcept { return products_; }

 private:
  std::vector<product> products_;
};

}  // namespace lakh::shop
