#include <lakh/http/described.hpp>

namespace lakh::http::detail {

std::string expected_name(std::span<const std::string_view> names) {
  std::string out = names.size() == 1 ? "" : "one of ";
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i != 0) out += ", ";
    out.append("'").append(names[i]).append("'");
  }
  return out;
}

void names_schema(std::string& out, std::span<const std::string_view> names) {
  out.append(R"({"type":"string","enum":)");
  out += '[';
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i != 0) out += ',';
    append_json_string(out, names[i]);
  }
  out.append("]}");
}

}  // namespace lakh::http::detail
