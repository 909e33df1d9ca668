// What a master and a worker on another machine say to each other, after each has proved to the other that it holds the
// key (authentication.hpp). Internal to the room.
//
// clang-format off
//   worker → master   'H' "lakh-worker-2" name:string {function: layout digest…}:map limit:u64 silence:ms    who I am
//   master → worker   'R' true limit:u64 silence:ms    or    'R' false error         you may stay, or why not
//   both              'W' and 'A'                                                    work and answers: part.hpp
//   both              'P'                                                            I am still there
// clang-format on
//
// 1. A result has at most the master's limit, which is not above the worker's.
// 2. Each says how long the other may be silent before it is taken for dead, and each says 'P' three times in that time
//    while it says nothing else. What counts is bytes, not messages: a large one may take its time.
// 3. An end of the stream from the master is the end of the work.
#pragma once

#include <lakh/async/loop.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lakh::detail {

inline constexpr std::string_view worker_purpose = "lakh workers";  // for authentication
inline constexpr std::string_view worker_protocol = "lakh-worker-2";
inline constexpr char hello_message = 'H';
inline constexpr char alive_message = 'P';
// Before the two know each other.
inline constexpr std::size_t most_hello = std::size_t{1} << 20U;
// Parts under way, and a sign of life; a master has at most 64 parts with one worker.
inline constexpr std::size_t most_under_way = 256;

// Times that users set or peers send, in bounds within which they can be added to a time.
inline constexpr duration least_silence = std::chrono::milliseconds(10);
inline constexpr duration longest_wait = std::chrono::hours(24 * 365);
constexpr duration bounded_silence(duration wanted) noexcept {
  return std::clamp(wanted, least_silence, longest_wait);
}
inline std::uint64_t silence_to_send(duration silence) noexcept {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(silence).count());
}
inline duration silence_received(std::uint64_t milliseconds) noexcept {
  return bounded_silence(std::chrono::milliseconds(std::min(milliseconds, silence_to_send(longest_wait))));
}

}  // namespace lakh::detail
