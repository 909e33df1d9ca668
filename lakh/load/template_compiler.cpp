#include <lakh/core/json_text.hpp>
#include <lakh/core/text.hpp>
#include <lakh/load/template_compiler.hpp>
#include <lakh/load/template_direct.hpp>
#include <lakh/load/template_functions.hpp>

#include <algorithm>

namespace lakh::load {
namespace {

using detail::template_part;
using detail::template_program;

constexpr std::size_t most_bytes = 4U << 20;  // of a template
constexpr std::size_t most_weight = 10'000;   // parts, however they come in
constexpr unsigned most_depth = 60;

std::string did_you_mean(std::string_view word, const std::vector<std::string>& names) {
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string_view near = nearest(word, views);
  return near.empty() ? std::string() : "did you mean '" + std::string(near) + "'?";
}

std::string list_of_names(const std::vector<std::string>& names) {
  const std::vector<std::string_view> views(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(names.size(), 30)));
  return list_of(views);
}

// Follows JSON text from one expression to the next.
struct json_state {
  bool in_string = false;
  bool escaped = false;
  void follow(char c) noexcept {
    if (!in_string) {
      in_string = c == '"';
    } else if (escaped) {
      escaped = false;
    } else if (c == '\\') {
      escaped = true;
    } else if (c == '"') {
      in_string = false;
    }
  }
};

}  // namespace

input_place template_compiler::source::at(std::size_t offset) const {
  if (node != nullptr) return node->place_in_text(offset);
  input_place exact = place;
  if (exact.line == 0 || exact.column == 0) return exact;
  const auto position = position_of(text, offset);
  exact.column = position.line == 1 ? exact.column + position.column - 1 : position.column;
  exact.line += position.line - 1;
  return exact;
}

void template_compiler::fail(const source& from, text_span span, const std::string& what, std::string hint) {
  throw template_error(from.at(span.offset), std::string(from.text), span.offset, span.length, what, std::move(hint));
}

template_compiler::template_compiler(const template_scope& scope, std::string_view label)
    : names_(*scope.names_),
      label_(mix(0x7465'6d70'6c61'7465ULL, label)),
      program_(std::make_shared<template_program>()) {}

void template_compiler::add_literal(std::string_view text) {
  if (text.empty()) return;
  auto& parts = program_->parts;
  if (parts.empty() || parts.back().source != part_source::literal ||
      parts.back().index + parts.back().count != program_->pool.size()) {
    template_part part;
    part.index = static_cast<std::uint32_t>(program_->pool.size());
    parts.push_back(part);
  }
  program_->pool += text;
  parts.back().count += static_cast<std::uint32_t>(text.size());
}

void template_compiler::add_literal_in(std::string_view text, template_surrounding around, const source& from,
                                       std::size_t offset) {
  std::string encoded;
  switch (around) {
    case template_surrounding::plain:
    case template_surrounding::json_text: add_literal(text); return;
    case template_surrounding::json_string: append_json_escaped(encoded, text); break;
    case template_surrounding::form: append_form_encoded(encoded, text); break;
    case template_surrounding::header:
    case template_surrounding::url:
      for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        const bool url = around == template_surrounding::url;
        if ((c < 0x20 && (url || c != '\t')) || c == 0x7f)
          fail(from, {offset + i, 1},
               url ? "a URL cannot have a control character"
                   : "a header cannot have a line break or another control character");
        if (url && c == ' ') fail(from, {offset + i, 1}, "a URL cannot have a space", "write %20");
        if (url && c >= 0x80) {
          append_percent_encoded(encoded, text.substr(i, 1));
        } else {
          encoded += text[i];
        }
      }
      break;
  }
  add_literal(encoded);
}

std::vector<std::string> template_compiler::names_in_reach() const {
  std::vector<std::string> all;
  for (const auto& feed : names_.feeds)
    for (const auto& column : feed.columns) all.push_back(feed.name + "." + column);
  for (const auto& kept : names_.kept_values) all.push_back(kept.step + "." + kept.name);
  for (const auto& value : names_.values) all.push_back(value.name);
  for (const auto name : function_names()) all.emplace_back(name);
  return all;
}

bool template_compiler::constant_part(std::string_view text, template_part& part) {
  part.source = part_source::text;
  part.index = static_cast<std::uint32_t>(program_->pool.size());
  part.count = static_cast<std::uint32_t>(text.size());
  program_->pool += text;
  return true;
}

void template_compiler::resolve_member(const template_expression& expression, template_part& part) {
  const auto& [name, has_arguments, arguments, span] = expression.head;
  const std::string& member = expression.member;
  if (has_arguments) throw expression_error{span, "'" + name + "." + member + "' takes no arguments", {}};
  if (name == "env") {
    const auto value = names_.look_up ? names_.look_up(member) : std::nullopt;
    if (!value)
      throw expression_error{span, "the environment variable " + member + " is not set",
                             "set it: export " + member + "=…"};
    if (!is_utf8(*value)) throw expression_error{span, "the environment variable " + member + " is not UTF-8", {}};
    constant_part(*value, part);
    return;
  }
  if (const auto feed = std::ranges::find(names_.feeds, name, &template_scope::names::feed::name);
      feed != names_.feeds.end()) {
    const auto column = std::ranges::find(feed->columns, member);
    if (column == feed->columns.end()) {
      std::string hint = did_you_mean(member, feed->columns);
      if (hint.empty()) hint = "its columns are " + list_of_names(feed->columns);
      throw expression_error{span, "feed '" + name + "' has no column '" + member + "'", hint};
    }
    part.source = part_source::cell;
    part.index = static_cast<std::uint32_t>(feed->first + static_cast<std::size_t>(column - feed->columns.begin()));
    return;
  }
  std::vector<std::string> of_step;
  for (std::size_t i = 0; i < names_.kept_values.size(); ++i) {
    const auto& kept = names_.kept_values[i];
    if (kept.step != name) continue;
    of_step.push_back(kept.name);
    if (kept.name != member) continue;
    part.source = part_source::kept;
    part.index = static_cast<std::uint32_t>(i);
    return;
  }
  if (!of_step.empty()) {
    std::string hint = did_you_mean(member, of_step);
    if (hint.empty()) hint = "it keeps " + list_of_names(of_step);
    throw expression_error{span, "step '" + name + "' keeps no '" + member + "'", hint};
  }
  std::string hint = did_you_mean(name + "." + member, names_in_reach());
  if (hint.empty()) hint = "a dot leads to a feed's column, or to what an earlier step kept";
  throw expression_error{span, "there is no feed or earlier step '" + name + "'", hint};
}

void template_compiler::resolve_name(const template_expression& expression, template_part& part) {
  const template_call& head = expression.head;
  const std::string& name = head.name;
  const bool bare = !head.has_arguments;
  if (name == "target" && bare) {
    if (!names_.target)
      throw expression_error{head.span, "there is no target", "say where to: target: http://127.0.0.1:8080"};
    constant_part(*names_.target, part);
    return;
  }
  const auto value = std::ranges::find(names_.values, name, &template_scope::names::value::name);
  if (value != names_.values.end() && bare) {
    part.source = part_source::value;
    part.type = value->program->type;
    part.index = static_cast<std::uint32_t>(program_->programs.size());
    program_->programs.push_back(value->program);
    return;
  }
  if (make_function(head, *program_, part)) return;
  if (const auto feed = std::ranges::find(names_.feeds, name, &template_scope::names::feed::name);
      feed != names_.feeds.end())
    throw expression_error{
        head.span, "'" + name + "' is a feed: which of its columns?",
        "{{" + name + "." + feed->columns.front() + "}}; its columns are " + list_of_names(feed->columns)};
  std::string hint = did_you_mean(name, names_in_reach());
  if (hint.empty()) hint = "known are feeds, values under let:, and " + list_of(function_names());
  throw expression_error{head.span, bare ? "unknown value '" + name + "'" : "unknown function '" + name + "'", hint};
}

template_part template_compiler::resolve(const template_expression& expression) {
  template_part part;
  part.ordinal = mix(label_, expressions_++);
  if (expression.literal) {
    constant_part(expression.head.name, part);
  } else if (expression.has_member) {
    resolve_member(expression, part);
  } else {
    resolve_name(expression, part);
  }
  for (const template_call& filter : expression.filters) add_filter(filter, *program_, part);
  return part;
}

escaping template_compiler::escaping_for(const template_part& part, template_surrounding around, bool in_string) const {
  const bool unchanged = part.filters == 0;
  const auto last_filter = [&](filter_kind kind) {
    return !unchanged && program_->filters[part.first_filter + part.filters - 1].kind == kind;
  };
  const bool encoded = last_filter(filter_kind::url) || last_filter(filter_kind::path);
  const bool safe = unchanged && needs_no_escaping(part.source, around == template_surrounding::url ||
                                                                    around == template_surrounding::form);
  switch (around) {
    case template_surrounding::plain: return escaping::none;
    case template_surrounding::json_text:
    case template_surrounding::json_string:
      if (!in_string) return part.type == value_type::text ? escaping::json_string : escaping::none;
      return safe ? escaping::none : escaping::json_inside;
    case template_surrounding::url:
      if (encoded || safe) return escaping::none;
      return program_->parts.empty() ? escaping::url_start : escaping::percent;
    case template_surrounding::form: return encoded || safe ? escaping::none : escaping::form;
    case template_surrounding::header: return safe ? escaping::none : escaping::header;
  }
  return escaping::none;
}

// The options of an unfiltered pick are escaped here, once.
void template_compiler::escape_options(const template_part& part, escaping how) {
  for (std::uint32_t i = part.index; i < part.index + part.count; ++i) {
    const std::string option = program_->pool.substr(program_->options[i].first, program_->options[i].second);
    std::string out;
    if (how == escaping::json_inside) append_json_escaped(out, option);
    if (how == escaping::json_string) append_json_string(out, option);
    program_->options[i] = {static_cast<std::uint32_t>(program_->pool.size()), static_cast<std::uint32_t>(out.size())};
    program_->pool += out;
  }
}

void template_compiler::add_part(template_part part, escaping how, std::string_view written) {
  if (part.source == part_source::pick && part.filters == 0 &&
      (how == escaping::json_inside || how == escaping::json_string)) {
    escape_options(part, how);
    how = escaping::none;
  }
  if (part.source == part_source::text && part.filters == 0) {  // a constant is escaped here, once
    std::string out;
    const std::string constant(program_->text(part));
    if (detail::append_escaped(out, constant, how) != render_status::ok)
      throw expression_error{
          {}, std::string(written) + " has a space, a line break or another control character in it", {}};
    add_literal(out);
    return;
  }
  part.how = how;
  part.check_utf8 = part.source == part_source::kept &&
                    (how == escaping::json_inside || how == escaping::json_string || part.type == value_type::json);
  auto& program = *program_;
  std::size_t weight = 1;
  switch (part.source) {
    case part_source::literal:
    case part_source::text: break;
    case part_source::run:
    case part_source::start_date:
    case part_source::start_time:
    case part_source::start_datetime:
    case part_source::start_timestamp: program.of_run = true; break;
    case part_source::kept: program.of_kept = true; break;
    case part_source::cell:
      program.of_item = true;
      program.cells.push_back(part.index);
      break;
    case part_source::value: {
      const template_program& inner = *program.programs[part.index];
      program.of_item = program.of_item || inner.of_item;
      program.of_run = program.of_run || inner.of_run;
      program.of_kept = program.of_kept || inner.of_kept;
      program.cells.insert(program.cells.end(), inner.cells.begin(), inner.cells.end());
      std::ranges::sort(program.cells);
      program.cells.erase(std::unique(program.cells.begin(), program.cells.end()), program.cells.end());
      weight += inner.weight;
      break;
    }
    default: program.of_item = true;
  }
  program.weight += weight;
  if (program.weight > most_weight)
    throw expression_error{
        {}, "the template is too large", "it has more than 10,000 expressions, those of named values included"};
  program.expressions.emplace(static_cast<std::uint32_t>(program.parts.size()), written);
  program.parts.push_back(part);
}

void template_compiler::add(const source& from, template_surrounding around) {
  const std::string_view text = from.text;
  if (text.size() + program_->pool.size() > most_bytes) fail(from, {}, "the template is larger than 4 MiB");
  if (const auto bad = find_bad_utf8(text); bad != std::string_view::npos)
    fail(from, {bad, 1}, "the text is not UTF-8 here");
  const bool json = around == template_surrounding::json_text;
  json_state state;
  state.in_string = around == template_surrounding::json_string;
  // JSON text is checked as a whole with a stand-in for each expression; places say which offset of the stand-in came
  // from where.
  std::string stand_in;
  std::vector<std::pair<std::size_t, std::size_t>> places;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t open = std::min(text.find("{{", at), text.size());
    const std::string_view literal = text.substr(at, open - at);
    add_literal_in(literal, around, from, at);
    if (json) {
      places.emplace_back(stand_in.size(), at);
      stand_in += literal;
      for (const char c : literal) state.follow(c);
    }
    at = open;
    if (open == text.size()) break;
    try {
      const auto expression = read_expression(text, at, json && state.in_string);
      const auto part = resolve(expression);
      add_part(part, escaping_for(part, around, state.in_string),
               text.substr(expression.span.offset, expression.span.length));
      places.emplace_back(stand_in.size(), open);
      stand_in += state.in_string ? "x" : "null";
    } catch (const expression_error& e) {
      fail(from, e.span.length != 0 || e.span.offset != 0 ? e.span : text_span{open, 2}, e.what, e.hint);
    }
  }
  if (!json) return;
  std::size_t fault = 0;
  const auto status = check_json(stand_in, &fault);
  if (status == json_status::ok) return;
  const auto after = std::ranges::upper_bound(places, fault, {}, &std::pair<std::size_t, std::size_t>::first);
  std::size_t offset = fault == stand_in.size() ? text.size() : 0;
  if (offset == 0 && after != places.begin()) offset = std::prev(after)->second + (fault - std::prev(after)->first);
  fail(from, {std::min(offset, text.size()), 1},
       status == json_status::too_deep ? "the JSON is nested too deeply"
       : fault == stand_in.size()      ? "the JSON ends too early"
                                       : "this is not JSON");
}

text_template template_compiler::finish() {
  auto& program = *program_;
  std::ranges::sort(program.cells);
  program.cells.erase(std::unique(program.cells.begin(), program.cells.end()), program.cells.end());
  if (program.parts.size() == 1 && program.parts[0].source != part_source::literal)
    program.type = program.parts[0].type;
  detail::plan_runs(program);
  return text_template(std::move(program_));
}

void template_compiler::add_json_scalar(const config& scalar) {
  const std::string& text = scalar.text("a JSON value");
  const source from{text, &scalar, {}};
  if (text.starts_with("{{")) {
    // Alone, and of a type that JSON writes without quotation marks?
    try {
      std::size_t end = 0;
      const auto expression = read_expression(text, end, false);
      if (end == text.size()) {
        const auto part = resolve(expression);
        const bool in_string = part.type == value_type::text;
        if (in_string) add_literal("\"");
        add_part(part, escaping_for(part, template_surrounding::json_string, in_string), text);
        if (in_string) add_literal("\"");
        return;
      }
    } catch (const expression_error& e) {
      fail(from, e.span, e.what, e.hint);
    }
  }
  const auto meaning =
      scalar.quoted() || text.find("{{") != std::string::npos ? plain_meaning::text : meaning_of_plain(text);
  if (meaning == plain_meaning::text) {
    add_literal("\"");
    add(from, template_surrounding::json_string);
    add_literal("\"");
  } else {
    std::string plain;
    scalar.append_json(plain);
    add_literal(plain);
  }
}

void template_compiler::add_json(const config& tree, unsigned depth) {
  if (depth > most_depth) tree.fail("the JSON is nested too deeply");
  switch (tree.type()) {
    case config::kind::null: add_literal("null"); return;
    case config::kind::scalar: add_json_scalar(tree); return;
    case config::kind::sequence: {
      bool first = true;
      add_literal("[");
      for (const config& item : tree.items("JSON")) {
        if (!first) add_literal(",");
        first = false;
        add_json(item, depth + 1);
      }
      add_literal("]");
      return;
    }
    case config::kind::mapping: {
      const auto& entries = tree.entries("JSON");
      add_literal("{");
      for (std::size_t i = 0; i < entries.size(); ++i) {
        add_literal(i == 0 ? "\"" : ",\"");
        add({entries[i].first, nullptr, tree.key_place(i)}, template_surrounding::json_string);
        add_literal("\":");
        add_json(entries[i].second, depth + 1);
      }
      add_literal("}");
      return;
    }
  }
}

}  // namespace lakh::load
