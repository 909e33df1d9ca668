#include <lakh/actions/secret_texts.hpp>

namespace lakh::actions {

secret_texts::secret_texts(const load::plan& p) {
  for (const load::plan_text& value : p.values)
    if (holds(value.text)) names_.push_back(value.name);
}

// Rather one too many than one too few: a name inside another one counts.
bool secret_texts::holds(std::string_view text) const {
  for (std::size_t at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at + 2)) {
    const std::string_view expression = text.substr(at, text.find("}}", at) - at);
    if (expression.find("env.") != std::string_view::npos) return true;
    for (const std::string& name : names_)
      if (expression.find(name) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace lakh::actions
