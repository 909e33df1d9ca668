#include <lakh/core/text.hpp>
#include <lakh/load/generators.hpp>
#include <lakh/load/template_functions.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace lakh::load {
namespace {

using detail::template_part;
using detail::template_program;

struct function {
  std::string_view name;
  part_source source;
  value_type type;
  std::size_t least;  // arguments
  std::size_t most;
  std::string_view usage;
};

constexpr std::size_t any_number = 1000;
constexpr std::int64_t most_characters = 4096;
constexpr std::int64_t most_words = 1000;
constexpr std::int64_t day_seconds = 86'400;

constexpr std::array<function, 20> functions = {{
    {"item", part_source::item, value_type::number, 0, 0, "item"},
    {"run", part_source::run, value_type::text, 0, 0, "run"},
    {"uuid", part_source::uuid, value_type::text, 0, 0, "uuid"},
    {"int", part_source::integer, value_type::number, 2, 2, "int(1,5)"},
    {"float", part_source::decimal, value_type::number, 2, 3,
     "float(0,1) or float(0,1,2), the last being the decimals"},
    {"chance", part_source::chance, value_type::boolean, 1, 1, "chance(0.2) or chance(20%)"},
    {"pick", part_source::pick, value_type::text, 1, any_number, "pick(red,green,\"light blue\")"},
    {"hex", part_source::hex, value_type::text, 1, 2, "hex(16), or hex(8,16) for 8 to 16"},
    {"letters", part_source::letters, value_type::text, 1, 2, "letters(8), or letters(3,8) for 3 to 8"},
    {"digits", part_source::digits, value_type::text, 1, 2, "digits(6), or digits(3,6) for 3 to 6"},
    {"word", part_source::word, value_type::text, 0, 0, "word"},
    {"words", part_source::words, value_type::text, 1, 2, "words(3), or words(3,8) for 3 to 8"},
    {"sentence", part_source::sentence, value_type::text, 0, 0, "sentence"},
    {"name", part_source::name, value_type::text, 0, 0, "name"},
    {"date", part_source::start_date, value_type::text, 0, 2, "date, or date(2026-01-01,2026-12-31) for a random one"},
    {"time", part_source::start_time, value_type::text, 0, 0, "time"},
    {"datetime", part_source::start_datetime, value_type::text, 0, 2,
     "datetime, or datetime(2026-01-01,2026-12-31) for a random one"},
    {"timestamp", part_source::start_timestamp, value_type::number, 0, 0, "timestamp"},
    // Not functions, but their names are taken all the same.
    {"target", part_source::text, value_type::text, 0, 0, "target"},
    {"env", part_source::text, value_type::text, 0, 0, "env.NAME"},
}};

constexpr auto names_of_functions = [] {
  std::array<std::string_view, functions.size()> names;
  for (std::size_t i = 0; i < functions.size(); ++i) names[i] = functions[i].name;
  return names;
}();

constexpr std::array<std::string_view, 11> names_of_filters = {"upper",  "lower",  "trim", "url", "path",  "json",
                                                               "string", "number", "raw",  "pad", "base64"};

[[noreturn]] void fail(const text_span& span, std::string what, std::string hint = {}) {
  throw expression_error{span, std::move(what), std::move(hint)};
}

std::int64_t whole(const template_argument& argument, std::int64_t least, std::int64_t most) {
  std::int64_t value = 0;
  const char* end = argument.text.data() + argument.text.size();
  const auto result = std::from_chars(argument.text.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end || value < least || value > most) {
    fail(argument.span,
         "'" + argument.text + "' is not a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return value;
}

// How many digits stand after the point of a decimal number.
std::size_t decimals_of(const template_argument& argument) {
  if (!is_json_number(argument.text) || argument.text.find_first_of("eE") != std::string::npos)
    fail(argument.span, "'" + argument.text + "' is not a number");
  const std::size_t point = argument.text.find('.');
  return point == std::string::npos ? 0 : argument.text.size() - point - 1;
}

// The number in units of the last decimal.
std::int64_t scaled(const template_argument& argument, unsigned decimals) {
  const std::size_t own = decimals_of(argument);
  if (own > decimals)
    fail(argument.span, "'" + argument.text + "' has more than " + std::to_string(decimals) + " decimals");
  std::string digits = argument.text;
  std::erase(digits, '.');
  digits.append(decimals - own, '0');
  std::int64_t value = 0;
  const char* end = digits.data() + digits.size();
  if (const auto result = std::from_chars(digits.data(), end, value); result.ec != std::errc() || result.ptr != end)
    fail(argument.span, "'" + argument.text + "' is too large");
  return value;
}

void make_decimal(const template_call& call, template_part& part) {
  const auto& args = call.arguments;
  const std::size_t written = std::max(decimals_of(args[0]), decimals_of(args[1]));
  const auto decimals = args.size() == 3 ? static_cast<unsigned>(whole(args[2], 0, 9))
                                         : static_cast<unsigned>(std::max<std::size_t>(written, 2));
  if (decimals > 9) fail(args[0].span, "more than 9 decimals");
  part.count = decimals;
  part.low = scaled(args[0], decimals);
  part.high = scaled(args[1], decimals);
}

void make_chance(const template_call& call, template_part& part) {
  std::string_view text = call.arguments[0].text;
  double factor = 1;
  if (text.ends_with('%')) {
    text.remove_suffix(1);
    factor = 0.01;
  }
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, part.chance);
  part.chance *= factor;
  if (result.ec != std::errc() || result.ptr != end || !(part.chance >= 0 && part.chance <= 1))
    fail(call.arguments[0].span, "'" + call.arguments[0].text + "' is not a chance from 0 to 1, or from 0% to 100%");
}

void make_pick(const template_call& call, template_program& program, template_part& part) {
  part.index = static_cast<std::uint32_t>(program.options.size());
  part.count = static_cast<std::uint32_t>(call.arguments.size());
  bool numbers = true;
  for (const auto& argument : call.arguments) {
    program.options.emplace_back(static_cast<std::uint32_t>(program.pool.size()),
                                 static_cast<std::uint32_t>(argument.text.size()));
    program.pool += argument.text;
    numbers = numbers && !argument.quoted && is_json_number(argument.text);
  }
  if (numbers) part.type = value_type::number;
}

std::int64_t day(const template_argument& argument) {
  const auto value = parse_date(argument.text);
  if (!value) fail(argument.span, "'" + argument.text + "' is not a date", "write it as 2026-01-31");
  return *value;
}

}  // namespace

std::span<const std::string_view> function_names() noexcept {
  return names_of_functions;
}
std::span<const std::string_view> filter_names() noexcept {
  return names_of_filters;
}

[[noreturn]] void refuse_arguments(const template_call& call, const std::string& usage) {
  const std::size_t given = call.arguments.size();
  fail(call.span,
       "'" + call.name + "' does not take " + std::to_string(given) + (given == 1 ? " argument" : " arguments"), usage);
}

bool make_function(const template_call& call, template_program& program, template_part& part) {
  const auto found = std::ranges::find(functions, std::string_view(call.name), &function::name);
  if (found == functions.end() || found->source == part_source::text) return false;
  const auto& args = call.arguments;
  const std::string usage = "write " + std::string(found->usage);
  if (args.size() < found->least || args.size() > found->most) refuse_arguments(call, usage);
  part.source = found->source;
  part.type = found->type;
  switch (found->source) {
    case part_source::integer:
      part.low = whole(args[0], std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
      part.high = whole(args[1], std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
      break;
    case part_source::decimal: make_decimal(call, part); break;
    case part_source::chance: make_chance(call, part); break;
    case part_source::pick: make_pick(call, program, part); break;
    case part_source::word: part.low = part.high = 1; break;
    case part_source::hex:
    case part_source::letters:
    case part_source::digits:
    case part_source::words: {
      const std::int64_t most = found->source == part_source::words ? most_words : most_characters;
      part.low = whole(args.front(), 0, most);
      part.high = whole(args.back(), 0, most);
      break;
    }
    case part_source::start_date:
    case part_source::start_datetime:
      if (args.empty()) break;
      if (args.size() == 1) fail(call.span, "'" + call.name + "' takes two dates or none", usage);
      part.low = day(args[0]);
      part.high = day(args[1]);
      if (found->source == part_source::start_date) {
        part.source = part_source::random_date;
      } else {
        part.source = part_source::random_datetime;
        part.low *= day_seconds;
        part.high = part.high * day_seconds + day_seconds - 1;
      }
      break;
    default: break;
  }
  if (part.high < part.low) fail(call.span, "the first bound is greater than the second", usage);
  return true;
}

void add_filter(const template_call& call, template_program& program, template_part& part) {
  const auto found = std::ranges::find(names_of_filters, std::string_view(call.name));
  if (found == names_of_filters.end()) {
    const auto near = nearest(call.name, names_of_filters);
    fail(call.span, "unknown filter '" + call.name + "'",
         near.empty() ? "the filters are " + list_of(names_of_filters) : "did you mean '" + std::string(near) + "'?");
  }
  const std::string_view name = *found;
  const auto& args = call.arguments;
  if (name == "pad" ? args.empty() || args.size() > 2 : !args.empty())
    refuse_arguments(call, name == "pad" ? "write pad(8), or pad(8,\" \") for spaces" : "write |" + call.name);

  part_filter filter;
  value_type type = value_type::text;
  bool needed = true;
  if (name == "upper") filter.kind = filter_kind::upper;
  if (name == "lower") filter.kind = filter_kind::lower;
  if (name == "trim") filter.kind = filter_kind::trim;
  if (name == "url") filter.kind = filter_kind::url;
  if (name == "path") filter.kind = filter_kind::path;
  if (name == "base64") filter.kind = filter_kind::base64;
  if (name == "string") needed = false;
  if (name == "json") {
    filter.kind = filter_kind::json_string;
    type = value_type::json;
    needed = part.type == value_type::text;  // a number is its own JSON
  }
  if (name == "number") {
    filter.kind = filter_kind::number;
    type = value_type::number;
    needed = part.type != value_type::number;
  }
  if (name == "raw") {
    filter.kind = filter_kind::raw;
    type = value_type::json;
  }
  if (name == "pad") {
    filter.kind = filter_kind::pad;
    filter.width = static_cast<std::uint32_t>(whole(args[0], 0, most_characters));
    if (args.size() == 2) {
      if (args[1].text.size() != 1 || static_cast<unsigned char>(args[1].text[0]) >= 0x80)
        fail(args[1].span, "'pad' fills with one ASCII character");
      filter.fill = args[1].text[0];
    }
  }
  part.type = type;
  if (!needed) return;
  if (part.filters == 0) part.first_filter = static_cast<std::uint32_t>(program.filters.size());
  program.filters.push_back(filter);
  ++part.filters;
}

bool needs_no_escaping(part_source source, bool in_urls) noexcept {
  switch (source) {
    case part_source::literal:
    case part_source::item:
    case part_source::uuid:
    case part_source::integer:
    case part_source::decimal:
    case part_source::chance:
    case part_source::hex:
    case part_source::letters:
    case part_source::digits:
    case part_source::word:
    case part_source::start_date:
    case part_source::start_timestamp:
    case part_source::random_date: return true;
    case part_source::words:
    case part_source::sentence:
    case part_source::name:
    case part_source::start_time:
    case part_source::start_datetime:
    case part_source::random_datetime: return !in_urls;
    case part_source::text:
    case part_source::run:
    case part_source::cell:
    case part_source::kept:
    case part_source::value:
    case part_source::pick: return false;
  }
  return false;
}

}  // namespace lakh::load
