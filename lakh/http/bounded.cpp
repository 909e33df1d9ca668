#include <lakh/http/bounded.hpp>

namespace lakh::http::detail {

bool has_length(std::string_view text, std::size_t least, std::size_t most) noexcept {
  if (text.size() < least) return false;
  if (text.size() <= most && text.size() / 4 >= least) return true;  // whatever its characters are
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0U) != 0x80U ? 1 : 0;
  return count >= least && count <= most;
}

std::string expected_length(std::string_view what, std::string_view unit, std::size_t least, std::size_t most) {
  std::string out(what);
  if (!out.empty()) out += " of ";
  append_number(out, std::uint64_t{least});
  if (most != least) {
    out += " to ";
    append_number(out, std::uint64_t{most});
  }
  out.append(" ").append(unit);
  if (most != 1) out += 's';
  return out;
}

void length_schema(std::string& out, std::size_t least, std::size_t most) {
  out.append(R"({"type":"string","minLength":)");
  append_number(out, std::uint64_t{least});
  out.append(R"(,"maxLength":)");
  append_number(out, std::uint64_t{most});
  out += '}';
}

void throw_out_of_bounds(const std::string& expected, const std::string& got) {
  throw input_error("expected " + expected + ", got " + got, "check the value before it is put there");
}

}  // namespace lakh::http::detail
