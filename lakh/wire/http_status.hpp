// Status codes (RFC 9110 §15, RFC 6585, and the IANA registry).
#pragma once

#include <string_view>

namespace lakh::wire {

// The registered reason phrase: "Not Found". "Unknown" for a code that is not registered.
std::string_view reason_phrase(int status) noexcept;

// "HTTP/1.1 404 Not Found\r\n", ready to be sent. Empty for a code that is not registered.
std::string_view status_line(int status) noexcept;

// These never have a body, whatever their fields say (RFC 9112 §6.3): 1xx, 204, 304.
constexpr bool forbids_body(int status) noexcept {
  return status < 200 || status == 204 || status == 304;
}

}  // namespace lakh::wire
