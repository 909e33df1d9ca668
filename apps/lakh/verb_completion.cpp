// `lakh completion SHELL`: prints a script, made from the tables of verbs and options.
#include "completion.hpp"
#include "verb.hpp"

#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>

#include <array>
#include <ostream>

namespace lakh::cli {
namespace {

int run_completion(environment& env, const words& given) {
  if (given.positional().empty())
    throw input_error("'lakh completion' needs the name of your shell",
                      "bash, zsh or fish: source <(lakh completion bash)");
  const std::string& shell = given.positional().front();
  if (shell == "bash") {
    *env.out << bash_completion();
  } else if (shell == "zsh") {
    *env.out << zsh_completion();
  } else if (shell == "fish") {
    *env.out << fish_completion();
  } else {
    static constexpr std::array<std::string_view, 3> shells{{"bash", "zsh", "fish"}};
    const std::string_view near = nearest(shell, shells);
    throw input_error("there is no completion for '" + shell + "'", near.empty()
                                                                        ? "there is one for bash, zsh and fish"
                                                                        : "did you mean '" + std::string(near) + "'?");
  }
  return all_well;
}

}  // namespace

const verb& completion_verb() {
  static const verb made = {
      .name = "completion",
      .summary = "prints a script that teaches your shell these words",
      .usage = {"lakh completion bash|zsh|fish"},
      .positionals = {{.name = "SHELL", .choices = {"bash", "zsh", "fish"}}},
      .examples =
          {
              {"source <(lakh completion bash)", "bash: for this session, or as a line in ~/.bashrc"},
              {"lakh completion zsh > \"${fpath[1]}/_lakh\"", "zsh: from the next session on"},
              {"lakh completion fish > ~/.config/fish/completions/lakh.fish", "fish: from the next session on"},
          },
      .run = run_completion,
  };
  return made;
}

}  // namespace lakh::cli
