#include "action_words.hpp"
#include "load_words.hpp"
#include "said_config.hpp"

#include <lakh/actions/registry.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>
#include <lakh/load/yaml.hpp>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace lakh::cli {
namespace {

// Words for entries of a mapping, put over what the file says there.
void put_into(load::plan_words& to, const config& file, std::string_view key, config_entries said) {
  if (said.empty()) return;
  const config words = config::mapping(std::move(said));
  const config* there = file.find(key);
  to.set(std::string(key), there != nullptr && there->is_mapping() ? there->overlaid(words) : words);
}

config_entries feeds_of(const words& given) {
  config_entries feeds;
  for (const std::string& text : given.all("--feed")) {
    constexpr std::string_view form = "--feed customers=customers.csv or --feed customers=customers.csv:cycle";
    auto [name, file] = name_and_value(text, "--feed", form, false);
    config_entries one;
    // An order behind the last colon; a file's own colon stays.
    const std::size_t colon = file.rfind(':');
    std::string order;
    if (colon != std::string::npos && file.find('/', colon) == std::string::npos &&
        file.find('.', colon) == std::string::npos) {
      order = file.substr(colon + 1);
      file.resize(colon);
    }
    const bool lines = file.ends_with(".jsonl") || file.ends_with(".ndjson");
    one.emplace_back(lines ? "jsonl" : "csv", said_text(file, "--feed"));
    if (!order.empty()) one.emplace_back("order", said_plain(order, "--feed"));
    feeds.emplace_back(std::move(name), config::mapping(std::move(one), input_place("--feed")));
  }
  return feeds;
}

void put_words(const words& given, const config& file, load::plan_words& to) {
  for (const auto& [option_name, key] :
       {std::pair("--items", "items"), std::pair("--duration", "duration"), std::pair("--users", "users"),
        std::pair("--rate", "rate"), std::pair("--shape", "shape"), std::pair("--seed", "seed")})
    if (const auto text = given.text(option_name)) to.set(key, said_plain(*text, option_name));
  for (const auto& [option_name, key] :
       {std::pair("--target", "target"), std::pair("--key", "key"), std::pair("--name", "name")})
    if (const auto text = given.text(option_name))
      to.set(key, std::string_view(key) == "key" && (*text == "none" || *text == "auto")
                      ? said_plain(*text, option_name)
                      : said_text(*text, option_name));
  if (given.has("--at-most-once")) to.set("at_most_once", said_plain("true", "--at-most-once"));
  put_into(to, file, "feeds", feeds_of(given));
  config_entries values;
  for (const std::string& text : given.all("--let")) {
    auto [name, value] = name_and_value(text, "--let", "--let 'size={{pick(S,M,L)}}'", false);
    values.emplace_back(std::move(name), said_text(std::move(value), "--let"));
  }
  put_into(to, file, "let", std::move(values));
  config_entries retry;
  if (const auto text = given.text("--attempts")) retry.emplace_back("attempts", said_plain(*text, "--attempts"));
  put_into(to, file, "retry", std::move(retry));
  config_entries timeouts;
  for (const auto& [option_name, key] : {std::pair("--timeout", "total"), std::pair("--connect-timeout", "connect"),
                                         std::pair("--first-byte-timeout", "first_byte")})
    if (const auto text = given.text(option_name)) timeouts.emplace_back(key, said_plain(*text, option_name));
  put_into(to, file, "timeouts", std::move(timeouts));
  config_entries limits;
  if (const auto text = given.text("--max-failures"))
    limits.emplace_back("failures", said_plain(*text, "--max-failures"));
  std::vector<config> asserts;
  for (const std::string& text : given.all("--limit")) asserts.push_back(said_text(text, "--limit"));
  if (!asserts.empty()) limits.emplace_back("assert", config::sequence(std::move(asserts), input_place("--limit")));
  put_into(to, file, "limits", std::move(limits));
}

// A URL that says itself where it goes names the run's target: what runs are listed by.
void name_target(config& settings, load::plan_words& to) {
  const config* written = settings.find("url");
  if (written == nullptr) return;
  const std::string& url = written->text("URL");
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return;
  const std::size_t end = std::min(url.find_first_of("/?#", scheme + 3), url.size());
  if (url.find("{{") < end || url.find('@') < end) return;
  to.set("target", said_text(url.substr(0, end), "URL"));
  settings = settings.overlaid(config::mapping({{"url", said_text("{{target}}" + url.substr(end), "URL")}}));
}

void put_step(environment& env, const words& given, load::plan_words& to) {
  const action_words& action = *find_action(given.action());
  step_in_words said = action.step(env, *given.behind_action());
  if (!given.has("--target")) {
    const config* url = said.settings.find("url");
    if (url != nullptr && url->text("URL").starts_with("{{target}}"))
      throw input_error("where to? '" + given.behind_action()->positional().back() + "' does not say which server",
                        "add --target http://HOST:PORT, or give the whole URL");
    name_target(said.settings, to);
  }
  config_entries step;
  step.emplace_back(std::string(action.name), std::move(said.settings));
  if (!said.expect.is_null()) step.emplace_back("expect", std::move(said.expect));
  if (!said.keep.is_null()) step.emplace_back("keep", std::move(said.keep));
  std::vector<config> steps;
  steps.push_back(config::mapping(std::move(step)));
  to.set("steps", config::sequence(std::move(steps)));
}

// Words say it by words: nobody who typed --users should read about plans.
void check_words(const words& given) {
  (void)given.integer("--items", 1);
  (void)given.integer("--users", 1);
  (void)given.integer("--attempts", 1);
  (void)given.integer("--seed");
  (void)given.integer("--max-failures");
  for (const std::string_view one : {"--duration", "--timeout", "--connect-timeout", "--first-byte-timeout"})
    (void)given.duration(one);
}

}  // namespace

std::vector<option> load_options() {
  return {
      {.name = "--items",
       .letter = 'n',
       .value = "N",
       .help = "how many, as in 100000 or 100k (one for each row of the feeds)",
       .section = "How much, how fast"},
      {.name = "--duration",
       .letter = 'd',
       .value = "TIME",
       .help = "for how long, as in 5m",
       .section = "How much, how fast"},
      {.name = "--users",
       .letter = 'u',
       .value = "N",
       .help = "how many are in flight at once (64; programs: as many as there are processors)",
       .section = "How much, how fast"},
      {.name = "--rate",
       .letter = 'r',
       .value = "RATE",
       .help = "starts by a schedule, as in 500/s or '0..5000/s over 30s, 5000/s for 1m'",
       .section = "How much, how fast"},
      {.name = "--shape",
       .value = "SHAPE",
       .help = "how the users are spread: serial (one after the other), coroutines:64 (on one loop), threads:8, "
               "processes:4 (one user each), PROCESSESxTHREADSxCOROUTINES as 2x2x64, or auto: an event loop per core "
               "with coroutines in each",
       .section = "How much, how fast"},
      {.name = "--target",
       .value = "URL",
       .help = "what {{target}} stands for, and where a URL such as /orders begins",
       .section = "What is sent"},
      {.name = "--feed",
       .letter = 'f',
       .value = "NAME=FILE[:ORDER]",
       .help = "rows of a CSV or JSON Lines file as {{NAME.column}}; ORDER: once, cycle, random or shuffle",
       .kind = value_kind::file,
       .repeated = true,
       .section = "What is sent"},
      {.name = "--let",
       .value = "NAME=TEMPLATE",
       .help = "a value of your own, as {{NAME}}",
       .repeated = true,
       .section = "What is sent"},
      {.name = "--seed", .value = "N", .help = "makes other random values of the same plan", .section = "What is sent"},
      {.name = "--key",
       .value = "TEMPLATE|auto",
       .help = "the Idempotency-Key by which the target tells a repetition; auto: {{run}}-{{item}}; without one, what "
               "may have "
               "happened is not repeated",
       .section = "What is sent"},
      {.name = "--attempts",
       .value = "N",
       .help = "how often an item is tried at most (6)",
       .section = "When it goes wrong"},
      {.name = "--at-most-once",
       .help = "never repeats what may have happened, key or not",
       .section = "When it goes wrong"},
      {.name = "--max-failures",
       .value = "N",
       .help = "ends the run when more items than this have failed",
       .section = "When it goes wrong"},
      {.name = "--timeout",
       .letter = 't',
       .value = "TIME",
       .help = "for one attempt (60s)",
       .section = "When it goes wrong"},
      {.name = "--connect-timeout", .value = "TIME", .help = "for connecting (5s)", .section = "When it goes wrong"},
      {.name = "--first-byte-timeout",
       .value = "TIME",
       .help = "for the first byte of an answer (30s)",
       .section = "When it goes wrong"},
      {.name = "--resume",
       .value = "RUN",
       .help =
           "goes on with a run that was stopped or died: 'last', its id, or a path; says what it was asked by itself",
       .section = "Going on"},
      {.name = "--repair",
       .help = "with --resume: asks the target first, and sends again what is confirmed but missing there",
       .section = "Going on"},
      {.name = "--retry-failed", .help = "with --resume: tries items that failed again", .section = "Going on"},
      {.name = "--runs",
       .value = "FOLDER",
       .help = "where the run's folder with its ledger is made (./runs)",
       .kind = value_kind::folder,
       .section = "Ledger and output"},
      {.name = "--name", .value = "TEXT", .help = "what you call this run", .section = "Ledger and output"},
      {.name = "--sign",
       .value = "KEY.pem",
       .help = "signs the receipt with this Ed25519 key (openssl genpkey -algorithm ed25519 -out key.pem)",
       .kind = value_kind::file,
       .section = "Ledger and output"},
      {.name = "--no-ledger",
       .help = "keeps no record: nothing can be proved or resumed",
       .section = "Ledger and output"},
      {.name = "--no-reconcile",
       .help = "does not ask the target what it holds afterwards",
       .section = "Ledger and output"},
      {.name = "--no-report", .help = "writes no report.html into the run's folder", .section = "Ledger and output"},
      {.name = "--limit",
       .value = "LIMIT",
       .help = "what the run must keep to, as in p99<250ms, failed=0, errors<0.1% or rate>=500/s; exit code 6 if not",
       .repeated = true,
       .section = "Ledger and output"},
      {.name = "--junit",
       .value = "FILE",
       .help = "writes the balance, the reconciliation and the limits as test cases for CI",
       .kind = value_kind::file,
       .section = "Ledger and output"},
      {.name = "--metrics",
       .value = "ADDRESS",
       .help = "serves the figures of the run while it goes on to Prometheus, as in 127.0.0.1:9464",
       .section = "Ledger and output"},
      {.name = "--progress",
       .value = "KIND",
       .help = "how progress is shown, on stderr; bar on a terminal, else plain",
       .choices = {"bar", "plain", "json", "none"},
       .section = "Ledger and output"},
      {.name = "--json",
       .help = "progress as JSON lines on stderr, the balance as one JSON object on stdout",
       .section = "Ledger and output"},
      {.name = "--quiet",
       .letter = 'q',
       .help = "shows nothing unless something is wrong",
       .section = "Ledger and output"},
  };
}

namespace {

// What an item is must not change between two sessions of a run, else a second attempt would not be the first again.
void check_resume_words(const words& given) {
  for (const std::string_view one :
       {"--items", "--duration", "--target", "--feed", "--let", "--seed", "--key", "--name", "--no-ledger"})
    if (given.has(one))
      throw input_error(
          "'" + std::string(one) + "' cannot be given with --resume",
          "a resumed run does what it was asked at first; only users, rate, shape, attempts, time-outs and "
          "limits may change");
  if (given.behind_action() != nullptr || !given.positional().empty())
    throw input_error("with --resume no plan or action can be given", "the run knows its plan: lakh load --resume RUN");
}

}  // namespace

load::plan frozen_plan_of(const words& given, const std::filesystem::path& run) {
  check_words(given);
  check_resume_words(given);
  const config frozen = load::load_yaml(run / "plan.yaml");
  load::plan_words said;
  put_words(given, frozen, said);
  return load::parse_plan(load::put_over(frozen, said.tree()), actions::names());
}

load::plan plan_of(environment& env, const words& given) {
  check_words(given);
  for (const std::string_view one : {"--repair", "--retry-failed"})
    if (given.has(one)) throw input_error("'" + std::string(one) + "' needs --resume RUN");
  const std::vector<std::string>& files = given.positional();
  if (given.behind_action() == nullptr && files.empty())
    throw input_error("'lakh load' needs a plan or an action",
                      "as in: lakh load orders.yaml, or: lakh load -n 100000 http POST URL --json '{…}'");
  if (given.behind_action() != nullptr && !files.empty())
    throw input_error("both a plan, '" + files.front() + "', and the action '" + given.action() + "' are given",
                      "a plan file says itself what is to be done");
  load::plan_words said;
  if (files.empty()) {
    put_words(given, config(), said);
    put_step(env, given, said);
    return load::parse_plan(said.tree(), actions::names());
  }
  if (!std::filesystem::exists(files.front()) && files.front().find('.') == std::string::npos)
    throw input_error("'" + files.front() + "' is neither a plan file nor an action",
                      "actions are " + list_of(actions::names()) + "; a plan is a YAML file: lakh load orders.yaml");
  const config file = load::load_yaml(files.front());
  put_words(given, file, said);
  return load::parse_plan(load::put_over(file, said.tree()), actions::names());
}

}  // namespace lakh::cli
