#include <lakh/http/value.hpp>

#include <cmath>

namespace lakh::http::detail {

std::string expected_integer(const std::string& least, const std::string& most) {
  std::string out = "an integer";
  if (!least.empty()) out += " from " + least;
  if (!most.empty()) out += " to " + most;
  return out;
}

void integer_schema(std::string& out, const std::string& least, const std::string& most) {
  out += R"({"type":"integer")";
  if (!least.empty()) out += R"(,"minimum":)" + least;
  if (!most.empty()) out += R"(,"maximum":)" + most;
  out += '}';
}

bool parse_double(std::string_view text, double& out) noexcept {
  if (!is_json_number(text)) return false;  // from_chars would also take "inf", "nan" and ".5"
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

void append_double(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

json_outcome read_document(std::string_view text, field_errors& errors, void* into,
                           void (*read)(json_reader& in, void* into, const value_place& at), const value_place& at) {
  using status = json_outcome::status_code;
  if (const std::size_t bad = find_bad_utf8(text); bad != std::string_view::npos) return {status::not_utf8, bad};
  json_reader in(text, errors);
  read(in, into, at);
  in.end();
  switch (in.status()) {
    case json_status::ok: return {};
    case json_status::too_deep: return {status::too_deep, in.offset()};
    case json_status::malformed: break;
  }
  return {status::malformed, in.offset()};
}

}  // namespace lakh::http::detail
