// An order_page that is JSON text already, written straight from the database's rows: what the framework sends, and
// describes, as an order_page.
#pragma once

#include <lakh/http/described.hpp>
#include <lakh/shop/order_reader.hpp>

#include <string>
#include <utility>

namespace lakh::shop {

class order_list_answer {
 public:
  order_list_answer() = default;
  explicit order_list_answer(std::string json) : json_(std::move(json)) {}
  [[nodiscard]] const std::string& json() const noexcept { return json_; }

 private:
  std::string json_;
};

}  // namespace lakh::shop

template <> struct lakh::http::value_codec<lakh::shop::order_list_answer> {
  static void read(json_reader& in, shop::order_list_answer& out, const value_place& /*at*/) {
    out = shop::order_list_answer(std::string(in.value()));
  }
  static void write(std::string& out, const shop::order_list_answer& value) { out.append(value.json()); }
  static void schema(std::string& out, schema_set& set) { value_codec<shop::order_page>::schema(out, set); }
  static std::string expected() { return "a list of orders"; }
};
