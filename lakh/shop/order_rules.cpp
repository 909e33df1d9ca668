#include <lakh/core/text.hpp>
#include <lakh/shop/order_rules.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace lakh::shop {
namespace {

bool is_control(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}
bool is_letter_or_digit(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_beyond_ascii(char c) noexcept {
  return static_cast<unsigned char>(c) >= 0x80;
}

bool is_label(std::string_view label) noexcept {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, [](char c) { return c == '-' || is_letter_or_digit(c) || is_beyond_ascii(c); });
}

// Enough to catch what is surely no address; whether one works, only mail to it can tell.
bool looks_like_email(std::string_view text) noexcept {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at > 64) return false;
  const auto allowed = [](char c) {
    return !is_control(c) && c != ' ' && c != '<' && c != '>' && c != ',' && c != '"';
  };
  if (!std::ranges::all_of(text.substr(0, at), allowed)) return false;
  std::string_view domain = text.substr(at + 1);
  std::size_t labels = 0;
  while (true) {
    const std::size_t dot = domain.find('.');
    if (!is_label(domain.substr(0, dot))) return false;
    ++labels;
    if (dot == std::string_view::npos) return labels >= 2;
    domain.remove_prefix(dot + 1);
  }
}

bool is_blank(std::string_view text) noexcept {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

void refuse(http::field_errors& errors, std::string_view place, std::string_view expected, std::string_view got) {
  std::string quoted;
  append_json_string(quoted, http::shortened(got));
  errors.add(std::string(place), std::string(expected), std::move(quoted));
}

void check_text(http::field_errors& errors, std::string_view place, std::string_view text) {
  if (is_blank(text))
    refuse(errors, place, "a text that is not blank", text);
  else if (std::ranges::any_of(text, is_control))
    refuse(errors, place, "a text without control characters", text);
}

bool is_phone(std::string_view text) noexcept {
  return text.find_first_not_of("0123456789 +-()./") == std::string_view::npos &&
         text.find_first_of("0123456789") != std::string_view::npos;
}

bool is_country(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

http::field_errors check(const new_order& order, const catalogue& products) {
  http::field_errors errors;
  if (order.run) check_text(errors, "body.run", *order.run);
  if (order.reference) check_text(errors, "body.reference", *order.reference);
  check_text(errors, "body.customer.name", order.customer.name);
  if (!looks_like_email(order.customer.email))
    refuse(errors, "body.customer.email", "an e-mail address, such as ada@example.com", order.customer.email);
  if (order.customer.phone && !is_phone(*order.customer.phone))
    refuse(errors, "body.customer.phone", "digits, spaces and any of +-()./", *order.customer.phone);
  check_text(errors, "body.address.street", order.address.street);
  check_text(errors, "body.address.city", order.address.city);
  check_text(errors, "body.address.postcode", order.address.postcode);
  if (!is_country(order.address.country))
    refuse(errors, "body.address.country", "two capital letters, such as DE (ISO 3166-1)", order.address.country);
  for (std::size_t i = 0; i < order.lines.size(); ++i)
    if (products.find(order.lines[i].sku) == nullptr)
      refuse(errors, fmt::format("body.lines[{}].sku", i), "an SKU that GET /catalogue lists", order.lines[i].sku);
  return errors;
}

}  // namespace lakh::shop
