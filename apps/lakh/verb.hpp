// A verb of the program: `lakh VERB …`. Each stands in a verb_*.cpp of its own and is listed in run_lakh.cpp:
//
//   const verb& shop_verb() {
//     static const verb made = {.name = "shop", .summary = "…", .usage = {"lakh shop [options]"}, .options = {…}, .run
//     = run}; return made;
//   }
//
// `run` throws lakh::error for what goes wrong: run_lakh prints it with its hint and chooses the exit code by its
// class. It returns an exit_code.
#pragma once

#include "environment.hpp"
#include "exit_code.hpp"
#include "words.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace lakh::cli {

struct example {
  std::string_view command;
  std::string_view what;  // one sentence without a full stop
};

// What stands on the line besides options: for usage, checks and completion.
struct positional {
  std::string_view name;  // "RUN"
  value_kind kind = value_kind::text;
  std::vector<std::string_view> choices = {};  // offered by the shell; not enforced
};

struct verb {
  std::string_view name;
  std::string_view summary;             // one line without a full stop
  std::vector<std::string_view> usage;  // "lakh runs show RUN [options]"
  std::string_view about = {};          // paragraphs for the help, at most 100 columns
  std::vector<option> options = {};     // --help is everyone's, and not listed here
  std::vector<positional> positionals = {};
  bool more_positionals = false;  // beyond those listed; otherwise they are refused
  bool command_follows = false;   // the first positional ends the options: all behind it belongs to another program
  // `lakh load … http POST URL …`: a positional that is the name of an action (action_words.hpp) ends the verb's own
  // positionals. Behind it the action's options are understood before the verb's: see words::behind_action().
  bool takes_action = false;
  std::vector<example> examples = {};
  int (*run)(environment& env, const words& given) = nullptr;
};

const verb& http_verb();
const verb& exec_verb();
const verb& compute_verb();
const verb& load_verb();
const verb& compare_verb();
const verb& runs_verb();
const verb& report_verb();
const verb& shop_verb();
const verb& chaos_verb();
const verb& verify_verb();
const verb& completion_verb();

// All of them, in the order of the help.
std::span<const verb* const> all_verbs();

}  // namespace lakh::cli
