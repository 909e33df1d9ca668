#include <lakh/actions/http_action.hpp>
#include <lakh/actions/registry.hpp>
#include <lakh/core/error.hpp>

#include <array>

namespace lakh::actions {
namespace {

using maker = std::shared_ptr<const load::action> (*)(const load::plan&, const load::plan_step&, load::template_scope&);

constexpr std::array<std::string_view, 1> all_names{"http"};
constexpr std::array<maker, 1> all_makers{make_http_action};

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
