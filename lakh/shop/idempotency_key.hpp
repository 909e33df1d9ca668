// The Idempotency-Key request header field (draft-ietf-httpapi-idempotency-key-header-07).
//
// Two spellings of one key are accepted: the draft's, a Structured Fields string ("8e03978e-…", RFC 8941 §3.3.3; its
// parameters are ignored), and the bare one that many clients send (8e03978e-…), made of letters, digits and
// !#$%&'*+-./:=?@^_`|~. Once read, a key is 1 … 255 printable ASCII characters.
//
// The scope of a key is the shop: POST /orders is the only operation that takes one. A key is bound to the order that
// was accepted under it for as long as the order exists, that is for ever; a request that was refused (4xx) or failed
// (5xx) leaves its key free. The fingerprint that tells a retry from a misuse is the order's digest.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace lakh::shop {

inline constexpr std::size_t longest_key = 255;

// The key itself, or what is wrong with the field's value, as a sentence for the client.
std::expected<std::string, std::string> read_idempotency_key(std::string_view field_value);

}  // namespace lakh::shop
