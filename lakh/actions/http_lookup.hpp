// What a target has, by one question for each item, as a plan writes it down:
//
//   reconcile:
//     lookup:
//       url: "{{target}}/orders?reference={{run}}-{{item}}"
//       headers: {Authorization: "Bearer {{env.SHOP_TOKEN}}"}
//       found: 200                   the statuses that say that it is there …
//       absent: [404, 410]           … and that it is not; any other answer is an error
//       entries: $.orders            an array in the answer: none means that it is not there, two that it is twice
//       reference: $.reference       in an entry, or in the answer: the text that names the item …
//       item: "{{run}}-{{item}}"     … and what it reads: an answer about another item is told as such
//       digest: $.digest             in the same place: XXH3-64 of the body that arrived, in hexadecimal
//       users: 64                    questions at a time
//
// All but `url` may be left out.
#pragma once

#include <lakh/load/plan.hpp>
#include <lakh/load/target_view.hpp>

#include <memory>

namespace lakh::actions {

class http_lookup final : public load::target_view {
 public:
  // Compiles what stands under `lookup`. Throws input_error that names the place.
  http_lookup(const load::plan& p, const load::template_scope& scope, const config& lookup);
  ~http_lookup() override;

  // Throws status_error or protocol_error for the first answer that says neither "there" nor "not there".
  [[nodiscard]] task<void> read(const load::render_input& of_run, const item_cursor& asked,
                                const entry_sink& tell) const override;

 private:
  struct program;
  std::unique_ptr<const program> program_;
};

}  // namespace lakh::actions
