// URLs by RFC 3986: parse, take apart, resolve. For queries and escapes see percent.hpp.
//
//    lakh::url u("https://user@example.com:8443/orders?page=2#top");
//    u.host();  u.port();  u.path();  u.join("../stats").text();
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace lakh {

// What is wrong with a URL, and at which byte, counted from 0.
struct url_error {
  std::string_view message;  // static text
  std::size_t position = 0;
};

// An absolute URL or a relative reference, immutable, as it was written but for the scheme and the host, which are in
// lower case. Control characters, spaces and non-ASCII are refused: requote() of percent.hpp makes them harmless first.
class url {
 public:
  // An empty relative reference.
  url() = default;

  // Throws input_error that shows the position.
  explicit url(std::string_view text);

  static std::expected<url, url_error> try_parse(std::string_view text);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

  [[nodiscard]] std::string_view scheme() const noexcept { return part(0, scheme_end_); }
  [[nodiscard]] bool has_authority() const noexcept { return has_authority_; }
  // "user:password@host:port", still encoded.
  [[nodiscard]] std::string_view authority() const noexcept { return part(user_begin_, authority_end_); }
  // "user:password", still encoded.
  [[nodiscard]] std::string_view userinfo() const noexcept;
  [[nodiscard]] std::string_view user() const noexcept;
  [[nodiscard]] std::string_view password() const noexcept;
  // Still encoded; an IPv6 address without its brackets.
  [[nodiscard]] std::string_view host() const noexcept;
  [[nodiscard]] bool host_is_ipv6() const noexcept { return ipv6_; }
  // As written; nothing if there is none.
  [[nodiscard]] std::optional<std::uint16_t> port() const noexcept;
  // As written, or that of the scheme (http, https, ws, wss, ftp, ftps, ssh, sftp); 0 if neither.
  [[nodiscard]] std::uint16_t effective_port() const noexcept;
  // "host:port" as written, without user information: what a Host field says. IPv6 with brackets.
  [[nodiscard]] std::string_view host_and_port() const noexcept { return part(host_begin_, authority_end_); }
  [[nodiscard]] std::string_view path() const noexcept { return part(authority_end_, path_end_); }
  [[nodiscard]] bool has_query() const noexcept { return query_end_ > path_end_; }
  // Without the '?' and still encoded.
  [[nodiscard]] std::string_view query() const noexcept;
  [[nodiscard]] bool has_fragment() const noexcept { return text_.size() > query_end_; }
  [[nodiscard]] std::string_view fragment() const noexcept;

  // What stands in an HTTP request line: path and query, "/" for an empty path.
  [[nodiscard]] std::string target() const;
  // "https://example.com:8443", without a default port; empty if there is no authority.
  [[nodiscard]] std::string origin() const;

  // The reference as seen from here (RFC 3986 §5.2), with dot segments removed. Strict: "http:g" has a scheme, so it is
  // not relative. join throws input_error for a reference that does not parse.
  [[nodiscard]] url join(std::string_view reference) const;
  [[nodiscard]] std::expected<url, url_error> try_join(std::string_view reference) const;
  [[nodiscard]] url join(const url& reference) const;

  // The same URL with this query (already encoded, without '?'); none if it is empty.
  [[nodiscard]] url with_query(std::string_view query) const;
  [[nodiscard]] url without_fragment() const;

  bool operator==(const url& other) const noexcept { return text_ == other.text_; }

 private:
  [[nodiscard]] std::string resolve(const url& reference) const;
  [[nodiscard]] std::string_view part(std::uint32_t from, std::uint32_t to) const noexcept {
    return std::string_view(text_).substr(from, to - from);
  }

  // scheme [0, scheme_end) ":" "//" userinfo "@" [host_begin, ...) path [authority_end, path_end) "?"query [..,
  // query_end) "#"...
  std::string text_;
  std::uint32_t scheme_end_ = 0;
  std::uint32_t user_begin_ = 0;
  std::uint32_t host_begin_ = 0;
  std::uint32_t host_end_ = 0;  // with the closing bracket
  std::uint32_t authority_end_ = 0;
  std::uint32_t path_end_ = 0;
  std::uint32_t query_end_ = 0;
  bool has_authority_ = false;
  bool ipv6_ = false;
};

// Same scheme, host and effective port (RFC 6454 §5): credentials may follow a redirect only then.
[[nodiscard]] bool same_origin(const url& a, const url& b) noexcept;

// RFC 3986 §5.2.4: "/a/b/c/./../../g" is "/a/g".
[[nodiscard]] std::string remove_dot_segments(std::string_view in);

}  // namespace lakh
