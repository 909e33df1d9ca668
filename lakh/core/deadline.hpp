// Deadlines from limits.
#pragma once

#include <algorithm>
#include <chrono>

namespace lakh {

// `limit` after `from`; `from` where the limit is negative. A limit beyond what the clock can count, such as
// duration::max(), is none: time_point::max().
constexpr std::chrono::steady_clock::time_point deadline_after(std::chrono::steady_clock::time_point from,
                                                               std::chrono::steady_clock::duration limit) noexcept {
  using time = std::chrono::steady_clock::time_point;
  limit = std::max(limit, std::chrono::steady_clock::duration::zero());
  const bool counts = from < time() || limit < time::max() - from;
  return counts ? from + limit : time::max();
}

}  // namespace lakh
