// Dates in fields (RFC 9110 §5.6.7) and Retry-After (§10.2.3). Pure: the caller says what time it is.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace lakh::wire {

inline constexpr std::size_t http_date_size = 29;

// Appends "Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate). Years 0 to 9999 only: others are clamped.
void append_http_date(std::string& out, std::chrono::sys_seconds time);

// Reads IMF-fixdate and, as recipients must, the two obsolete forms. A two-digit year that seems more than 50 years
// after `now` is one of the past.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text, std::chrono::sys_seconds now) noexcept;

// How long to wait by a Retry-After field: delta seconds or a date. Never negative; at most ten years. Nothing if the
// value is neither.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, std::chrono::sys_seconds now) noexcept;

}  // namespace lakh::wire
