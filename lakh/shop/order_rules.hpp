// What an order must be to be accepted, beyond what its types demand. Pure.
//
//   every text but the note      not blank, no control characters
//   customer.email               one @, a domain with a dot
//   customer.phone               digits, spaces and any of +-()./
//   address.country              two letters A … Z
//   lines[i].sku                 in the catalogue
#pragma once

#include <lakh/http/json_reader.hpp>
#include <lakh/shop/catalogue.hpp>
#include <lakh/shop/order.hpp>

namespace lakh::shop {

// Empty if the order is acceptable; otherwise each fault with its place ("body.lines[2].sku").
http::field_errors check(const new_order& order, const catalogue& products);

}  // namespace lakh::shop
