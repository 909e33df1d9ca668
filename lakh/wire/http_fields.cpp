#include <lakh/wire/http_fields.hpp>
#include <lakh/wire/http_lists.hpp>

namespace lakh::wire {

std::size_t field_list::count(std::string_view name) const noexcept {
  std::size_t n = 0;
  for (const field& f : fields_) n += equals_ignoring_case(f.name, name) ? 1 : 0;
  return n;
}

bool field_list::has_token(std::string_view name, std::string_view token) const noexcept {
  for (const field& f : fields_)
    if (equals_ignoring_case(f.name, name) && list_contains(f.value, token)) return true;
  return false;
}

}  // namespace lakh::wire
