// Request methods (RFC 9110 §9, and PATCH of RFC 5789).
#pragma once

#include <cstdint>
#include <string_view>

namespace lakh::wire {

enum class http_method : std::uint8_t { get, head, post, put, delete_, connect, options, trace, patch, other };

// "GET", "DELETE", ...; empty for `other`.
std::string_view name(http_method method) noexcept;

// Methods are case-sensitive: "get" is `other`.
http_method method_of(std::string_view text) noexcept;

// Repeating the request has the same intended effect as doing it once (RFC 9110 §9.2.2). False for `other`.
bool is_idempotent(http_method method) noexcept;

// A request by this method without a body says so by Content-Length: 0 (RFC 9110 §8.6): POST, PUT and PATCH.
constexpr bool expects_content(http_method method) noexcept {
  return method == http_method::post || method == http_method::put || method == http_method::patch;
}

}  // namespace lakh::wire
