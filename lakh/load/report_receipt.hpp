// What a report says of a run's receipt.
#pragma once

namespace lakh::load {

struct run_report;

// Fills in the digest of the run's receipt and what it says of the reconciliation, if its folder has one; or, of one
// that is not what lakh writes, what is wrong with it.
void add_receipt(run_report& report);

}  // namespace lakh::load
