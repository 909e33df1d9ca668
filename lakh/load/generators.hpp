// Made-up data: each function appends one value that the random sequence chooses.
#pragma once

#include <lakh/core/random.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lakh::load {

// The same as below, written where `at` points; they return the end.
char* put_uuid(char* at, random_sequence& random) noexcept;  // 36 characters
char* put_hex_digits(char* at, random_sequence& random, std::size_t count) noexcept;
char* put_digits(char* at, random_sequence& random, std::size_t count) noexcept;

// RFC 9562 version 4, lower case.
void append_uuid(std::string& out, random_sequence& random);
// A number with `decimals` digits after the point, uniform on that grid; low and high are counted in its smallest unit.
void append_decimal(std::string& out, random_sequence& random, std::int64_t low, std::int64_t high, unsigned decimals);
void append_hex_digits(std::string& out, random_sequence& random, std::size_t count);
void append_letters(std::string& out, random_sequence& random, std::size_t count);
void append_digits(std::string& out, random_sequence& random, std::size_t count);

// Plain English words; lower-case ASCII letters and, between them, one space.
void append_words(std::string& out, random_sequence& random, std::size_t count);
void append_sentence(std::string& out, random_sequence& random);
// A person's full name, Western or Chinese.
void append_name(std::string& out, random_sequence& random);

// "2026-01-31" of days since 1970-01-01; years 0 to 9999. Anything else is brought into that range.
void append_date(std::string& out, std::int64_t day);
// "23:59:59" of seconds since 1970-01-01T00:00:00Z.
void append_time(std::string& out, std::int64_t second);
// "2026-01-31T23:59:59Z" (RFC 3339).
void append_datetime(std::string& out, std::int64_t second);
// The day of "2026-01-31", or nothing where that is no date.
std::optional<std::int64_t> parse_date(std::string_view text) noexcept;

}  // namespace lakh::load
