// An order_view that is JSON text already, as it was stored: what the framework sends, and describes, as an order_view.
#pragma once

#include <lakh/http/described.hpp>
#include <lakh/shop/order.hpp>

#include <string>
#include <utility>

namespace lakh::shop {

class order_answer {
 public:
  order_answer() = default;
  explicit order_answer(std::string json) : json_(std::move(json)) {}
  [[nodiscard]] const std::string& json() const noexcept { return json_; }

 private:
  std::string json_;
};

}  // namespace lakh::shop

template <> struct lakh::http::value_codec<lakh::shop::order_answer> {
  static void read(json_reader& in, shop::order_answer& out, const value_place& /*at*/) {
    out = shop::order_answer(std::string(in.value()));
  }
  static void write(std::string& out, const shop::order_answer& value) { out.append(value.json()); }
  static void schema(std::string& out, schema_set& set) { value_codec<shop::order_view>::schema(out, set); }
  static std::string expected() { return "an order"; }
};
