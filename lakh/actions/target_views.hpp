// How a plan says what the target has: what stands under `reconcile:`, one of
//
//   list:     a paged listing over HTTP          http_listing.hpp
//   lookup:   a question for each item           http_lookup.hpp
//   sql:      a query to its database            sql_listing.hpp
#pragma once

#include <lakh/load/plan.hpp>
#include <lakh/load/target_view.hpp>

#include <memory>

namespace lakh::actions {

// Compiles it; opens nothing. Throws input_error that names the place, also where the plan does not say.
std::unique_ptr<load::target_view> make_target_view(const load::plan& p, const load::template_scope& scope);

}  // namespace lakh::actions
