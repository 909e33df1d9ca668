// Times as people and files write them. Durations are measured on the steady clock; the wall clock only names moments.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace lakh {

using steady_time = std::chrono::steady_clock::time_point;
using wall_time = std::chrono::system_clock::time_point;

inline steady_time steady_now() noexcept {
  return std::chrono::steady_clock::now();
}
inline wall_time wall_now() noexcept {
  return std::chrono::system_clock::now();
}

// RFC 3339 in UTC with milliseconds: "2026-11-21T23:59:01.042Z". Years outside 0 … 9999, which it cannot write, are
// clamped.
std::string rfc3339(wall_time time);

// Reads what rfc3339() writes, and nothing else.
std::optional<wall_time> parse_rfc3339(std::string_view text) noexcept;

// A name for a run that sorts by time and does not collide: "20261121-235901-k7f3q2", UTC and six random letters of 31
// (887 million names in each second). The letters leave out those that are mistaken for digits.
std::string make_run_id(wall_time time);

// Whether a text has the form that make_run_id gives.
bool is_run_id(std::string_view text) noexcept;

}  // namespace lakh
