// Reconciliation by a paged listing over HTTP, as a plan writes it down:
//
//   reconcile:
//     list:
//       url: "{{target}}/orders?run={{run}}&limit=1000"
//       headers: {Authorization: "Bearer {{env.SHOP_TOKEN}}"}
//       entries: $.orders            the array of a page
//       next: $.next_cursor          where a page says what comes next; null or absent on the last one
//       cursor: cursor               the query parameter that carries it back; without it, `next` is a URL
//       reference: $.reference       in an entry: the text that names the item
//       item: "{{run}}-{{item}}"     what that text reads for an item
//       digest: $.digest             in an entry: XXH3-64 of the body that arrived, in hexadecimal; may be left out
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/load/plan.hpp>
#include <lakh/load/reconcile.hpp>
#include <lakh/load/template.hpp>

#include <functional>
#include <memory>

namespace lakh::actions {

class http_listing {
 public:
  // Compiles `reconcile`. Throws input_error that names the place.
  http_listing(const load::plan& p, const load::template_scope& scope);
  ~http_listing();

  // Reads all pages. `of_run` gives run id and start. Throws lakh::error if the target cannot be read to the end.
  task<load::reconciliation> reconcile(const load::item_states& states, std::uint64_t requested,
                                       const load::render_input& of_run,
                                       std::function<std::uint64_t(std::uint64_t)> sent_digest) const;

 private:
  struct program;
  std::unique_ptr<const program> program_;
};

}  // namespace lakh::actions
