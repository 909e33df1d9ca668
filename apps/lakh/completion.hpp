// Shell completion, made from the tables of verbs, options and actions.
#pragma once

#include <string>

namespace lakh::cli {

std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace lakh::cli
