// Which actions there are, by the names under which plans and words call them.
#pragma once

#include <lakh/load/action.hpp>
#include <lakh/load/plan.hpp>

#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace lakh::actions {

// "http", "compute", …
std::span<const std::string_view> names() noexcept;

// Compiles all steps of a plan, in order: a step's templates may use what the steps before it keep. Throws input_error.
std::vector<load::compiled_step> compile(const load::plan& p, load::template_scope& scope);

}  // namespace lakh::actions
