// A run as its folder has it: what it was asked, frozen when it began, and ready to be rendered again.
#pragma once

#include <lakh/core/clock.hpp>
#include <lakh/load/action.hpp>
#include <lakh/load/feed.hpp>
#include <lakh/load/plan.hpp>
#include <lakh/load/run_folder.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace lakh::actions {

// That the plan in the folder is the one with which the run began. Gives when that was: what dates are rendered from.
// Throws storage_error.
wall_time check_frozen(const std::filesystem::path& folder, const load::run_info& info);

// Not movable: its parts refer to each other.
struct frozen_run {
  // Throws storage_error if the plan was changed, input_error if a feed was.
  explicit frozen_run(const std::filesystem::path& folder);
  frozen_run(const frozen_run&) = delete;
  frozen_run& operator=(const frozen_run&) = delete;

  load::run_info info;
  wall_time started;
  load::plan plan;
  load::feed_set feeds;
  load::template_scope scope;
  std::vector<load::compiled_step> steps;
};

// What an item sends, for a person who has to settle it by hand.
class item_requests {
 public:
  // `run` must outlive it. For one thread.
  explicit item_requests(const frozen_run& run);
  ~item_requests();

  // performer::prepared() of the run's first step; why it cannot be sent, if it cannot. Until the next call.
  const std::string& operator()(std::uint64_t item);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace lakh::actions
