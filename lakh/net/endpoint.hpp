// Where a peer is, or where a server listens: host and port, or the path of a Unix-domain socket.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace lakh::net {

class endpoint {
 public:
  enum class family : std::uint8_t { tcp, unix_domain };

  endpoint() = default;
  // A host is a name or a numeric address, IPv6 without brackets; empty means all addresses of this machine.
  endpoint(std::string host, std::uint16_t port) : host_(std::move(host)), port_(port) {}
  static endpoint unix_domain(std::string path);

  // "127.0.0.1:8080", "[::1]:8080", "localhost:8080", ":8080", "unix:/run/shop.sock", "unix:@shop". Throws input_error.
  // With "@" it is a name and no file (unix(7), abstract sockets): nothing is left of it when its program ends, and
  // every user of the machine can connect to it.
  static endpoint parse(std::string_view text);

  [[nodiscard]] family kind() const noexcept { return family_; }
  [[nodiscard]] const std::string& host() const noexcept { return host_; }
  // The path of a Unix-domain socket; begins with a NUL byte if it is a name and no file.
  [[nodiscard]] const std::string& path() const noexcept { return host_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  // As `parse` reads it.
  [[nodiscard]] std::string text() const;

  bool operator==(const endpoint&) const = default;

 private:
  std::string host_;
  std::uint16_t port_ = 0;
  family family_ = family::tcp;
};

}  // namespace lakh::net
