// What a target has, by a paged listing over HTTP, as a plan writes it down:
//
//   reconcile:
//     list:
//       url: "{{target}}/orders?run={{run}}&limit=1000"
//       headers: {Authorization: "Bearer {{env.SHOP_TOKEN}}"}
//       entries: $.orders            the array of a page
//       next: $.next_cursor          where a page says what comes next; null, "" or absent on the last one
//       cursor: cursor               the query parameter that carries it back; without it, `next` is a URL
//       reference: $.reference       in an entry: the text that names the item
//       item: "{{run}}-{{item}}"     what that text reads for an item
//       digest: $.digest             in an entry: XXH3-64 of the body that arrived, in hexadecimal; may be left out
#pragma once

#include <lakh/load/plan.hpp>
#include <lakh/load/target_view.hpp>

#include <memory>

namespace lakh::actions {

class http_listing final : public load::target_view {
 public:
  // Compiles what stands under `list`. Throws input_error that names the place.
  http_listing(const load::plan& p, const load::template_scope& scope, const config& list);
  ~http_listing() override;

  // The next page is fetched while one is told of. Memory: two pages. Throws protocol_error for a page that is not as
  // the plan says, and for a listing that comes back to where it was or gives only empty pages.
  [[nodiscard]] task<void> read(const load::render_input& of_run, const item_cursor& asked,
                                const entry_sink& tell) const override;

 private:
  struct program;
  std::unique_ptr<const program> program_;
};

}  // namespace lakh::actions
