#include "action_words.hpp"
#include "console.hpp"
#include "help.hpp"
#include "run_lakh.hpp"
#include "verb.hpp"

#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>
#include <lakh/core/version.hpp>

#include <algorithm>
#include <array>
#include <new>
#include <ostream>

namespace lakh::cli {
namespace {

const verb* find_verb(std::string_view name) {
  for (const verb* one : all_verbs())
    if (one->name == name) return one;
  return nullptr;
}

[[noreturn]] void unknown_verb(const std::string& name) {
  std::vector<std::string_view> names = {"help"};
  for (const verb* one : all_verbs()) names.push_back(one->name);
  const std::string_view near = nearest(name, names);
  std::string hint = near.empty() ? std::string() : "did you mean '" + std::string(near) + "'? ";
  // A URL or a plan where a verb should stand.
  if (name.find("://") != std::string::npos) hint = "to send one request: lakh http " + name + "; ";
  if (name.ends_with(".yaml") || name.ends_with(".yml")) hint = "to run a plan: lakh load " + name + "; ";
  const std::string what = name.starts_with('-') ? "lakh has no option " + name : "lakh has no verb '" + name + "'";
  throw input_error(what, hint + "'lakh --help' lists what there is");
}

int dispatch(environment& env) {
  const paint colours(env.out_in_colour());
  if (env.args.empty()) {
    *env.err << main_help(paint(env.err_in_colour()), env.width());
    return wrong_input;
  }
  const std::string& first = env.args.front();
  if (first == "--version" || first == "version") {
    *env.out << "lakh " << version << '\n';
    return all_well;
  }
  if (first == "--help" || first == "-h" || (first == "help" && env.args.size() == 1)) {
    *env.out << main_help(colours, env.width());
    return all_well;
  }
  if (first == "help") {
    const verb* which = find_verb(env.args[1]);
    if (which == nullptr) unknown_verb(env.args[1]);
    *env.out << verb_help(*which, colours, env.width());
    return all_well;
  }
  const verb* which = find_verb(first);
  if (which == nullptr) unknown_verb(first);
  const words_read read = read_words(*which, std::span(env.args).subspan(1));
  if (read.help_wanted) {
    *env.out << verb_help(*which, colours, env.width());
    return all_well;
  }
  return which->run(env, read.given);
}

}  // namespace

bool environment::colours_wanted() const {
  const auto no_color = getenv("NO_COLOR");
  return (!no_color || no_color->empty()) && getenv("TERM") != "dumb";
}

std::string_view meaning_of(int code) noexcept {
  switch (code) {
    case not_all_confirmed:
      return "items failed or are unknown (once: a status of 400 or more, or an expectation missed)";
    case wrong_input: return "the words, the plan, a template or a feed are wrong";
    case target_unreachable: return "the target cannot be reached, or gives no proper answer";
    case storage_failed: return "the run's own ledger or folder, or an output file, could not be written or read";
    case reconcile_differs: return "the target's data differ from the ledger, or could not be asked for";
    case limit_broken: return "a limit ended the run, or was not kept";
    case not_as_written: return "verify: a record of the run is not what was written";
    case internal_failure: return "a fault of lakh itself, or of what kills its worker processes";
    case interrupted: return "stopped by Ctrl-C (SIGINT)";
    case terminated: return "stopped by SIGTERM";
    default: return {};
  }
}

int exit_code_of(const std::exception& failure) noexcept {
  const auto* ours = dynamic_cast<const error*>(&failure);
  if (ours == nullptr) return internal_failure;
  switch (ours->kind()) {
    case error_kind::input: return wrong_input;
    case error_kind::storage: return storage_failed;
    case error_kind::status: return not_all_confirmed;
    case error_kind::cancelled: return interrupted;
    case error_kind::none:
    case error_kind::internal: return internal_failure;
    case error_kind::resolve:
    case error_kind::connect:
    case error_kind::timeout:
    case error_kind::tls:
    case error_kind::closed:
    case error_kind::protocol:
    case error_kind::limit: return target_unreachable;
  }
  return internal_failure;
}

std::span<const verb* const> all_verbs() {
  static const std::array verbs{&http_verb(),    &exec_verb(),  &compute_verb(),   &load_verb(),
                                &compare_verb(), &runs_verb(),  &report_verb(),    &verify_verb(),
                                &shop_verb(),    &chaos_verb(), &completion_verb()};
  return verbs;
}

std::span<const action_words* const> all_actions() {
  static const std::array actions{&http_words(), &exec_words(), &compute_words()};
  return actions;
}

const action_words* find_action(std::string_view name) noexcept {
  for (const action_words* one : all_actions())
    if (one->name == name) return one;
  return nullptr;
}

int run_lakh(environment& env) {
  try {
    int code = dispatch(env);
    env.out->flush();
    if (!*env.out && code == all_well) {
      *env.err << "error: the output could not be written\n  hint: is the disk full, or the pipe closed?\n";
      code = storage_failed;
    }
    return code;
  } catch (const std::bad_alloc&) {
    *env.err << "error: out of memory\n  hint: use fewer --users, or a smaller answer limit\n";
    return internal_failure;
  } catch (const std::exception& failure) {
    env.out->flush();
    print_error(*env.err, failure, paint(env.err_in_colour()));
    return exit_code_of(failure);
  }
}

}  // namespace lakh::cli
