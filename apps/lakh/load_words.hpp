// From the words of `lakh load` to a plan: of words alone, or of a plan file with words put over it.
#pragma once

#include "environment.hpp"
#include "verb.hpp"

#include <lakh/load/plan.hpp>

#include <vector>

namespace lakh::cli {

std::vector<option> load_options();

// Throws input_error.
load::plan plan_of(environment& env, const words& given);

}  // namespace lakh::cli
