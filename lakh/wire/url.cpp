#include <lakh/core/error.hpp>
#include <lakh/wire/ascii.hpp>
#include <lakh/wire/percent.hpp>
#include <lakh/wire/url.hpp>

#include <algorithm>
#include <limits>

#include <arpa/inet.h>

namespace lakh {
namespace {

using wire::all_are;
using wire::is;

constexpr std::size_t max_url = 1024 * 1024;

struct default_port {
  std::string_view scheme;
  std::uint16_t port;
};

constexpr default_port default_ports[] = {{"http", 80}, {"https", 443}, {"ws", 80},  {"wss", 443},
                                          {"ftp", 21},  {"ftps", 990},  {"ssh", 22}, {"sftp", 22}};

std::uint16_t port_of_scheme(std::string_view scheme) noexcept {
  for (const auto& known : default_ports)
    if (known.scheme == scheme) return known.port;
  return 0;
}

bool is_scheme(std::string_view text) noexcept {
  return !text.empty() && is(text.front(), wire::class_alpha) && std::ranges::all_of(text, [](char c) {
    return is(c, wire::class_alpha | wire::class_digit) || c == '+' || c == '-' || c == '.';
  });
}

bool is_ipv6(std::string_view text) {
  const std::string terminated(text);
  in6_addr ignored;
  return ::inet_pton(AF_INET6, terminated.c_str(), &ignored) == 1;
}

std::optional<std::uint16_t> port_value(std::string_view digits) noexcept {
  if (digits.empty() || digits.size() > 5 || !all_are(digits, wire::class_digit)) return std::nullopt;
  unsigned value = 0;
  for (char c : digits) value = value * 10 + static_cast<unsigned>(c - '0');
  if (value > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

// What no part of a URL may have.
std::optional<url_error> forbidden_character(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (c == ' ') return url_error{"there is a space; write it as %20", i};
    if (byte < 0x20 || byte == 0x7f) return url_error{"there is a control character", i};
    if (byte >= 0x80) return url_error{"there is a character that is not ASCII; it must be percent-encoded", i};
    if (std::string_view("\"<>\\^`{|}").find(c) != std::string_view::npos)
      return url_error{"there is a character that must be percent-encoded", i};
    if (c == '%' && (i + 2 >= text.size() || !is(text[i + 1], wire::class_hex) || !is(text[i + 2], wire::class_hex)))
      return url_error{"'%' is not followed by two hexadecimal digits; write it as %25", i};
  }
  return std::nullopt;
}

std::uint32_t offset(std::size_t n) noexcept {
  return static_cast<std::uint32_t>(n);
}

void lower_range(std::string& text, std::size_t from, std::size_t to) noexcept {
  for (std::size_t i = from; i < to; ++i) text[i] = wire::lower(text[i]);
}

// RFC 3986 §5.3
std::string compose(const url& scheme, const url& authority, std::string_view path, const url& query,
                    const url& fragment) {
  std::string out;
  if (!scheme.scheme().empty()) out.append(scheme.scheme()).push_back(':');
  if (authority.has_authority()) {
    out.append("//").append(authority.authority());
  } else if (path.starts_with("//")) {
    out.append("/.");  // else the path would read as an authority
  } else if (out.empty() && path.substr(0, path.find('/')).find(':') != std::string_view::npos) {
    out.append("./");  // else its first segment would read as a scheme
  }
  out.append(path);
  if (query.has_query()) {
    out.push_back('?');
    out.append(query.query());
  }
  if (fragment.has_fragment()) {
    out.push_back('#');
    out.append(fragment.fragment());
  }
  return out;
}

[[noreturn]] void throw_url_error(std::string_view text, const url_error& e) {
  constexpr std::size_t most_shown = 200;
  std::string shown = requote(text.substr(0, most_shown));
  if (text.size() > most_shown) shown += "...";
  throw input_error("the URL \"" + shown + "\" is wrong at character " + std::to_string(e.position + 1) + ": " +
                        std::string(e.message),
                    "a URL reads scheme://host:port/path?query, for example http://127.0.0.1:8080/orders?page=2");
}

url value_or_throw(std::expected<url, url_error> parsed, std::string_view text) {
  if (!parsed) throw_url_error(text, parsed.error());
  return *std::move(parsed);
}

}  // namespace

url::url(std::string_view text) : url(value_or_throw(try_parse(text), text)) {}

std::expected<url, url_error> url::try_parse(std::string_view text) {
  const auto wrong = [](std::string_view message, std::size_t position) {
    return std::unexpected(url_error{message, position});
  };
  if (text.size() > max_url) return wrong("it is longer than 1 MiB", max_url);
  if (const auto error = forbidden_character(text)) return std::unexpected(*error);

  url u;
  u.text_ = text;
  std::size_t at = 0;
  const std::size_t colon = text.find_first_of(":/?#");
  if (colon != std::string_view::npos && text[colon] == ':') {
    if (!is_scheme(text.substr(0, colon))) return wrong("the scheme, such as http://, is missing or malformed", 0);
    lower_range(u.text_, 0, colon);
    u.scheme_end_ = offset(colon);
    at = colon + 1;
  }

  const std::size_t path_begin = [&] {
    if (!text.substr(at).starts_with("//")) return at;
    u.has_authority_ = true;
    at += 2;
    return std::min(text.find_first_of("/?#", at), text.size());
  }();
  u.user_begin_ = u.host_begin_ = offset(at);
  u.authority_end_ = u.host_end_ = offset(path_begin);
  if (u.has_authority_) {
    if (const std::size_t sign = text.substr(0, path_begin).find('@', at); sign != std::string_view::npos) {
      for (std::size_t i = at; i < sign; ++i)
        if (!is(text[i], wire::class_host) && text[i] != ':')
          return wrong("the user information has a forbidden character", i);
      at = sign + 1;
      u.host_begin_ = offset(at);
    }
    std::size_t host_end = at;
    if (at < path_begin && text[at] == '[') {
      const std::size_t bracket = text.substr(0, path_begin).find(']', at);
      if (bracket == std::string_view::npos) return wrong("the '[' before an IPv6 address is not closed", at);
      if (!is_ipv6(text.substr(at + 1, bracket - at - 1))) return wrong("this is not an IPv6 address", at + 1);
      u.ipv6_ = true;
      host_end = bracket + 1;
    } else {
      while (host_end < path_begin && is(text[host_end], wire::class_host)) ++host_end;
    }
    if (host_end < path_begin) {
      if (text[host_end] != ':') return wrong("the host has a forbidden character", host_end);
      const std::string_view port = text.substr(host_end + 1, path_begin - host_end - 1);
      if (!port.empty() && !port_value(port)) return wrong("the port is not a number from 0 to 65535", host_end + 1);
    }
    const bool needs_host = port_of_scheme(u.scheme()) != 0;
    if (host_end == at && (needs_host || at != u.user_begin_ || host_end < path_begin))
      return wrong("the host is missing", at);
    u.host_end_ = offset(host_end);
    lower_range(u.text_, at, host_end);
  } else if (port_of_scheme(u.scheme()) != 0 && (path_begin == text.size() || text[path_begin] == '/')) {
    return wrong("the host is missing: two slashes go before it", path_begin);
  }

  const std::size_t hash = std::min(text.find('#', path_begin), text.size());
  u.query_end_ = offset(hash);
  u.path_end_ = offset(std::min(text.substr(0, hash).find('?', path_begin), hash));
  if (const std::size_t second = hash < text.size() ? text.find('#', hash + 1) : std::string_view::npos;
      second != std::string_view::npos)
    return wrong("there is a second '#'; write it as %23", second);
  return u;
}

std::string_view url::userinfo() const noexcept {
  return host_begin_ > user_begin_ ? part(user_begin_, host_begin_ - 1) : std::string_view();
}

std::string_view url::user() const noexcept {
  return userinfo().substr(0, userinfo().find(':'));
}

std::string_view url::password() const noexcept {
  const std::size_t colon = userinfo().find(':');
  return colon == std::string_view::npos ? std::string_view() : userinfo().substr(colon + 1);
}

std::string_view url::host() const noexcept {
  return ipv6_ ? part(host_begin_ + 1, host_end_ - 1) : part(host_begin_, host_end_);
}

std::optional<std::uint16_t> url::port() const noexcept {
  return host_end_ < authority_end_ ? port_value(part(host_end_ + 1, authority_end_)) : std::nullopt;
}

std::uint16_t url::effective_port() const noexcept {
  return port().value_or(port_of_scheme(scheme()));
}

std::string_view url::query() const noexcept {
  return has_query() ? part(path_end_ + 1, query_end_) : std::string_view();
}

std::string_view url::fragment() const noexcept {
  return has_fragment() ? part(query_end_ + 1, offset(text_.size())) : std::string_view();
}

std::string url::target() const {
  std::string out(path().empty() ? "/" : path());
  out.append(part(path_end_, query_end_));
  return out;
}

std::string url::origin() const {
  std::string out;
  if (!has_authority_) return out;
  out.append(scheme()).append("://").append(part(host_begin_, host_end_));
  if (const auto explicit_port = port(); explicit_port && *explicit_port != port_of_scheme(scheme()))
    out.append(":").append(std::to_string(*explicit_port));
  return out;
}

// RFC 3986 §5.2.2
std::string url::resolve(const url& r) const {
  if (!r.scheme().empty()) return compose(r, r, remove_dot_segments(r.path()), r, r);
  if (r.has_authority()) return compose(*this, r, remove_dot_segments(r.path()), r, r);
  if (r.path().empty()) return compose(*this, *this, path(), r.has_query() ? r : *this, r);
  if (r.path().starts_with('/')) return compose(*this, *this, remove_dot_segments(r.path()), r, r);
  // §5.2.3: the reference takes the place of what stands behind the last slash.
  std::string merged = has_authority() && path().empty() ? "/" : std::string(path().substr(0, path().rfind('/') + 1));
  merged.append(r.path());
  return compose(*this, *this, remove_dot_segments(merged), r, r);
}

url url::join(const url& reference) const {
  return url(resolve(reference));
}

url url::join(std::string_view reference) const {
  return join(url(reference));
}

std::expected<url, url_error> url::try_join(std::string_view reference) const {
  const auto parsed = try_parse(reference);
  return parsed ? try_parse(resolve(*parsed)) : parsed;
}

url url::with_query(std::string_view query) const {
  std::string out = text_.substr(0, path_end_);
  if (!query.empty()) out.append("?").append(query);
  out.append(text_, query_end_);
  return url(out);
}

url url::without_fragment() const {
  return url(part(0, query_end_));
}

bool same_origin(const url& a, const url& b) noexcept {
  return a.has_authority() && b.has_authority() && a.scheme() == b.scheme() && a.host() == b.host() &&
         a.effective_port() == b.effective_port();
}

std::string remove_dot_segments(std::string_view in) {
  std::string out;
  const auto drop_last_segment = [&out] { out.erase(std::min(out.rfind('/'), out.size())); };
  while (!in.empty()) {  // the steps A to E of the RFC
    if (in.starts_with("../")) {
      in.remove_prefix(3);
    } else if (in.starts_with("./") || in.starts_with("/./")) {
      in.remove_prefix(2);
    } else if (in == "/.") {
      in = "/";
    } else if (in.starts_with("/../")) {
      in.remove_prefix(3);
      drop_last_segment();
    } else if (in == "/..") {
      in = "/";
      drop_last_segment();
    } else if (in == "." || in == "..") {
      in = {};
    } else {
      const std::size_t next = std::min(in.find('/', 1), in.size());
      out.append(in.substr(0, next));
      in.remove_prefix(next);
    }
  }
  return out;
}

}  // namespace lakh
