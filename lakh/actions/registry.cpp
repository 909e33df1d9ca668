#include <lakh/actions/compute_action.hpp>
#include <lakh/actions/exec_action.hpp>
#include <lakh/actions/http_action.hpp>
#include <lakh/actions/registry.hpp>
#include <lakh/core/error.hpp>

#include <array>

namespace lakh::actions {
namespace {

using maker = std::shared_ptr<const load::action> (*)(const load::plan&, const load::plan_step&, load::template_scope&);

constexpr auto all_names = std::to_array<std::string_view>({"http", "exec", "compute"});
constexpr auto all_makers = std::to_array<maker>({make_http_action, make_exec_action, make_compute_action});
static_assert(all_names.size() == all_makers.size());

}  // namespace

std::span<const std::string_view> names() noexcept {
  return all_names;
}

std::vector<load::compiled_step> compile(const load::plan& p, load::template_scope& scope) {
  std::vector<load::compiled_step> steps;
  for (const load::plan_step& step : p.steps) {
    std::size_t at = 0;
    while (at < all_names.size() && all_names[at] != step.action) ++at;
    if (at == all_names.size()) throw input_error(step.place, "there is no action '" + step.action + "'");
    steps.emplace_back(step.name, all_makers[at](p, step, scope));
  }
  return steps;
}

}  // namespace lakh::actions
