#include <lakh/shop/order_fields.hpp>

#include <algorithm>

namespace lakh::shop {

std::optional<order_fields> order_fields::read(std::string_view names) noexcept {
  std::uint32_t bits = 0;
  for (;;) {
    const std::size_t comma = names.find(',');
    const auto* const found = std::ranges::find(order_field_names, names.substr(0, comma));
    if (found == order_field_names.end()) return std::nullopt;
    bits |= 1U << static_cast<unsigned>(found - order_field_names.begin());
    if (comma == std::string_view::npos) return order_fields(bits);
    names.remove_prefix(comma + 1);
  }
}

}  // namespace lakh::shop
