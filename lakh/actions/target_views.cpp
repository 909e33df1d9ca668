#include <lakh/actions/http_listing.hpp>
#include <lakh/actions/http_lookup.hpp>
#include <lakh/actions/sql_listing.hpp>
#include <lakh/actions/target_views.hpp>

namespace lakh::actions {

std::unique_ptr<load::target_view> make_target_view(const load::plan& p, const load::template_scope& scope) {
  if (p.reconcile.is_null())
    throw input_error("the plan does not say how the target is asked what it has",
                      "write down `reconcile:` with one of list, lookup and sql: docs/plans.md");
  config_reader read(p.reconcile, "reconcile");
  const config* list = read.find("list");
  const config* lookup = read.find("lookup");
  const config* sql = read.find("sql");
  read.finish();
  if ((list != nullptr ? 1 : 0) + (lookup != nullptr ? 1 : 0) + (sql != nullptr ? 1 : 0) != 1)
    p.reconcile.fail("reconcile needs exactly one of list, lookup and sql");
  if (list != nullptr) return std::make_unique<http_listing>(p, scope, *list);
  if (lookup != nullptr) return std::make_unique<http_lookup>(p, scope, *lookup);
  return std::make_unique<sql_listing>(p, scope, *sql);
}

}  // namespace lakh::actions
