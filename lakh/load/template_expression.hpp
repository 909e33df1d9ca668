// What stands between `{{` and `}}`, taken apart but not yet understood.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::load {

// Bytes of the template, for complaints.
struct text_span {
  std::size_t offset = 0;
  std::size_t length = 0;
};

struct template_argument {
  std::string text;
  bool quoted = false;
  text_span span;
};

// name(argument, …)
struct template_call {
  std::string name;
  bool has_arguments = false;  // parentheses were written
  std::vector<template_argument> arguments;
  text_span span;
};

struct template_expression {
  bool literal = false;  // head.name is the text itself
  template_call head;
  std::string member;  // after a dot; "" where there is none
  bool has_member = false;
  std::vector<template_call> filters;
  text_span span;  // with the braces
};

// Reads the expression that starts with `{{` at `at` and moves `at` behind its `}}`. Quotation marks may be ' or ", and
// in JSON text also \" as JSON would have them. Throws expression_error.
template_expression read_expression(std::string_view text, std::size_t& at, bool json_quotes);

struct expression_error {
  text_span span;
  std::string what;
  std::string hint;
};

}  // namespace lakh::load
