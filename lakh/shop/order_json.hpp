// An order_view as JSON text, written straight from what it is made of: this is the hot path of the shop.
//
// The text has two parts, because the writer knows the order's name and time only when it commits, while everything
// else can be written before, on the thread that received it.
#pragma once

#include <lakh/shop/catalogue.hpp>
#include <lakh/shop/order.hpp>
#include <lakh/shop/pricing.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace lakh::shop {

// {"id":…,"number":…,"status":"accepted","created_at":…
void append_order_head(std::string& out, std::string_view id, std::int64_t number, std::string_view created_at);

// ,"run":… to the closing brace. Absent fields are left out. The order must have passed check().
void append_order_rest(std::string& out, const new_order& order, const catalogue& products, const price& sum,
                       std::string_view digest);

}  // namespace lakh::shop
