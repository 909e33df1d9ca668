// From the words of `lakh load` to a plan: of words alone, or of a plan file with words put over it.
#pragma once

#include "environment.hpp"
#include "verb.hpp"

#include <lakh/load/plan.hpp>

#include <filesystem>
#include <vector>

namespace lakh::cli {

std::vector<option> load_options();

// Throws input_error.
load::plan plan_of(environment& env, const words& given);

// The plan that a run has frozen in its folder, with words put over it that do not change what its items are. Throws
// input_error.
load::plan frozen_plan_of(const words& given, const std::filesystem::path& run);

}  // namespace lakh::cli
