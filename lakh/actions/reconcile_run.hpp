// Holding a run's ledger against what its target has, now or at any later time.
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/load/reconcile.hpp>

#include <filesystem>

namespace lakh::actions {

// Reads the view to its end, telling `both` of every entry of the items asked for, and counts. Throws lakh::error if
// the target cannot be read to the end: then nothing may be concluded.
task<load::reconciliation> read_target(const load::target_view& view, const load::render_input& of_run,
                                       const load::target_view::item_cursor& asked, load::reconciler& both);

// A run in its folder: by its frozen plan, with its feeds, which must be as they were. Changes nothing. A run that is
// being loaded at the moment is compared as it is. Throws input_error if the plan does not say how the target is asked,
// or if a feed has changed; storage_error if plan or ledger are damaged; what asking the target throws.
task<load::reconciliation> reconcile_run(const std::filesystem::path& folder);

}  // namespace lakh::actions
