// Escapes and queries of URLs: what urllib.parse calls quote, unquote, quote_plus, parse_qsl and urlencode.
#pragma once

#include <lakh/wire/url.hpp>

#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lakh {

// Escapes every byte but letters, digits, "-._~" and those in `safe`. To append: core/text.hpp.
std::string percent_encode(std::string_view text, std::string_view safe = "/");

// Resolves %XX; an incomplete escape is an error at its position.
std::expected<std::string, url_error> percent_decode(std::string_view text);

// The same for application/x-www-form-urlencoded: space is '+'.
std::string form_encode(std::string_view text);
std::expected<std::string, url_error> form_decode(std::string_view text);

// Makes what a person typed into something that url accepts: escapes spaces, controls, non-ASCII, and '%' that
// starts no escape; leaves everything else, escapes included, as it is.
std::string requote(std::string_view text);

using query_pair = std::pair<std::string, std::string>;

// "a=1&b=two+words": pairs in order, repeated names kept; a name without '=' has an empty value; empty pieces are
// skipped. At most max_pairs.
std::expected<std::vector<query_pair>, url_error> decode_query(std::string_view query, std::size_t max_pairs = 1000);
std::string encode_query(std::span<const query_pair> pairs);
// Appends one pair, with '&' before it unless `out` is empty: for a query built in a string of its own.
void append_query(std::string& out, std::string_view name, std::string_view value);

}  // namespace lakh
