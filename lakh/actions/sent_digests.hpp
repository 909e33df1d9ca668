// What was sent for an item is a function of the item: it is rendered again, not remembered.
#pragma once

#include <lakh/core/clock.hpp>
#include <lakh/load/action.hpp>
#include <lakh/load/feed.hpp>
#include <lakh/load/plan.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace lakh::actions {

// XXH3-64 of the body that the first step sends for an item; 0 if it has none. `started` is when the run began, as its
// folder says. For one thread; plan, feeds and steps must outlive it.
std::function<std::uint64_t(std::uint64_t item)> sent_digests(const load::plan& p, const load::feed_set& feeds,
                                                              const std::vector<load::compiled_step>& steps,
                                                              std::string run_id, wall_time started);

}  // namespace lakh::actions
