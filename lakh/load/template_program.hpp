// A compiled template, inside: a row of parts, each of which appends something. For the template sources only.
#pragma once

#include <lakh/load/template.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::load {

// Where a part's text comes from.
enum class part_source : std::uint8_t {
  literal,  // of the template; already as the format needs it
  text,     // a constant that is a value, and so is escaped
  run,
  cell,
  kept,
  value,  // of `let`: another program
  // From here on the text is made.
  item,
  uuid,
  integer,
  decimal,
  chance,
  pick,
  hex,
  letters,
  digits,
  word,
  words,
  sentence,
  name,
  start_date,
  start_time,
  start_datetime,
  start_timestamp,
  random_date,
  random_datetime,
};

// What is done to a value before it joins the text.
enum class escaping : std::uint8_t {
  none,
  json_inside,  // of a string
  json_string,  // with quotation marks
  percent,
  url_start,  // verbatim, but nothing that ends a request line
  form,
  header,
};

enum class filter_kind : std::uint8_t { upper, lower, trim, url, path, json_string, number, raw, pad, base64 };

struct part_filter {
  filter_kind kind = filter_kind::upper;
  char fill = '0';
  std::uint32_t width = 0;
};

namespace detail {

struct template_program;

struct template_part {
  part_source source = part_source::literal;
  escaping how = escaping::none;
  value_type type = value_type::text;
  bool check_utf8 = false;  // a kept value that goes into JSON
  std::uint32_t index = 0;  // literal, text: offset in pool. pick: first option. cell, kept: number. value: in programs
  std::uint32_t count = 0;  // literal, text: bytes. pick: options. decimal: decimals
  std::uint32_t first_filter = 0;
  std::uint32_t filters = 0;
  std::int64_t low = 0;  // bounds of a random value; a length
  std::int64_t high = 0;
  double chance = 0;
  std::uint64_t ordinal = 0;  // makes its random values its own
};

// Parts one behind the other that are rendered in the same way (template_direct.hpp).
struct template_run {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::size_t bound = 0;  // the most bytes that a direct run makes, but for its views
  bool direct = false;
  bool views = false;  // some parts are text from outside
};

struct template_program {
  std::string pool;  // all constant text
  std::vector<template_part> parts;
  std::vector<template_run> runs;                                // all parts
  std::vector<std::pair<std::uint32_t, std::uint32_t>> options;  // of picks: offset and size in pool
  std::vector<part_filter> filters;
  std::vector<std::shared_ptr<const template_program>> programs;
  std::map<std::uint32_t, std::string> expressions;  // part number → as it was written
  std::vector<std::uint32_t> cells;
  std::size_t weight = 0;  // parts, with those of the programs it uses
  value_type type = value_type::text;
  bool of_item = false;  // depends on the item
  bool of_run = false;   // depends on the run
  bool of_kept = false;

  [[nodiscard]] std::string_view text(const template_part& part) const noexcept {
    return std::string_view(pool).substr(part.index, part.count);
  }
};

bool has_control(std::string_view text, bool tab_is_fine) noexcept;

// `value` must not lie in `out` unless `out` has room for six times its size and two more.
render_status append_escaped(std::string& out, std::string_view value, escaping how);

// Appends the program's text; on failure the caller cuts `out` back.
render_result render_program(const template_program& program, const render_input& input, std::string& out);

}  // namespace detail

struct template_scope::names {
  struct feed {
    std::string name;
    std::vector<std::string> columns;
    std::size_t first = 0;
  };
  struct value {
    std::string name;
    std::shared_ptr<const detail::template_program> program;
  };
  struct kept {
    std::string step;
    std::string name;
  };
  environment look_up;
  std::optional<std::string> target;
  std::vector<feed> feeds;
  std::vector<value> values;
  std::vector<kept> kept_values;
  std::size_t cells = 0;
};

}  // namespace lakh::load
