#include <lakh/core/error.hpp>
#include <lakh/net/endpoint.hpp>

#include <charconv>

namespace lakh::net {

endpoint endpoint::unix_domain(std::string path) {
  endpoint result(std::move(path), 0);
  result.family_ = family::unix_domain;
  return result;
}

endpoint endpoint::parse(std::string_view text) {
  const auto bad = [&](const char* what) -> input_error {
    return input_error("address '" + std::string(text) + "': " + what,
                       "write HOST:PORT, [IPV6]:PORT, :PORT or unix:PATH, as in 127.0.0.1:8080");
  };
  if (text.starts_with("unix:")) {
    const std::string_view path = text.substr(5);
    // sun_path has 108 bytes with the closing NUL (unix(7)).
    if (path.empty()) throw bad("the path is missing");
    if (path.size() > 107) throw bad("a socket's path may have 107 bytes at most");
    std::string name(path);
    if (name.front() == '@') name.front() = '\0';
    return unix_domain(std::move(name));
  }
  std::string_view host;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || end + 1 >= text.size() || text[end + 1] != ':')
      throw bad("an IPv6 address stands in brackets, followed by a colon and the port");
    host = text.substr(1, end - 1);
    port = text.substr(end + 2);
  } else {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) throw bad("the port is missing");
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (host.find(':') != std::string_view::npos) throw bad("an IPv6 address needs brackets");
  }
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (port.empty() || error != std::errc() || end != port.data() + port.size())
    throw bad("the port must be a number from 0 to 65535");
  return endpoint(std::string(host), number);
}

std::string endpoint::text() const {
  if (family_ == family::unix_domain) return host_.starts_with('\0') ? "unix:@" + host_.substr(1) : "unix:" + host_;
  const bool ipv6 = host_.find(':') != std::string::npos;
  return (ipv6 ? "[" + host_ + "]" : host_) + ":" + std::to_string(port_);
}

}  // namespace lakh::net
