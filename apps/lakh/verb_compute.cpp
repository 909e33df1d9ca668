// `lakh compute`: work that needs the processor, once; and the same words behind `lakh load` and `lakh compare`.
#include "action_words.hpp"
#include "console.hpp"
#include "said_config.hpp"
#include "verb.hpp"

#include <lakh/actions/compute_sha256.hpp>
#include <lakh/core/error.hpp>

#include <ostream>

namespace lakh::cli {
namespace {

step_in_words step(environment& /*env*/, const words& given) {
  const std::vector<std::string>& words = given.positional();
  const std::string hint = "as in: compute sha256 'order {{item}}' --rounds 20000";
  if (words.empty()) throw input_error("'compute' needs to know what", hint);
  if (words[0] != "sha256") throw input_error("'compute' knows sha256, not '" + words[0] + "'", hint);
  if (words.size() < 2) throw input_error("'compute sha256' needs a text", hint);
  step_in_words result;
  std::vector<config::entry> settings;
  settings.emplace_back("sha256", said_text(words[1], "TEXT"));
  if (const auto rounds = given.text("--rounds")) settings.emplace_back("rounds", said_plain(*rounds, "--rounds"));
  (void)given.integer("--rounds", 1, actions::sha256_rounds::most);
  result.settings = config::mapping(std::move(settings));
  if (const auto digest = given.text("--expect"))
    result.expect = config::mapping({{"sha256", said_text(*digest, "--expect")}}, input_place("--expect"));
  if (const auto name = given.text("--keep"))
    result.keep = config::mapping({{*name, said_text("sha256", "--keep")}}, input_place("--keep"));
  return result;
}

int run_compute(environment& env, const words& given) {
  (void)step(env, given);  // what is wrong with the words
  actions::sha256_rounds work(given.integer("--rounds").value_or(1));
  const std::string digest = work.of(given.positional()[1]);
  if (const auto name = given.text("--keep")) *env.out << *name << '=';
  *env.out << digest << '\n';
  const auto wanted = given.text("--expect");
  if (!wanted || *wanted == digest) return all_well;
  env.out->flush();
  *env.err << paint(env.err_in_colour()).red("not as expected:") << " it is not " << printable(*wanted) << '\n';
  return not_all_confirmed;
}

}  // namespace

const action_words& compute_words() {
  static const action_words made = {
      .name = "compute",
      .usage = "compute sha256 TEXT [options]",
      .options =
          {
              {.name = "--rounds",
               .value = "N",
               .help = "SHA-256 of the text, of that digest, and so on, N times (1)",
               .section = "The work"},
              {.name = "--expect",
               .letter = 'e',
               .value = "DIGEST",
               .help = "this must come out, in hexadecimal",
               .section = "The result"},
              {.name = "--keep",
               .letter = 'k',
               .value = "NAME",
               .help = "keeps the result under this name",
               .section = "The result"},
          },
      .positionals = {{.name = "sha256", .choices = {"sha256"}}, {.name = "TEXT"}},
      .step = step,
  };
  return made;
}

const verb& compute_verb() {
  static const verb made = {
      .name = "compute",
      .summary = "does work that needs the processor: SHA-256, any number of rounds",
      .usage = {"lakh compute sha256 TEXT [options]"},
      .about =
          "Prints the SHA-256 of the text, as sha256sum does; with --rounds, the SHA-256 of that digest's 32 bytes, "
          "and "
          "so on. 20000 rounds take some milliseconds of one processor, and cannot be shared out.\n"
          "Behind 'lakh load' and 'lakh compare' it shows what processors can do where nothing waits: it blocks the "
          "loop of its lane on purpose, so coroutines gain nothing by it, and threads and processes as much as there "
          "are processors.\n",
      .options = compute_words().options,
      .positionals = compute_words().positionals,
      .examples =
          {
              {"lakh compute sha256 'order 7'", "what printf 'order 7' | sha256sum prints"},
              {"lakh compute sha256 'order 7' --rounds 20000", "some milliseconds of work"},
              {"lakh load -n 1000 compute sha256 'order {{item}}' --rounds 20000", "for a thousand items"},
              {"lakh compare -n 1000 --shapes serial,threads:2,processes:2,coroutines:64 compute sha256 'order "
               "{{item}}' --rounds 20000",
               "in several shapes"},
          },
      .run = run_compute,
  };
  return made;
}

}  // namespace lakh::cli
