// What a master and a worker on another machine say to each other, after each has proved to the other that it holds the
// key (authentication.hpp). Internal to the room.
//
//   worker → master   'H' "lakh-worker-1" name:string {function: layout digest…}:map limit:u64     who I am
//   master → worker   'R' true limit:u64  |  'R' false error                                        you may stay, or
//   why not both              part.hpp: 'W' and 'A'; a result has at most the master's limit, which is not above the
//   worker's master → worker 'P'                                                                          are you
//   there? worker → master   'Q' yes
// An end of the stream from the master is the end of the work.
#pragma once

#include <cstddef>
#include <string_view>

namespace lakh::detail {

inline constexpr std::string_view worker_purpose = "lakh workers";  // for authentication
inline constexpr std::string_view worker_protocol = "lakh-worker-1";
inline constexpr char hello_message = 'H';
inline constexpr char ping_message = 'P';
inline constexpr char pong_message = 'Q';
// Before the two know each other.
inline constexpr std::size_t most_hello = std::size_t{1} << 20U;
// Parts and pings under way; a master has at most 64 parts with one worker.
inline constexpr std::size_t most_under_way = 256;

}  // namespace lakh::detail
