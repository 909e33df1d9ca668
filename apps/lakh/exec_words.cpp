// `exec -- PROGRAM ARGUMENT …`: a program, in words.
#include "action_words.hpp"
#include "input_text.hpp"
#include "said_config.hpp"

#include <lakh/core/error.hpp>

#include <filesystem>
#include <utility>

namespace lakh::cli {
namespace {

config command_of(const words& given) {
  if (given.positional().empty())
    throw input_error("'exec' needs a program",
                      "as in: exec -- gzip -k '{{files.name}}'; each word stands for itself, without a shell");
  std::vector<config> command;
  for (const std::string& word : given.positional()) command.push_back(said_text(word, "PROGRAM"));
  return config::sequence(std::move(command), input_place("PROGRAM"));
}

void add_input(environment& env, const words& given, config_entries& settings) {
  const auto input = given.text("--stdin");
  if (!input) return;
  if (input->starts_with('@') && *input != "@-")
    // Absolute, because a run is resumed from another folder.
    settings.emplace_back("stdin_file", said_text(std::filesystem::absolute(input->substr(1)).string(), "--stdin"));
  else
    settings.emplace_back("stdin", said_text(text_or_file(env, "--stdin", *input), "--stdin"));
}

config expectations_of(const words& given) {
  config_entries expect;
  if (config codes = said_numbers(given, "--expect", 0, 255); !codes.is_null())
    expect.emplace_back("exit", std::move(codes));
  config_entries output;
  const auto list_of_texts = [&](std::string_view option_name, std::string_view key) {
    std::vector<config> texts;
    for (const std::string& text : given.all(option_name)) texts.push_back(said_text(text, option_name));
    if (!texts.empty())
      output.emplace_back(std::string(key), config::sequence(std::move(texts), input_place(std::string(option_name))));
  };
  list_of_texts("--expect-output", "contains");
  list_of_texts("--expect-match", "matches");
  config_entries values;
  for (const std::string& text : given.all("--expect-json")) {
    auto [path, value] = name_and_value(text, "--expect-json", "--expect-json '$.ok=true'");
    values.emplace_back(std::move(path), said_json(value, "--expect-json"));
  }
  if (!values.empty()) output.emplace_back("json", said_mapping(std::move(values), "--expect-json"));
  if (!output.empty()) expect.emplace_back("stdout", said_mapping(std::move(output), "--expect-output"));
  return expect.empty() ? config::null() : config::mapping(std::move(expect));
}

step_in_words step(environment& env, const words& given) {
  step_in_words result;
  config_entries settings;
  settings.emplace_back("command", command_of(given));
  add_input(env, given, settings);
  config_entries variables;
  for (const std::string& text : given.all("--env")) {
    auto [name, value] = name_and_value(text, "--env", "--env NAME=VALUE");
    variables.emplace_back(std::move(name), said_text(std::move(value), "--env"));
  }
  if (!variables.empty()) settings.emplace_back("env", said_mapping(std::move(variables), "--env"));
  if (const auto folder = given.text("--directory"))
    settings.emplace_back("directory", said_text(*folder, "--directory"));
  for (const auto& [option_name, key] :
       {std::pair("--kill-after", "kill_after"), std::pair("--output", "output"), std::pair("--capture", "capture")})
    if (const auto text = given.text(option_name)) settings.emplace_back(key, said_plain(*text, option_name));
  if (given.has("--idempotent")) settings.emplace_back("idempotent", said_plain("true", "--idempotent"));
  (void)given.duration("--kill-after");
  (void)given.size("--capture");
  result.settings = config::mapping(std::move(settings));
  result.expect = expectations_of(given);
  config_entries keep;
  for (const std::string& text : given.all("--keep")) {
    auto [name, what] = name_and_value(text, "--keep", "--keep 'id=$.id' or --keep first=line");
    keep.emplace_back(std::move(name), said_text(std::move(what), "--keep"));
  }
  if (!keep.empty()) result.keep = said_mapping(std::move(keep), "--keep");
  return result;
}

}  // namespace

const action_words& exec_words() {
  static const action_words made = {
      .name = "exec",
      .usage = "exec [options] -- PROGRAM [ARGUMENT …]",
      .options =
          {
              {.name = "--stdin",
               .value = "TEXT|@FILE",
               .help = "what it reads; @- is standard input (nothing)",
               .kind = value_kind::file,
               .section = "The program"},
              {.name = "--env",
               .value = "NAME=VALUE",
               .help = "sets this environment variable, over those of lakh",
               .repeated = true,
               .section = "The program"},
              {.name = "--directory",
               .letter = 'C',
               .value = "FOLDER",
               .help = "where it runs (here)",
               .kind = value_kind::folder,
               .section = "The program"},
              {.name = "--kill-after",
               .value = "TIME",
               .help = "how long it may take to end itself when its time is over (5s)",
               .section = "The program"},
              {.name = "--idempotent",
               .help = "running it twice is running it once, so it is run again where nobody can say how it ended",
               .section = "The program"},
              {.name = "--expect",
               .letter = 'e',
               .value = "CODE,…",
               .help = "it must end with one of these exit codes (0)",
               .repeated = true,
               .section = "Its output"},
              {.name = "--expect-output",
               .value = "TEXT",
               .help = "its output must contain this",
               .repeated = true,
               .section = "Its output"},
              {.name = "--expect-match",
               .value = "REGEX",
               .help = "its output must match this, as with grep -E",
               .repeated = true,
               .section = "Its output"},
              {.name = "--expect-json",
               .value = "PATH=VALUE",
               .help = "its output must be JSON with this value, as in '$.ok=true'",
               .repeated = true,
               .section = "Its output"},
              {.name = "--keep",
               .letter = 'k',
               .value = "NAME=WHAT",
               .help = "keeps this of its output: line (the first), stdout, stderr, or a path such as $.id",
               .repeated = true,
               .section = "Its output"},
              {.name = "--output",
               .value = "WHAT",
               .help = "what of its output stands in the run's folder (keep)",
               .choices = {"keep", "failed", "discard"},
               .section = "Its output"},
              {.name = "--capture",
               .value = "SIZE",
               .help = "how much of its output, and of its errors, is looked at and kept (1MiB)",
               .section = "Its output"},
          },
      .positionals = {{.name = "PROGRAM", .kind = value_kind::file}},
      .more_positionals = true,
      .command_follows = true,
      .step = step,
  };
  return made;
}

}  // namespace lakh::cli
