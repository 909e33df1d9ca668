// The HTTP action: one request per item, as a step of a plan writes it down.
//
//   http:
//     method: POST                               GET if there is no body, else POST
//     url: "{{target}}/orders"
//     headers: {Accept: application/json}
//     json: {sku: "{{pick(a,b)}}", quantity: "{{int(1,5)}}"}     or JSON text; or form:, or body: with content_type:
//   expect: …                                    see http_expectation.hpp; 2xx if not given
//   keep: {order_id: $.id}                       values of the answer, for the ledger and for later steps
//
// A plan's `key` goes into the Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header-07) of every request
// whose method is not idempotent by itself.
#pragma once

#include <lakh/load/action.hpp>
#include <lakh/load/plan.hpp>

#include <memory>

namespace lakh::actions {

// Compiles a step. `scope` holds the names that its templates may use; what the step keeps is added to it. Throws
// input_error that names the place.
std::shared_ptr<const load::action> make_http_action(const load::plan& p, const load::plan_step& step,
                                                     load::template_scope& scope);

}  // namespace lakh::actions
