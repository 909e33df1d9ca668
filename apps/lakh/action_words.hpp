// The words of an action: what stands behind `lakh http`, and the same behind `lakh load … http`.
#pragma once

#include "environment.hpp"
#include "verb.hpp"
#include "words.hpp"

#include <lakh/core/config.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::cli {

// A step of a plan, said in words. Texts are as written: they may hold templates.
struct step_in_words {
  config settings;  // what stands under the action's name in a plan
  config expect;    // null where nothing was said
  config keep;
};

struct action_words {
  std::string_view name;   // "http"
  std::string_view usage;  // "http [METHOD] URL [options]"
  std::vector<option> options;
  std::vector<positional> positionals;
  bool more_positionals = false;
  bool command_follows = false;  // the first positional ends the options: all behind it belongs to another program
  // Throws input_error. Files named by @FILE are read here only where `standard_input` or inline text stands for them.
  step_in_words (*step)(environment& env, const words& given) = nullptr;
};

const action_words& http_words();
const action_words& exec_words();
const action_words& compute_words();

std::span<const action_words* const> all_actions();
const action_words* find_action(std::string_view name) noexcept;

}  // namespace lakh::cli
