#include "action_words.hpp"
#include "help.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace lakh::cli {
namespace {

constexpr std::size_t widest = 100;  // longer lines are hard to read

std::string left_side(const option& one) {
  std::string text = one.letter != 0 ? fmt::format("-{}, {}", one.letter, one.name) : fmt::format("    {}", one.name);
  if (!one.value.empty()) text += fmt::format(" {}", one.value);
  return text;
}

std::string entry(std::string_view left, std::string_view right, std::size_t gutter, std::size_t columns,
                  const paint& colours) {
  std::string text = "  " + colours.bold(left);
  std::string explained = wrapped(right, columns, gutter);
  const std::size_t used = 2 + display_width(left);
  if (used + 2 <= gutter) {
    explained.erase(0, used);  // the first line's indent
    return text + explained;
  }
  return text + "\n" + explained;
}

std::string section_of(std::span<const option> options, std::string_view section, std::size_t columns,
                       const paint& colours) {
  std::size_t gutter = 0;
  for (const option& one : options) gutter = std::max(gutter, display_width(left_side(one)) + 4);
  gutter = std::min<std::size_t>(gutter, 30);
  std::string text;
  for (const option& one : options) {
    if (one.section != section) continue;
    std::string right(one.help);
    if (!one.choices.empty()) {
      right += ":";
      for (const std::string_view choice : one.choices) right += fmt::format(" {}", choice);
    }
    if (one.repeated) right += " (may be repeated)";
    text += entry(left_side(one), right, gutter, columns, colours);
  }
  return text;
}

std::string options_text(std::span<const option> options, std::string_view first_title, std::size_t columns,
                         const paint& colours) {
  std::vector<std::string_view> sections;
  for (const option& one : options)
    if (std::ranges::find(sections, one.section) == sections.end()) sections.push_back(one.section);
  std::string text;
  for (const std::string_view section : sections)
    text += fmt::format("\n{}\n", colours.bold(section.empty() ? first_title : section)) +
            section_of(options, section, columns, colours);
  return text;
}

std::string paragraphs(std::string_view about, std::size_t columns) {
  std::string text;
  for (std::size_t at = 0; at < about.size();) {
    const std::size_t end = std::min(about.find('\n', at), about.size());
    const std::string_view line = about.substr(at, end - at);
    // Lines that begin with a space are laid out by hand.
    text += line.empty() ? "\n" : line.starts_with(' ') ? std::string(line) + "\n" : wrapped(line, columns, 0);
    at = end + 1;
  }
  return text;
}

}  // namespace

std::string main_help(paint colours, std::size_t columns) {
  columns = std::clamp<std::size_t>(columns, 40, widest);
  std::string text = "lakh: anything you can do once on the network, 100,000 times: each exactly once, with proof.\n\n";
  text += colours.bold("Usage") + "\n  lakh VERB [words] [options]\n\n" + colours.bold("Verbs") + "\n";
  for (const verb* one : all_verbs()) text += entry(one->name, one->summary, 16, columns, colours);
  text +=
      entry("help VERB", "shows a verb's words, options and examples; so does lakh VERB --help", 16, columns, colours);
  text += "\n" + colours.bold("Options") + "\n";
  text += entry("--help, -h", "shows this", 16, columns, colours);
  text += entry("--version", "shows the version", 16, columns, colours);
  text += "\n" + colours.bold("Examples") + "\n";
  static constexpr std::array<std::string_view, 4> examples{{
      "lakh shop --listen 127.0.0.1:8080 --db shop.db",
      "lakh http POST http://127.0.0.1:8080/orders --json @order.json",
      "lakh load -n 100000 http POST http://127.0.0.1:8080/orders --json @order.json",
      "lakh load orders.yaml",
  }};
  for (const std::string_view one : examples) text += fmt::format("  {}\n", one);
  text += "\n" + colours.bold("Exit codes") + "\n";
  for (const int code : {0, 1, 2, 3, 4, 5, 6, 7, 70, 130, 143})
    text += entry(std::to_string(code), code == 0 ? "all is well" : meaning_of(code), 8, columns, colours);
  text += "\n" + wrapped("Colours are used on a terminal only, and not if the environment variable NO_COLOR is set.",
                         columns, 0);
  return text;
}

std::string verb_help(const verb& of, paint colours, std::size_t columns) {
  columns = std::clamp<std::size_t>(columns, 40, widest);
  std::string text = wrapped(fmt::format("lakh {}: {}", of.name, of.summary), columns, 0);
  text += fmt::format("\n{}\n", colours.bold("Usage"));
  for (const std::string_view one : of.usage) text += fmt::format("  {}\n", one);
  if (!of.about.empty()) text += "\n" + paragraphs(of.about, columns);
  text += options_text(of.options, "Options", columns, colours);
  if (of.takes_action) {
    for (const action_words* one : all_actions()) {
      const std::string title = fmt::format("Behind the word '{}': {}", one->name, one->usage);
      std::vector<option> flat = one->options;
      for (option& o : flat) o.section = {};
      text += options_text(flat, title, columns, colours);
    }
  }
  if (!of.examples.empty()) {
    text += "\n" + colours.bold("Examples") + "\n";
    for (const example& one : of.examples)
      text += wrapped(fmt::format("# {}", one.what), columns, 2) + fmt::format("  {}\n", colours.cyan(one.command));
  }
  return text;
}

}  // namespace lakh::cli
