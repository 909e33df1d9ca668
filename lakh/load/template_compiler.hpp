// From text to a program. For the template sources only.
#pragma once

#include <lakh/load/template_expression.hpp>
#include <lakh/load/template_program.hpp>

#include <string>
#include <string_view>

namespace lakh::load {

// How the constant text between expressions is written, and so where expressions stand.
enum class template_surrounding : std::uint8_t {
  plain,
  json_text,    // JSON as it will be sent
  json_string,  // plain text that becomes the inside of a JSON string
  url,
  form,
  header,
};

class template_compiler {
 public:
  template_compiler(const template_scope& scope, std::string_view label);

  // A text, and where it stands: in a node of the configuration, or at a place.
  struct source {
    std::string_view text;
    const config* node = nullptr;
    input_place place;
    [[nodiscard]] input_place at(std::size_t offset) const;
  };

  // Each appends to the program. Throw template_error.
  void add(const source& from, template_surrounding around);
  void add_json(const config& tree, unsigned depth = 0);
  void add_literal(std::string_view text);
  text_template finish();

  [[noreturn]] static void fail(const source& from, text_span span, const std::string& what, std::string hint = {});

 private:
  detail::template_part resolve(const template_expression& expression);
  void resolve_member(const template_expression& expression, detail::template_part& part);
  void resolve_name(const template_expression& expression, detail::template_part& part);
  bool constant_part(std::string_view text, detail::template_part& part);
  void add_part(detail::template_part part, escaping how, std::string_view written);
  void escape_options(const detail::template_part& part, escaping how);
  [[nodiscard]] escaping escaping_for(const detail::template_part& part, template_surrounding around,
                                      bool in_string) const;
  void add_json_scalar(const config& scalar);
  void add_literal_in(std::string_view text, template_surrounding around, const source& from, std::size_t offset);
  [[nodiscard]] std::vector<std::string> names_in_reach() const;

  const template_scope::names& names_;
  std::uint64_t label_;
  std::uint64_t expressions_ = 0;
  std::shared_ptr<detail::template_program> program_;
};

}  // namespace lakh::load
