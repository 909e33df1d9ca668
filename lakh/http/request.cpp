#include <lakh/core/text.hpp>
#include <lakh/http/problem.hpp>
#include <lakh/http/request.hpp>
#include <lakh/wire/ascii.hpp>

namespace lakh::http {

void request::start(body_source* source) noexcept {
  source_ = source;
  route_ = nullptr;
  names_ = nullptr;
  pattern_ = {};
  content_ = {};
  answer_lines_.clear();
  answer_cut_.reset();
}

std::optional<std::string_view> request::path_value(std::string_view name) const noexcept {
  if (names_ == nullptr) return std::nullopt;
  for (std::size_t i = 0; i < names_->size(); ++i)
    if ((*names_)[i] == name) return captures_[i];
  return std::nullopt;
}

std::optional<std::string_view> request::query_value(std::string_view name) const {
  std::string_view rest = head_.query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::size_t equals = pair.find('=');
    const std::string_view written = pair.substr(0, equals);
    bool same = written == name;
    if (!same && written.find_first_of("%+") != std::string_view::npos) {
      std::string decoded;
      same = decode_value(written, true, decoded) && decoded == name;
    }
    if (same) return equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
  }
  return std::nullopt;
}

void request::answer_header(std::string_view name, std::string_view value) {
  append_answer_header(answer_lines_, name, value);
}

bool decode_value(std::string_view encoded, bool plus_is_space, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    const char c = encoded[i];
    if (c == '%') {
      if (encoded.size() - i < 3) return false;
      const int high = wire::hex_value(encoded[i + 1]);
      const int low = wire::hex_value(encoded[i + 2]);
      if (high < 0 || low < 0) return false;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += c == '+' && plus_is_space ? ' ' : c;
    }
  }
  return is_utf8(out);
}

}  // namespace lakh::http
