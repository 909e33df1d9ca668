// What a target has, by a query to its database, as a plan writes it down:
//
//   reconcile:
//     sql:
//       database: "postgresql://reader@db.example/shop"     or the file of an SQLite database
//       query: "SELECT reference, digest FROM orders WHERE run = :run"
//       item: "{{run}}-{{item}}"     what the first column reads for an item
//
// The first column names the item; the second, which may be left out or NULL, is XXH3-64 of the body that arrived, in
// hexadecimal. :run is the run's id, bound as a parameter. The query may only read.
#pragma once

#include <lakh/load/plan.hpp>
#include <lakh/load/target_view.hpp>

#include <memory>

namespace lakh::actions {

class sql_listing final : public load::target_view {
 public:
  // Compiles what stands under `sql`. Throws input_error that names the place, also for a password that stands in the
  // plan: it comes from {{env.NAME}}, PGPASSWORD or PGPASSFILE.
  sql_listing(const load::plan& p, const load::template_scope& scope, const config& sql);
  ~sql_listing() override;

  // Memory: one row. Throws sql::sql_error.
  [[nodiscard]] task<void> read(const load::render_input& of_run, const item_cursor& asked,
                                const entry_sink& tell) const override;

 private:
  struct program;
  std::unique_ptr<const program> program_;
};

}  // namespace lakh::actions
