// Names of orders, and marks in their list, as the shop hands them out.
//
// An id is "ord_" and 17 letters of Crockford's base 32: nine of the time of acceptance in milliseconds, eight of the
// order's number. So ids sort by time, and the number is found without an index. A cursor is the number of the last
// order seen, disguised: clients are not to make their own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lakh::shop {

inline constexpr std::int64_t most_orders = std::int64_t{1} << 40;  // what eight letters can count

// 0 < number < most_orders; milliseconds since 1970, below 2^45 (the year 3084).
void append_order_id(std::string& out, std::int64_t milliseconds, std::int64_t number);
std::string make_order_id(std::int64_t milliseconds, std::int64_t number);

// The number in a well-formed id; whether that order exists, and under this id, its table must tell.
std::optional<std::int64_t> number_of(std::string_view id) noexcept;

std::string make_cursor(std::int64_t number);
// Nothing where the text is not a cursor of make_cursor.
std::optional<std::int64_t> read_cursor(std::string_view cursor) noexcept;

}  // namespace lakh::shop
