#include "chaos_help.hpp"
#include "console.hpp"

#include <string_view>

namespace lakh::cli {
namespace {

constexpr std::size_t columns = 78;  // laid out once, for every terminal
constexpr std::size_t gutter = 24;

std::string_view value_of(const chaos_rule& rule) noexcept {
  switch (rule.value) {
    case chaos_value::time: return rule.needs_value ? "@TIME" : "[@TIME]";
    case chaos_value::seconds: return rule.needs_value ? "@SECONDS" : "[@SECONDS]";
    case chaos_value::bytes: return rule.needs_value ? "@BYTES" : "[@BYTES]";
    case chaos_value::bytes_per_second: return "@BYTES/s";
    case chaos_value::none: break;
  }
  return {};
}

}  // namespace

std::string chaos_help(std::span<const chaos_rule> rules) {
  std::string text;
  for (const chaos_rule& rule : rules) {
    const std::string left = "  " + std::string(rule.name) + std::string(value_of(rule));
    text += pad_right(left, gutter) + wrapped(rule.help, columns, gutter).substr(gutter);
  }
  return text;
}

}  // namespace lakh::cli
