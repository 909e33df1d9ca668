// Pacing: when each item should start, as pure functions of the item's number.
//
// Closed model: a number of users, each starts its next item when its last has ended; every intended start is 0.
// Open model: a schedule of constant rates and linear ramps; the intended start of item k is the first nanosecond at
// which the schedule's integral reaches k. Integer arithmetic throughout, so that for all k and t
//     start_of(k) <= t  if and only if  k < due_at(t).
// A schedule that ends starts what is due before its end: "5000/s for 1m" is 300,000 items, 0 … 299,999.
#pragma once

#include <lakh/core/duration.hpp>
#include <lakh/core/error.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::load {

// From one rate to another in a straight line; the same rate twice is a constant. Without a length it has no end (last
// only).
struct pacing_segment {
  rate from;
  rate to;
  std::optional<std::chrono::nanoseconds> length;
};

class pacing {
 public:
  pacing() = default;  // closed
  // "5000/s", "300/m for 10m", "0..5000/s over 30s, 5000/s for 1m". Throws input_error.
  static pacing parse(std::string_view text, const input_place& place = {});
  // Throws input_error for an endless segment before the last, an endless rate of 0, or a schedule that starts nothing.
  explicit pacing(std::vector<pacing_segment> segments, const input_place& place = {});

  [[nodiscard]] bool open() const noexcept { return !segments_.empty(); }
  // From the start of the run. Nothing where the schedule ends before item k is due.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> start_of(std::uint64_t item) const noexcept;
  // How many items are due at `since_start`, those due at that very moment included.
  [[nodiscard]] std::uint64_t due_at(std::chrono::nanoseconds since_start) const noexcept;
  // The schedule's length and its number of items; nothing where it has no end.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> length() const noexcept;
  [[nodiscard]] std::optional<std::uint64_t> items() const noexcept;
  // As parse() reads it.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] const std::vector<pacing_segment>& segments() const noexcept { return segments_; }

 private:
  __extension__ using wide = unsigned __int128;
  // A segment with what came before it. Quantities are counted in units of 1 / 3.6e18 item: rate × nanoseconds.
  struct stretch {
    wide before = 0;          // at its start
    std::uint64_t begin = 0;  // nanoseconds
  };
  [[nodiscard]] static wide within(const pacing_segment& segment, std::uint64_t elapsed) noexcept;
  std::vector<pacing_segment> segments_;
  std::vector<stretch> stretches_;
  wide total_ = 0;  // of all segments that end
};

}  // namespace lakh::load
