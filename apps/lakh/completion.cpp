#include "action_words.hpp"
#include "completion.hpp"
#include "verb.hpp"

#include <fmt/format.h>

#include <span>
#include <string_view>
#include <vector>

namespace lakh::cli {
namespace {

// What can stand on the line once `verb` (and perhaps an action) has been said.
struct place {
  std::string name;  // "load", or "load_http" behind the action
  std::vector<const option*> options;
  std::vector<std::string_view> choices;  // words that are no options
  bool files = false;                     // a file may stand here
};

void add_positionals(place& to, std::span<const positional> from) {
  for (const positional& one : from) {
    to.choices.insert(to.choices.end(), one.choices.begin(), one.choices.end());
    to.files |= one.kind != value_kind::text;
  }
}

std::vector<place> all_places() {
  std::vector<place> places;
  for (const verb* one : all_verbs()) {
    place at;
    at.name = one->name;
    for (const option& o : one->options) at.options.push_back(&o);
    add_positionals(at, one->positionals);
    if (one->takes_action)
      for (const action_words* action : all_actions()) at.choices.push_back(action->name);
    places.push_back(at);
    if (!one->takes_action) continue;
    for (const action_words* action : all_actions()) {
      place behind;
      behind.name = std::string(one->name) + "_" + std::string(action->name);
      for (const option& o : action->options) behind.options.push_back(&o);
      for (const option& o : one->options) {
        bool hidden = false;
        for (const option& mine : action->options) hidden |= mine.name == o.name;
        if (!hidden) behind.options.push_back(&o);
      }
      add_positionals(behind, action->positionals);
      places.push_back(std::move(behind));
    }
  }
  return places;
}

std::string verb_names() {
  std::string names = "help";
  for (const verb* one : all_verbs()) names += fmt::format(" {}", one->name);
  return names;
}

// "-n|--items": the words of an option, as a pattern of a shell's case. Of an option that an action's hides, the letter
// may still be its own.
std::string pattern(const option& one) {
  return one.letter != 0 ? fmt::format("-{}|{}", one.letter, one.name) : std::string(one.name);
}

std::string joined(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view one : words) text += (text.empty() ? "" : " ") + std::string(one);
  return text;
}

// Inside single quotation marks of a shell.
std::string quoted(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out;
}

std::string actions_pattern() {
  std::string text;
  for (const action_words* one : all_actions()) text += (text.empty() ? "" : "|") + std::string(one->name);
  return text;
}

std::string verbs_with_action_pattern() {
  std::string text;
  for (const verb* one : all_verbs())
    if (one->takes_action) text += (text.empty() ? "" : "|") + std::string(one->name);
  return text;
}

}  // namespace

std::string bash_completion() {
  std::string out = fmt::format(R"(# bash completion for lakh, made by 'lakh completion bash'.
_lakh() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} place=${{COMP_WORDS[1]}} i
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '{} --help --version' -- "$word"))
    return
  fi
  case $place in
    help) COMPREPLY=($(compgen -W '{}' -- "$word")); return ;;
    {})
      for ((i = 2; i < COMP_CWORD; i++)); do
        case ${{COMP_WORDS[i]}} in {}) place=${{place}}_${{COMP_WORDS[i]}}; break ;; esac
      done ;;
  esac
  case $place in
)",
                                verb_names(), verb_names(), verbs_with_action_pattern(), actions_pattern());
  for (const place& at : all_places()) {
    out += fmt::format("    {})\n      case $previous in\n", at.name);
    std::string names = "--help";
    for (const option* one : at.options) {
      names += fmt::format(" {}", one->name);
      if (one->value.empty()) continue;
      if (!one->choices.empty())
        out += fmt::format("        {}) COMPREPLY=($(compgen -W '{}' -- \"$word\")); return ;;\n", pattern(*one),
                           joined(one->choices));
      else if (one->kind == value_kind::file)
        out += fmt::format("        {}) _lakh_files -f \"$word\"; return ;;\n", pattern(*one));
      else if (one->kind == value_kind::folder)
        out += fmt::format("        {}) _lakh_files -d \"$word\"; return ;;\n", pattern(*one));
      else
        out += fmt::format("        {}) return ;;\n", pattern(*one));
    }
    out += "      esac\n";
    out += fmt::format("      case $word in\n        -*) COMPREPLY=($(compgen -W '{}' -- \"$word\")) ;;\n", names);
    std::string others = at.choices.empty()
                             ? std::string()
                             : fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$word\"))", joined(at.choices));
    if (at.files) others += std::string(others.empty() ? "" : "; ") + "_lakh_files -f \"$word\"";
    if (!others.empty()) out += fmt::format("        *) {} ;;\n", others);
    out += "      esac ;;\n";
  }
  out += R"(  esac
}
# Files, also behind the '@' of @FILE and the '=' of NAME=FILE.
_lakh_files() {
  local before='' rest=$2 found
  case $rest in
    @*) before=@; rest=${rest#@} ;;
    *=*) before=${rest%%=*}=; rest=${rest#*=} ;;
  esac
  # bash has split the word at the '=' already.
  case $COMP_WORDBREAKS in *=*) case $before in *=) before='' ;; esac ;; esac
  compopt -o filenames 2>/dev/null
  while IFS= read -r found; do COMPREPLY+=("$before$found"); done < <(compgen "$1" -- "$rest")
}
complete -F _lakh lakh
)";
  return out;
}

std::string zsh_completion() {
  // Colons and brackets separate the parts of a specification.
  const auto escaped = [](std::string_view text) {
    std::string out;
    for (const char c : quoted(text))
      out += c == '[' || c == ']' || c == ':' ? std::string("\\") + c : std::string(1, c);
    return out;
  };
  std::string out = "#compdef lakh\n# zsh completion for lakh, made by 'lakh completion zsh'.\n";
  const auto action_of = [](const option& one) -> std::string {
    if (!one.choices.empty()) return "(" + joined(one.choices) + ")";
    if (one.kind == value_kind::file) return "_files";
    if (one.kind == value_kind::folder) return "_files -/";
    return " ";
  };
  for (const place& at : all_places()) {
    out += fmt::format("_lakh_{}() {{\n  _arguments -s -S \\\n    '(- *)'{{-h,--help}}'[shows help]' \\\n", at.name);
    for (const option* one : at.options) {
      const std::string star = one->repeated ? "*" : "";
      const std::string argument =
          one->value.empty() ? std::string() : fmt::format(":{}:{}", escaped(one->value), action_of(*one));
      out += fmt::format("    '{}{}[{}]{}' \\\n", star, one->name, escaped(one->help), argument);
      if (one->letter != 0)
        out += fmt::format("    '{}-{}[{}]{}' \\\n", star, one->letter, escaped(one->help), argument);
    }
    std::string rest = " ";
    if (!at.choices.empty() && at.files)
      rest = fmt::format("{{_values word {}; _files}}", joined(at.choices));
    else if (!at.choices.empty())
      rest = "(" + joined(at.choices) + ")";
    else if (at.files)
      rest = "_files";
    out += fmt::format("    '*:word:{}'\n}}\n", rest);
  }
  out += "_lakh() {\n  local place=$words[2] i\n  if (( CURRENT == 2 )); then\n    local -a verbs=(\n";
  for (const verb* one : all_verbs()) out += fmt::format("      '{}:{}'\n", one->name, quoted(one->summary));
  out += fmt::format(R"(      'help:shows a verb in full'
    )
    _describe verb verbs
    return
  fi
  case $place in
    help) compadd {}; return ;;
    {})
      for (( i = 3; i < CURRENT; i++ )); do
        case $words[i] in {}) place=${{place}}_$words[i]; break ;; esac
      done ;;
  esac
  (( $+functions[_lakh_$place] )) || return 1
  (( CURRENT-- ))
  shift words
  _lakh_$place
}}
if [ "$funcstack[1]" = "_lakh" ]; then _lakh; else compdef _lakh lakh; fi
)",
                     verb_names(), verbs_with_action_pattern(), actions_pattern());
  return out;
}

std::string fish_completion() {
  const auto escaped = [](std::string_view text) {
    std::string out;
    for (const char c : text) out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    return out;
  };
  std::string out = "# fish completion for lakh, made by 'lakh completion fish'.\ncomplete -c lakh -f\n";
  for (const verb* one : all_verbs())
    out += fmt::format("complete -c lakh -n __fish_use_subcommand -a {} -d '{}'\n", one->name, escaped(one->summary));
  out += "complete -c lakh -n __fish_use_subcommand -a help -d 'shows a verb in full'\n";
  const auto option_line = [&](const std::string& condition, const option& one) {
    std::string line = fmt::format("complete -c lakh -n '{}' -l {}", condition, one.name.substr(2));
    if (one.letter != 0) line += fmt::format(" -s {}", one.letter);
    if (!one.value.empty()) line += one.kind == value_kind::text ? " -x" : " -r -F";
    if (!one.choices.empty()) line += fmt::format(" -a '{}'", joined(one.choices));
    return line + fmt::format(" -d '{}'\n", escaped(one.help));
  };
  for (const verb* one : all_verbs()) {
    const std::string said = fmt::format("__fish_seen_subcommand_from {}", one->name);
    std::string before_action = said;
    std::string actions;
    if (one->takes_action) {
      for (const action_words* action : all_actions()) actions += " " + std::string(action->name);
      before_action += "; and not __fish_seen_subcommand_from" + actions;
    }
    for (const option& o : one->options) out += option_line(said, o);
    for (const positional& p : one->positionals) {
      if (!p.choices.empty()) out += fmt::format("complete -c lakh -n '{}' -a '{}'\n", said, joined(p.choices));
      if (p.kind != value_kind::text) out += fmt::format("complete -c lakh -n '{}' -F\n", before_action);
    }
    if (!one->takes_action) continue;
    out += fmt::format("complete -c lakh -n '{}' -a '{}'\n", before_action, actions.substr(1));
    for (const action_words* action : all_actions()) {
      const std::string behind = fmt::format("{}; and __fish_seen_subcommand_from {}", said, action->name);
      for (const option& o : action->options) out += option_line(behind, o);
    }
  }
  return out;
}

}  // namespace lakh::cli
