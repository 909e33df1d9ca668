#include <lakh/shop/pricing.hpp>

namespace lakh::shop {

price price_of(const new_order& order, const catalogue& products) noexcept {
  price sum;
  for (const new_line& line : order.lines) sum.subtotal += products.find(line.sku)->unit_price * line.quantity;
  sum.tax = (sum.subtotal * tax_percent + 50) / 100;
  sum.total = sum.subtotal + sum.tax;
  return sum;
}

}  // namespace lakh::shop
