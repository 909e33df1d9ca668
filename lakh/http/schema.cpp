#include <lakh/core/text.hpp>
#include <lakh/http/schema.hpp>

#include <algorithm>

namespace lakh::http {
namespace {

bool is_name_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

}  // namespace

std::string component_name(std::string_view cpp_name, bool with_namespaces) {
  std::string out;
  std::size_t identifier = 0;  // where in `out` the current identifier begins
  for (std::size_t i = 0; i < cpp_name.size(); ++i) {
    const char c = cpp_name[i];
    if (c == '(' || c == '{') {  // "(anonymous namespace)", g++'s "{anonymous}", "main()": scopes, not names
      while (i < cpp_name.size() && cpp_name[i] != (c == '(' ? ')' : '}')) ++i;
    } else if (c == ':' && cpp_name.substr(i).starts_with("::")) {
      ++i;
      if (with_namespaces && out.size() > identifier)
        out += '.';
      else
        out.resize(identifier);
      identifier = out.size();
    } else if (is_name_character(c)) {
      out += c;
    } else {
      if (!out.empty() && out.back() != '_') out += '_';
      identifier = out.size();
    }
  }
  while (!out.empty() && out.back() == '_') out.pop_back();
  return out.empty() ? "value" : out;
}

bool schema_set::is_taken(std::string_view name) const noexcept {
  return std::ranges::any_of(entries_, [&](const entry& e) { return e.name == name; });
}

void schema_set::refer(std::string& out, const void* key, std::string_view cpp_name, std::string_view given_name,
                       schema_writer definition) {
  auto found = std::ranges::find(entries_, key, &entry::key);
  std::string name;
  if (found != entries_.end()) {
    name = found->name;
  } else {
    name = given_name.empty() ? component_name(cpp_name) : std::string(given_name);
    if (is_taken(name)) name = component_name(cpp_name, true);
    for (unsigned n = 2; is_taken(name); ++n) name = component_name(cpp_name, true) + std::to_string(n);
    // Entered before it is written: a type may contain itself.
    const std::size_t index = entries_.size();
    entries_.push_back({name, key, {}});
    std::string text;
    definition(text, *this);
    entries_[index].definition = std::move(text);
  }
  out.append(R"({"$ref":"#/components/schemas/)").append(name).append("\"}");
}

void schema_set::define(std::string_view name, std::string definition) {
  if (!is_taken(name)) entries_.push_back({std::string(name), nullptr, std::move(definition)});
}

void schema_set::append(std::string& out) const {
  out += '{';
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (i != 0) out += ',';
    append_json_string(out, entries_[i].name);
    out.append(":").append(entries_[i].definition);
  }
  out += '}';
}

}  // namespace lakh::http
