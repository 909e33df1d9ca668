// The compute action: work that needs the processor, so that shapes can be compared on it.
//
//   compute:
//     sha256: "order {{item}}"     a text; its SHA-256, and the SHA-256 of that, and so on
//     rounds: 20000                as often as this; 1 if not given
//   expect: {sha256: "…"}          what must come out, in hexadecimal; anything if not given
//   keep: {digest: sha256}         the result, for the ledger and for later steps
//
// It blocks its event loop while it computes, as any work does that does not wait: the other lanes of that loop stand
// still. That is what it is for. Between two items the loop comes to its turn. Doing it twice is doing it once.
#pragma once

#include <lakh/load/action.hpp>
#include <lakh/load/plan.hpp>

#include <memory>

namespace lakh::actions {

// Compiles a step, as make_http_action does. Throws input_error that names the place.
std::shared_ptr<const load::action> make_compute_action(const load::plan& p, const load::plan_step& step,
                                                        load::template_scope& scope);

}  // namespace lakh::actions
