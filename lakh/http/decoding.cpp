#include <lakh/core/text.hpp>
#include <lakh/http/decoding.hpp>

namespace lakh::http {

void field_errors::add(std::string place, std::string expected, std::string got) {
  if (!full()) all_.push_back({std::move(place), std::move(expected), std::move(got)});
}

std::string value_place::text() const {
  std::string out;
  append(out);
  return out;
}

void value_place::append(std::string& out) const {
  if (parent_ == nullptr) {
    out.append(name_);
    return;
  }
  parent_->append(out);
  if (name_.empty()) {
    out += '[';
    append_number(out, std::uint64_t{element_});
    out += ']';
  } else {
    out += '.';
    out.append(name_);
  }
}

std::string shortened(std::string_view text) {
  constexpr std::size_t most = 40;
  if (const std::size_t bad = find_bad_utf8(text); bad != std::string_view::npos) text = text.substr(0, bad);
  if (text.size() <= most) return std::string(text);
  std::size_t size = most;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U) --size;
  return std::string(text.substr(0, size)) + "…";
}

}  // namespace lakh::http
