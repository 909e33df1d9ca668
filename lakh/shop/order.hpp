// An order as it comes in, and as it is answered. Money is whole cents.
#pragma once

#include <lakh/http/bounded.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lakh::shop {

struct customer {
  http::text<1, 200> name;
  http::text<3, 254> email;  // compared without regard to ASCII case
  std::optional<http::text<3, 40>> phone;
};
BOOST_DESCRIBE_STRUCT(customer, (), (name, email, phone))

struct address {
  http::text<1, 200> street;
  http::text<1, 100> city;
  http::text<1, 20> postcode;
  http::text<2, 2> country;  // ISO 3166-1 alpha-2: "DE"
};
BOOST_DESCRIBE_STRUCT(address, (), (street, city, postcode, country))

struct new_line {
  http::text<1, 40> sku;
  http::ranged<std::int64_t, 1, 999> quantity;
};
BOOST_DESCRIBE_STRUCT(new_line, (), (sku, quantity))

// The body of POST /orders. What the types do not say, order_rules.hpp does.
struct new_order {
  std::optional<http::text<1, 100>> run;        // groups orders, so that they can be listed together
  std::optional<http::text<1, 100>> reference;  // the customer's own number for it; the shop only hands it back
  shop::customer customer;
  shop::address address;
  http::list<new_line, 1, 50> lines;
  std::optional<http::text<0, 1000>> note;
};
BOOST_DESCRIBE_STRUCT(new_order, (), (run, reference, customer, address, lines, note))

struct order_line {
  std::string sku;
  std::string name;
  std::int64_t quantity = 0;
  std::int64_t unit_price = 0;
  std::int64_t line_total = 0;
};
BOOST_DESCRIBE_STRUCT(order_line, (), (sku, name, quantity, unit_price, line_total))

// The body of the answer. The text that the shop stores and sends is written by order_json.hpp, field for field this.
struct order_view {
  std::string id;           // "ord_…", sorts by time of acceptance
  std::int64_t number = 0;  // 1, 2, 3, … in the order of commit, without gaps
  std::string status;       // "accepted"
  std::string created_at;   // RFC 3339, UTC, milliseconds
  std::optional<std::string> run;
  std::optional<std::string> reference;
  shop::customer customer;
  shop::address address;
  std::vector<order_line> lines;
  std::int64_t subtotal = 0;
  std::int64_t tax = 0;
  std::int64_t total = 0;
  std::string currency;
  std::optional<std::string> note;
  // XXH3-64 of the request's body, byte for byte as it was received, as 16 lower-case hexadecimal digits: whoever kept
  // what he sent can tell whether it arrived unaltered.
  std::string digest;
};
BOOST_DESCRIBE_STRUCT(order_view, (),
                      (id, number, status, created_at, run, reference, customer, address, lines, subtotal, tax, total,
                       currency, note, digest))

}  // namespace lakh::shop
