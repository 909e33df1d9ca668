#include <lakh/wire/ascii.hpp>
#include <lakh/wire/http1_target.hpp>
#include <lakh/wire/scan.hpp>

#include <algorithm>

namespace lakh::wire {
namespace {

bool is_port(std::string_view text) noexcept {
  if (text.size() > 5) return false;
  unsigned value = 0;
  for (char c : text) {
    const unsigned digit = static_cast<unsigned char>(c) - unsigned{'0'};
    if (digit > 9) return false;
    value = value * 10 + digit;
  }
  return value <= 65535;
}

// Only which characters, not the grammar of addresses: enough that nothing else can hide in there.
bool is_ip_literal(std::string_view inside) noexcept {
  return inside.find(':') != std::string_view::npos &&
         std::ranges::all_of(inside, [](char c) { return is(c, class_hex) || c == ':' || c == '.'; });
}

void split_path(request_head& head, std::string_view from_path) noexcept {
  const std::size_t mark = from_path.find('?');
  head.path = from_path.substr(0, mark);
  if (mark != std::string_view::npos) head.query = from_path.substr(mark + 1);
}

bool split_absolute(request_head& head) noexcept {
  const std::size_t scheme = head.target.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::string_view name = head.target.substr(0, scheme);
  if (!equals_ignoring_case(name, "http") && !equals_ignoring_case(name, "https")) return false;
  const std::string_view rest = head.target.substr(scheme + 3);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  head.form = target_form::absolute;
  head.authority = rest.substr(0, end);
  split_path(head, rest.substr(end));
  if (head.path.empty()) head.path = "/";
  return !head.authority.empty() && is_authority(head.authority);
}

}  // namespace

bool is_authority(std::string_view text, bool port_required) noexcept {
  std::size_t host_end = 0;
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos || !is_ip_literal(text.substr(1, bracket - 1))) return false;
    host_end = bracket + 1;
  } else {
    host_end =
        static_cast<std::size_t>(scan::by_table(text.data(), text.data() + text.size(), class_host) - text.data());
    if (host_end == 0) return false;
  }
  if (host_end == text.size()) return !port_required;
  if (text[host_end] != ':') return false;
  const std::string_view port = text.substr(host_end + 1);
  return is_port(port) && !(port_required && port.empty());
}

bool split_target(request_head& head) noexcept {
  head.authority = head.path = head.query = {};
  if (head.method_code == http_method::connect) {
    head.form = target_form::authority;
    head.authority = head.target;
    return is_authority(head.target, true);
  }
  if (head.target.front() == '/') {
    head.form = target_form::origin;
    split_path(head, head.target);
    return true;
  }
  if (head.target == "*") {
    head.form = target_form::asterisk;
    head.path = head.target;
    return head.method_code == http_method::options;
  }
  return split_absolute(head);
}

}  // namespace lakh::wire
