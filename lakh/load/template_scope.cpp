// Names that expressions may use, and the ways to make a template.
#include <lakh/core/text.hpp>
#include <lakh/load/template.hpp>
#include <lakh/load/template_compiler.hpp>
#include <lakh/load/template_functions.hpp>
#include <lakh/load/template_program.hpp>

#include <algorithm>
#include <cstdlib>

namespace lakh::load {
namespace {

template_surrounding surrounding_of(text_format format) noexcept {
  switch (format) {
    case text_format::plain: return template_surrounding::plain;
    case text_format::json: return template_surrounding::json_text;
    case text_format::url: return template_surrounding::url;
    case text_format::form: return template_surrounding::form;
    case text_format::header: return template_surrounding::header;
  }
  return template_surrounding::plain;
}

void check_free(std::string_view name, const input_place& place) {
  if (name.empty()) throw input_error(place, "a name is missing");
  for (const char c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
          static_cast<unsigned char>(c) >= 0x80))
      throw input_error(place, "'" + std::string(name) + "' is no name: letters, digits, '_' and '-' make one");
  if (std::ranges::find(function_names(), name) != function_names().end())
    throw input_error(place, "the name '" + std::string(name) + "' is taken by a function", "choose another name");
}

}  // namespace

template_scope::template_scope() : names_(std::make_unique<names>()) {
  names_->look_up = [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

template_scope::~template_scope() = default;

void template_scope::set_environment(environment look_up) {
  names_->look_up = std::move(look_up);
}
void template_scope::set_target(std::string target) {
  names_->target = std::move(target);
}

std::size_t template_scope::add_feed(const std::string& feed, std::span<const std::string> columns,
                                     const input_place& place) {
  check_free(feed, place);
  for (const auto& other : names_->feeds)
    if (other.name == feed) throw input_error(place, "there are two feeds '" + feed + "'");
  for (const auto& value : names_->values)
    if (value.name == feed) throw input_error(place, "'" + feed + "' is the name of a value and of a feed");
  const std::size_t first = names_->cells;
  names_->feeds.push_back({feed, std::vector<std::string>(columns.begin(), columns.end()), first});
  names_->cells += columns.size();
  return first;
}

void template_scope::add_value(const std::string& name, std::string_view text, const input_place& place) {
  check_free(name, place);
  for (const auto& other : names_->values)
    if (other.name == name) throw input_error(place, "there are two values '" + name + "'");
  for (const auto& feed : names_->feeds)
    if (feed.name == name) throw input_error(place, "'" + name + "' is the name of a feed and of a value");
  const text_template compiled(text, text_format::plain, *this, "let." + name, place);
  names_->values.push_back({name, compiled.program_});
}

std::size_t template_scope::add_kept(const std::string& step, const std::string& name, const input_place& place) {
  check_free(step, place);
  for (const auto& feed : names_->feeds)
    if (feed.name == step)
      throw input_error(place, "'" + step + "' is the name of a feed and of a step", "rename the step");
  for (const auto& other : names_->kept_values)
    if (other.step == step && other.name == name)
      throw input_error(place, "step '" + step + "' keeps '" + name + "' twice");
  names_->kept_values.push_back({step, name});
  return names_->kept_values.size() - 1;
}

std::size_t template_scope::cell_count() const noexcept {
  return names_->cells;
}
std::size_t template_scope::kept_count() const noexcept {
  return names_->kept_values.size();
}

text_template::text_template(std::string_view text, text_format format, const template_scope& scope,
                             std::string_view label, const input_place& place) {
  template_compiler compiler(scope, label);
  compiler.add({text, nullptr, place}, surrounding_of(format));
  *this = compiler.finish();
}

text_template text_template::from(const config& scalar, text_format format, const template_scope& scope,
                                  std::string_view label) {
  template_compiler compiler(scope, label);
  compiler.add({scalar.text(label), &scalar, {}}, surrounding_of(format));
  return compiler.finish();
}

text_template text_template::json_from(const config& tree, const template_scope& scope, std::string_view label) {
  template_compiler compiler(scope, label);
  compiler.add_json(tree);
  return compiler.finish();
}

text_template text_template::form_from(const config& mapping, const template_scope& scope, std::string_view label) {
  template_compiler compiler(scope, label);
  const auto& entries = mapping.entries(label);
  bool first = true;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& [name, value] = entries[i];
    const auto put = [&](const config& one) {
      if (!first) compiler.add_literal("&");
      first = false;
      compiler.add({name, nullptr, mapping.key_place(i)}, template_surrounding::form);
      compiler.add_literal("=");
      if (!one.is_null()) compiler.add({one.text(name), &one, {}}, template_surrounding::form);
    };
    if (value.is_sequence()) {
      for (const config& one : value.items(name)) put(one);
    } else {
      put(value);
    }
  }
  return compiler.finish();
}

}  // namespace lakh::load
