// What an order costs. Pure; whole cents throughout.
#pragma once

#include <lakh/shop/catalogue.hpp>
#include <lakh/shop/order.hpp>

#include <cstdint>

namespace lakh::shop {

inline constexpr std::int64_t tax_percent = 20;

struct price {
  std::int64_t subtotal = 0;  // the sum of unit price × quantity over the lines
  std::int64_t tax = 0;       // tax_percent of the subtotal, half a cent rounded up
  std::int64_t total = 0;     // subtotal + tax
};

// The order must have passed check(). At most 50 × 999 × the dearest price: far from overflow.
price price_of(const new_order& order, const catalogue& products) noexcept;

}  // namespace lakh::shop
