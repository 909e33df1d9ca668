// How many descriptors a process of a run needs, so that no item fails for want of one.
#pragma once

#include <lakh/load/action.hpp>

#include <cstdint>
#include <span>

namespace lakh::load {

// The ledger, the event loops, standard streams, what a loop needs for a moment to start a program, and the library's
// own.
inline constexpr std::uint64_t descriptors_besides_lanes = 128;

// Of a lane that does these steps one after the other. Steps of one kind have what is open in common, as a connection;
// those of different kinds do not.
[[nodiscard]] unsigned descriptors_per_lane(std::span<const compiled_step> steps);

// Of a process with so many lanes.
[[nodiscard]] constexpr std::uint64_t descriptors_needed(std::uint64_t lanes, unsigned per_lane) noexcept {
  return lanes * per_lane + descriptors_besides_lanes;
}

}  // namespace lakh::load
