#include <lakh/core/error.hpp>
#include <lakh/http/headers.hpp>
#include <lakh/wire/ascii.hpp>
#include <lakh/wire/http1_write.hpp>

#include <algorithm>

namespace lakh::http {

headers& headers::add(std::string_view name, std::string_view value) {
  if (!wire::is_field_name(name))
    throw input_error("header name '" + std::string(name) + "' is not allowed",
                      "a name has letters, digits and !#$%&'*+-.^_`|~ only");
  const std::string_view trimmed = wire::trim_ows(value);
  if (!wire::is_field_value(trimmed))
    throw input_error("the value of header '" + std::string(name) + "' holds a control character",
                      "line ends and the like cannot be sent in a header");
  fields_.emplace_back(name, trimmed);
  return *this;
}

headers& headers::set(std::string_view name, std::string_view value) {
  headers checked;
  checked.add(name, value);
  remove(name);
  fields_.push_back(std::move(checked.fields_.front()));
  return *this;
}

headers& headers::remove(std::string_view name) {
  std::erase_if(fields_, [&](const value_type& f) { return wire::equals_ignoring_case(f.first, name); });
  return *this;
}

std::optional<std::string_view> headers::find(std::string_view name) const noexcept {
  for (const auto& [n, value] : fields_)
    if (wire::equals_ignoring_case(n, name)) return value;
  return std::nullopt;
}

}  // namespace lakh::http
