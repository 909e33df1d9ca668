#include <lakh/load/descriptors.hpp>

#include <algorithm>
#include <map>
#include <typeindex>

namespace lakh::load {

unsigned descriptors_per_lane(std::span<const compiled_step> steps) {
  std::map<std::type_index, unsigned> most;
  for (const compiled_step& step : steps) {
    const action& act = *step.act;
    unsigned& of_kind = most[typeid(act)];
    of_kind = std::max(of_kind, act.descriptors());
  }
  unsigned sum = 0;
  for (const auto& [kind, count] : most) sum += count;
  return std::max(sum, 1U);
}

}  // namespace lakh::load
