#include <lakh/core/text.hpp>
#include <lakh/shop/order_json.hpp>

#include <optional>

namespace lakh::shop {
namespace {

// `name` comes with its quotation marks, colon and what stands before: ,"city":
void append_text(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  append_json_string(out, value);
}
template <class T> void append_optional(std::string& out, std::string_view name, const std::optional<T>& value) {
  if (value) append_text(out, name, *value);
}
void append_integer(std::string& out, std::string_view name, std::int64_t value) {
  out += name;
  append_number(out, value);
}

}  // namespace

void append_order_head(std::string& out, std::string_view id, std::int64_t number, std::string_view created_at) {
  append_text(out, R"({"id":)", id);
  append_integer(out, R"(,"number":)", number);
  append_text(out, R"(,"status":"accepted","created_at":)", created_at);
}

void append_order_rest(std::string& out, const new_order& order, const catalogue& products, const price& sum,
                       std::string_view digest) {
  append_optional(out, R"(,"run":)", order.run);
  append_optional(out, R"(,"reference":)", order.reference);
  append_text(out, R"(,"customer":{"name":)", order.customer.name);
  append_text(out, R"(,"email":)", order.customer.email);
  append_optional(out, R"(,"phone":)", order.customer.phone);
  append_text(out, R"(},"address":{"street":)", order.address.street);
  append_text(out, R"(,"city":)", order.address.city);
  append_text(out, R"(,"postcode":)", order.address.postcode);
  append_text(out, R"(,"country":)", order.address.country);
  out += R"(},"lines":)";
  char before = '[';
  for (const new_line& line : order.lines) {
    const product& bought = *products.find(line.sku);
    out += before;
    before = ',';
    append_text(out, R"({"sku":)", line.sku);
    append_text(out, R"(,"name":)", bought.name);
    append_integer(out, R"(,"quantity":)", line.quantity);
    append_integer(out, R"(,"unit_price":)", bought.unit_price);
    append_integer(out, R"(,"line_total":)", bought.unit_price * line.quantity);
    out += '}';
  }
  append_integer(out, R"(],"subtotal":)", sum.subtotal);
  append_integer(out, R"(,"tax":)", sum.tax);
  append_integer(out, R"(,"total":)", sum.total);
  append_text(out, R"(,"currency":)", currency);
  append_optional(out, R"(,"note":)", order.note);
  append_text(out, R"(,"digest":)", digest);
  out += '}';
}

}  // namespace lakh::shop
