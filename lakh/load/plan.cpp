// Reading a plan. Every complaint names the place; what contradicts itself is refused here, before anything is opened.
#include <lakh/core/text.hpp>
#include <lakh/load/plan.hpp>
#include <lakh/load/template.hpp>
#include <lakh/load/yaml.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace lakh::load {
namespace {

constexpr std::uint64_t most_users = 10'000'000;
constexpr std::size_t most_steps = 100;

constexpr std::array<std::string_view, 2> format_names = {"csv", "jsonl"};
constexpr std::array<std::string_view, 4> order_names = {"once", "cycle", "random", "shuffle"};

// Relative paths start from the folder of the file that they are written in; those of the command line from the current
// one.
std::filesystem::path folder_of(const input_place& place) {
  const std::filesystem::path folder =
      place.line != 0 ? std::filesystem::path(place.file).parent_path() : std::filesystem::path();
  if (folder.empty()) return std::filesystem::current_path();
  return std::filesystem::absolute(folder).lexically_normal();
}

std::filesystem::path path_from(const config& node, std::string_view what) {
  const std::string& written = node.text(what);
  if (written.empty()) node.fail(std::string(what) + " is empty");
  return (folder_of(node.place()) / written).lexically_normal();
}

void check_name(std::string_view name, const input_place& place, std::string_view what) {
  const bool fine = !name.empty() && name.size() <= 100 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           static_cast<unsigned char>(c) >= 0x80;
  });
  if (!fine) {
    throw input_error(place, "'" + std::string(name.substr(0, 60)) + "' cannot be the name of " + std::string(what),
                      "letters, digits, '_' and '-' make a name");
  }
}

feed_spec read_feed(const std::string& name, const config& node) {
  const std::string what = "feeds." + name;
  feed_spec feed;
  feed.name = name;
  feed.place = node.place();
  if (node.is_scalar()) {
    feed.path = path_from(node, what);
    const std::string extension = feed.path.extension().string();
    if (extension == ".jsonl" || extension == ".ndjson") {
      feed.format = feed_format::json_lines;
    } else if (extension != ".csv") {
      node.fail(what + ": the name of the file does not say what it is",
                "write " + name + ": {csv: FILE} or " + name + ": {jsonl: FILE}");
    }
    return feed;
  }
  config_reader read(node, what);
  const config* csv = read.find(format_names[0]);
  const config* jsonl = read.find(format_names[1]);
  if (csv != nullptr && jsonl != nullptr) jsonl->fail(what + " has one file: give csv or jsonl, not both");
  const config* order = read.find("order");
  const config* sha256 = read.find("sha256");
  read.finish();
  if (csv == nullptr && jsonl == nullptr) node.fail(what + " has no file", "write csv: FILE or jsonl: FILE");
  feed.format = csv != nullptr ? feed_format::csv : feed_format::json_lines;
  feed.path = path_from(csv != nullptr ? *csv : *jsonl, what);
  if (order != nullptr) feed.order = static_cast<feed_order>(order->one_of(what + ".order", order_names));
  if (sha256 != nullptr) {
    feed.sha256 = sha256->text(what + ".sha256");
    if (feed.sha256.size() != 64 || feed.sha256.find_first_not_of("0123456789abcdef") != std::string::npos)
      sha256->fail(what + ".sha256 must be 64 hexadecimal digits in lower case");
  }
  return feed;
}

retry_policy read_retry(const config& node) {
  retry_policy policy;
  if (node.is_scalar()) {  // `retry: none`, `retry: 5`
    policy.attempts = node.text("retry") == "none" ? 1 : static_cast<unsigned>(node.integer("retry", 1, 1000));
    return policy;
  }
  config_reader read(node, "retry");
  if (const auto* n = read.find("attempts"))
    policy.attempts = static_cast<unsigned>(n->integer("retry.attempts", 1, 1000));
  if (const auto* n = read.find("backoff")) {
    config_reader backoff(*n, "retry.backoff");
    if (const auto* first = backoff.find("first")) policy.backoff_first = first->duration("retry.backoff.first");
    if (const auto* most = backoff.find("most")) policy.backoff_most = most->duration("retry.backoff.most");
    backoff.finish();
    if (policy.backoff_first > policy.backoff_most)
      n->fail("retry.backoff: first (" + format_duration(policy.backoff_first) + ") is longer than most (" +
              format_duration(policy.backoff_most) + ")");
  }
  if (const auto* n = read.find("retry_after_most")) policy.retry_after_most = n->duration("retry.retry_after_most");
  if (const auto* n = read.find("statuses")) {
    policy.statuses.clear();
    for (const config& status : n->items("retry.statuses"))
      policy.statuses.push_back(static_cast<int>(status.integer("retry.statuses", 1, 599)));
    std::ranges::sort(policy.statuses);
    policy.statuses.erase(std::unique(policy.statuses.begin(), policy.statuses.end()), policy.statuses.end());
  }
  if (const auto* n = read.find("budget")) policy.budget = n->number("retry.budget", 0, 1000);
  read.finish();
  return policy;
}

plan_timeouts read_timeouts(const config& node) {
  plan_timeouts timeouts;
  config_reader read(node, "timeouts");
  const auto one = [&](std::string_view name, std::chrono::nanoseconds& into) {
    const config* given = read.find(name);
    if (given == nullptr) return given;
    into = given->duration(read.path(name));
    if (into.count() == 0) given->fail(read.path(name) + " must be longer than 0s");
    return given;
  };
  const config* connect = one("connect", timeouts.connect);
  const config* first_byte = one("first_byte", timeouts.first_byte);
  const config* total = one("total", timeouts.total);
  read.finish();
  // What was given bounds what was not.
  if (total != nullptr && connect == nullptr) timeouts.connect = std::min(timeouts.connect, timeouts.total);
  if (total != nullptr && first_byte == nullptr) timeouts.first_byte = std::min(timeouts.first_byte, timeouts.total);
  if (total == nullptr) timeouts.total = std::max({timeouts.total, timeouts.connect, timeouts.first_byte});
  for (const auto& [given, limit, name] :
       {std::tuple(connect, timeouts.connect, "connect"), std::tuple(first_byte, timeouts.first_byte, "first_byte")}) {
    if (given != nullptr && limit > timeouts.total)
      given->fail(std::string("timeouts.") + name + " (" + format_duration(limit) +
                  ") is longer than timeouts.total (" + format_duration(timeouts.total) + ")");
  }
  return timeouts;
}

plan_limits read_plan_limits(const config& node) {
  plan_limits limits;
  config_reader read(node, "limits");
  if (const auto* n = read.find("answer")) limits.answer_bytes = n->size("limits.answer");
  if (const auto* n = read.find("kept")) limits.kept_bytes = n->size("limits.kept");
  if (const auto* n = read.find("failures")) limits.failures = n->integer("limits.failures");
  if (const auto* n = read.find("stop_after")) limits.stop_after = n->duration("limits.stop_after");
  if (const auto* n = read.find("assert")) limits.asserts = read_limits(*n);
  read.finish();
  return limits;
}

// The action of a step: the one key that is an action's name. Leaves settings null where there is none.
void find_action(config_reader& read, action_names actions, std::span<const std::string_view> others, plan_step& step) {
  const auto take = [&](std::string_view name, const config& settings) {
    if (!step.action.empty())
      settings.fail("a step does one thing, but here are '" + step.action + "' and '" + std::string(name) + "'",
                    "make two steps of it");
    step.action = name;
    step.settings = settings;
  };
  if (!actions.empty()) {
    for (const std::string_view name : actions)
      if (const config* settings = read.find(name)) take(name, *settings);
    return;
  }
  for (const auto& [name, settings] : read.node().entries("a step")) {
    if (std::ranges::find(others, std::string_view(name)) != others.end() || !settings.is_mapping()) continue;
    read.find(name);
    take(name, settings);
  }
}

void read_answer(config_reader& read, plan_step& step) {
  if (const auto* n = read.find("expect")) step.expect = *n;
  if (const auto* n = read.find("keep")) {
    step.keep = *n;
    const auto& entries = n->entries(read.path("keep"));
    for (std::size_t i = 0; i < entries.size(); ++i) check_name(entries[i].first, n->key_place(i), "a kept value");
  }
}

plan_step read_step(const config& node, std::size_t number, action_names actions) {
  static constexpr std::array<std::string_view, 3> others = {"name", "expect", "keep"};
  plan_step step;
  step.place = node.place();
  step.name = "step" + std::to_string(number);
  config_reader read(node, step.name);
  if (const auto* n = read.find("name")) {
    step.name = n->text(read.path("name"));
    check_name(step.name, n->place(), "a step");
  }
  read_answer(read, step);
  find_action(read, actions, others, step);
  read.finish();
  if (step.action.empty()) {
    node.fail("step '" + step.name + "' does nothing",
              actions.empty() ? "name an action, such as http:" : "name an action: " + list_of(actions));
  }
  return step;
}

void read_steps(config_reader& read, action_names actions, std::span<const std::string_view> others, plan& p) {
  const config* steps = read.find("steps");
  plan_step single;
  single.name = "step1";
  single.place = read.node().place();
  find_action(read, actions, others, single);
  read_answer(read, single);
  if (steps == nullptr) {
    if (single.action.empty()) return;
    p.steps.push_back(std::move(single));
    return;
  }
  if (!single.action.empty() || !single.expect.is_null() || !single.keep.is_null())
    steps->fail("there are steps: and, beside them, what belongs to a step",
                "put '" + (single.action.empty() ? std::string("expect and keep") : single.action) + "' into a step");
  for (const config& node : steps->items("steps")) {
    if (p.steps.size() == most_steps) node.fail("more than " + std::to_string(most_steps) + " steps");
    p.steps.push_back(read_step(node, p.steps.size() + 1, actions));
    for (std::size_t i = 0; i + 1 < p.steps.size(); ++i)
      if (p.steps[i].name == p.steps.back().name) node.fail("there are two steps '" + p.steps.back().name + "'");
  }
  if (p.steps.empty()) steps->fail("there are no steps");
}

// Settings that are each right and together wrong.
void check_together(const plan& p, config_reader& read) {
  const config& node = read.node();
  const auto at = [&](std::string_view key) -> const config& {
    const config* given = node.find(key);
    return given != nullptr ? *given : node;
  };
  const bool rows_end = std::ranges::any_of(p.feeds, [](const feed_spec& f) { return f.order != feed_order::cycle; });
  if (!p.items && !p.duration && !p.pace.items() && !rows_end)
    node.fail("how many items? Neither items nor duration is given",
              "say items: 1000, or duration: 1m, or give a feed: each of its rows is an item");
  if (p.pace.items() && p.items && *p.items > *p.pace.items()) {
    at("items").fail("items is " + std::to_string(*p.items) + ", but the rate's schedule ends after " +
                         std::to_string(*p.pace.items()),
                     "let the last rate go on without 'for', or take fewer items");
  }
  if (p.pace.length() && p.duration && *p.duration > *p.pace.length()) {
    at("duration")
        .fail("duration is " + format_duration(*p.duration) + ", but the rate's schedule ends after " +
                  format_duration(*p.pace.length()),
              "let the last rate go on without 'for', or make the duration shorter");
  }
  if (p.pace.open() && !p.shape.automatic && p.shape.lanes() == 1) {
    at("shape").fail("a rate cannot be kept by one item at a time: while it waits for an answer, the next is late",
                     "take shape: auto and bound the items in flight with users:, or leave out the rate");
  }
  if (p.users && !p.shape.automatic && *p.users != p.shape.lanes()) {
    at("users").fail("users is " + std::to_string(*p.users) + ", but shape " + format_shape(p.shape) + " has " +
                         std::to_string(p.shape.lanes()) + (p.shape.lanes() == 1 ? " lane" : " lanes"),
                     "leave one of them out");
  }
}

std::string read_target(const config& node) {
  std::string target = node.text("target");
  while (target.ends_with('/')) target.pop_back();
  if (target.empty()) node.fail("target is empty", "say where to: target: http://127.0.0.1:8080");
  return target;
}

}  // namespace

std::uint64_t plan::lanes(std::uint64_t usual) const noexcept {
  if (!shape.automatic) return shape.lanes();
  const std::uint64_t wanted = users.value_or(usual);
  return items ? std::max<std::uint64_t>(std::min(wanted, *items), 1) : wanted;
}

plan parse_plan(const config& tree, action_names actions) {
  static constexpr std::array<std::string_view, 22> keys = {
      "format",       "name", "items",  "duration",  "target",     "feeds", "let",      "steps",
      "expect",       "keep", "users",  "rate",      "shape",      "retry", "timeouts", "key",
      "at_most_once", "seed", "limits", "reconcile", "run_folder", "folder"};
  config_reader read(tree, "");
  plan p;
  p.file = tree.place().line != 0 ? tree.place().file : std::string();
  p.folder = folder_of(tree.place());
  if (const auto* n = read.find("format")) {
    if (n->text("format") != "1") n->fail("this plan is of format " + n->text("format") + "; this lakh reads format 1");
  }
  if (const auto* n = read.find("folder")) p.folder = path_from(*n, "folder");
  if (const auto* n = read.find("name")) p.name = n->text("name");
  if (p.name.empty()) p.name = p.file.empty() ? "load" : std::filesystem::path(p.file).stem().string();
  if (const auto* n = read.find("items")) p.items = n->integer("items", 1, std::uint64_t{1} << 62);
  if (const auto* n = read.find("duration")) {
    p.duration = n->duration("duration");
    if (p.duration->count() == 0) n->fail("duration must be longer than 0s");
  }
  if (const auto* n = read.find("target")) {
    p.target = read_target(*n);
    p.target_place = n->place();
  }
  if (const auto* n = read.find("feeds")) {
    const auto& entries = n->entries("feeds");
    for (std::size_t i = 0; i < entries.size(); ++i) {
      check_name(entries[i].first, n->key_place(i), "a feed");
      p.feeds.push_back(read_feed(entries[i].first, entries[i].second));
      p.feeds.back().place = n->key_place(i);
    }
  }
  if (const auto* n = read.find("let")) {
    const auto& entries = n->entries("let");
    for (std::size_t i = 0; i < entries.size(); ++i) {
      check_name(entries[i].first, n->key_place(i), "a value");
      const auto& [name, value] = entries[i];
      p.values.push_back({name, value.text("let." + name), value.place_in_text(0)});
    }
  }
  if (const auto* n = read.find("users")) p.users = n->integer("users", 1, most_users);
  if (const auto* n = read.find("rate")) p.pace = pacing::parse(n->text("rate"), n->place_in_text(0));
  if (const auto* n = read.find("shape")) {
    const auto shape = parse_shape(n->text("shape"));
    if (!shape) n->fail(shape.error());
    p.shape = *shape;
  }
  if (const auto* n = read.find("retry")) p.retry = read_retry(*n);
  if (const auto* n = read.find("timeouts")) p.timeouts = read_timeouts(*n);
  if (const auto* n = read.find("key")) {
    p.key = n->text("key");
    p.key_place = n->place_in_text(0);
    if (p.key == "auto") p.key = "{{run}}-{{item}}";
    if (p.key == "none") p.key.clear();
  }
  if (const auto* n = read.find("at_most_once")) p.at_most_once = n->boolean("at_most_once");
  if (const auto* n = read.find("seed")) p.seed = n->integer("seed");
  if (const auto* n = read.find("limits")) p.limits = read_plan_limits(*n);
  if (const auto* n = read.find("reconcile")) p.reconcile = *n;
  if (const auto* n = read.find("run_folder")) p.run_folder = path_from(*n, "run_folder");
  read_steps(read, actions, keys, p);
  read.finish();
  if (p.steps.empty()) {
    tree.fail("there is nothing to do for an item", actions.empty() ? "add an action, such as http:, or steps:"
                                                                    : "add steps:, or one action: " + list_of(actions));
  }
  check_together(p, read);
  return p;
}

plan load_plan(const std::filesystem::path& file, action_names actions) {
  return parse_plan(load_yaml(file), actions);
}

config put_over(const config& file, const config& words) {
  // What a word rules out, if the file has it and the words do not say it themselves.
  static constexpr std::pair<std::string_view, std::string_view> in_place_of[] = {
      {"items", "duration"}, {"duration", "items"}, {"users", "rate"}, {"users", "shape"}, {"shape", "users"}};
  std::vector<config::entry> over(words.entries("the command line"));
  for (const auto& [word, other] : in_place_of)
    if (words.find(word) != nullptr && words.find(other) == nullptr && file.find(other) != nullptr) {
      if (std::ranges::none_of(over, [&](const auto& e) { return e.first == other; }))
        over.emplace_back(other, config::null());
    }
  return file.overlaid(config::mapping(std::move(over), words.place()));
}

void plan_words::set(std::string key, std::string text) {
  input_place place("--" + key);
  set(std::move(key), config::scalar(std::move(text), config::style::plain, std::move(place)));
}

void plan_words::set(std::string key, config value) {
  const auto found = std::ranges::find(entries_, key, &config::entry::first);
  if (found != entries_.end()) {
    found->second = std::move(value);
  } else {
    entries_.emplace_back(std::move(key), std::move(value));
  }
}

config plan_words::tree() const {
  return config::mapping(entries_);
}

}  // namespace lakh::load
