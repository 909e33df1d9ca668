// From a plan to what runs: its feeds, the names of its templates, and the text that a run freezes.
#include <lakh/load/plan.hpp>
#include <lakh/load/template.hpp>

#include <charconv>

namespace lakh::load {
namespace {

config plain(std::string text) {
  return config::scalar(std::move(text), config::style::plain);
}
config quoted(std::string text) {
  return config::scalar(std::move(text), config::style::quoted);
}
config of_duration(std::chrono::nanoseconds value) {
  return quoted(format_duration(value));
}

std::string shortest(double value) {
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

config of_step(const plan_step& step) {
  std::vector<config::entry> entries = {{"name", quoted(step.name)}, {step.action, step.settings}};
  if (!step.expect.is_null()) entries.emplace_back("expect", step.expect);
  if (!step.keep.is_null()) entries.emplace_back("keep", step.keep);
  return config::mapping(std::move(entries));
}

config of_feeds(const plan& p, const feed_set& feeds) {
  std::vector<config::entry> all;
  for (std::size_t i = 0; i < p.feeds.size(); ++i) {
    const feed_spec& spec = p.feeds[i];
    std::vector<config::entry> one = {{std::string(name(spec.format)), quoted(spec.path.string())},
                                      {"order", quoted(std::string(name(spec.order)))}};
    const std::string& sha256 = i < feeds.entries().size() ? feeds.entries()[i].source->sha256() : spec.sha256;
    if (!sha256.empty()) one.emplace_back("sha256", quoted(sha256));
    all.emplace_back(spec.name, config::mapping(std::move(one)));
  }
  return config::mapping(std::move(all));
}

config of_retry(const retry_policy& policy) {
  std::vector<config> statuses;
  for (const int status : policy.statuses) statuses.push_back(plain(std::to_string(status)));
  return config::mapping({{"attempts", plain(std::to_string(policy.attempts))},
                          {"backoff", config::mapping({{"first", of_duration(policy.backoff_first)},
                                                       {"most", of_duration(policy.backoff_most)}})},
                          {"retry_after_most", of_duration(policy.retry_after_most)},
                          {"statuses", config::sequence(std::move(statuses))},
                          {"budget", plain(shortest(policy.budget))}});
}

config of_limits(const plan_limits& limits) {
  std::vector<config::entry> entries = {{"answer", quoted(format_size(limits.answer_bytes))},
                                        {"kept", quoted(format_size(limits.kept_bytes))}};
  if (limits.failures) entries.emplace_back("failures", plain(std::to_string(*limits.failures)));
  if (limits.stop_after) entries.emplace_back("stop_after", of_duration(*limits.stop_after));
  if (!limits.asserts.empty()) {
    std::vector<config> asserts;
    for (const limit& one : limits.asserts) asserts.push_back(quoted(one.text));
    entries.emplace_back("assert", config::sequence(std::move(asserts)));
  }
  return config::mapping(std::move(entries));
}

}  // namespace

feed_set open_feeds(const plan& p) {
  feed_set feeds;
  for (const feed_spec& spec : p.feeds) {
    auto opened = feed::open(spec.path, spec.format);
    if (!spec.sha256.empty() && opened->sha256() != spec.sha256) {
      throw input_error(
          spec.place,
          "feed '" + spec.name + "' has changed: " + spec.path.string() + " has SHA-256 " + opened->sha256(),
          "the plan wants " + spec.sha256 + ": bring the file back, or begin a new run");
    }
    feeds.add(spec.name, std::move(opened), spec.order);
  }
  if (p.items) feeds.check(*p.items);
  return feeds;
}

void declare(const plan& p, const feed_set& feeds, template_scope& scope) {
  if (!p.target.empty()) {
    const text_template target(p.target, text_format::plain, scope, "target", p.target_place);
    if (!target.constant())
      throw input_error(p.target_place, "target must be the same for all items", "it may use {{env.NAME}} only");
    std::string text = target.constant_text();
    while (text.ends_with('/')) text.pop_back();
    scope.set_target(std::move(text));
  }
  feeds.declare(scope);
  for (const plan_text& value : p.values) scope.add_value(value.name, value.text, value.place);
}

std::string canonical_text(const plan& p, const feed_set& feeds) {
  std::vector<config::entry> entries = {
      {"format", plain("1")}, {"name", quoted(p.name)}, {"folder", quoted(p.folder.string())}};
  if (p.items) entries.emplace_back("items", plain(std::to_string(*p.items)));
  if (p.duration) entries.emplace_back("duration", of_duration(*p.duration));
  if (!p.target.empty()) entries.emplace_back("target", quoted(p.target));
  if (!p.feeds.empty()) entries.emplace_back("feeds", of_feeds(p, feeds));
  if (!p.values.empty()) {
    std::vector<config::entry> values;
    for (const plan_text& value : p.values) values.emplace_back(value.name, quoted(value.text));
    entries.emplace_back("let", config::mapping(std::move(values)));
  }
  std::vector<config> steps;
  for (const plan_step& step : p.steps) steps.push_back(of_step(step));
  entries.emplace_back("steps", config::sequence(std::move(steps)));
  if (p.users) entries.emplace_back("users", plain(std::to_string(*p.users)));
  if (p.pace.open()) entries.emplace_back("rate", quoted(p.pace.text()));
  entries.emplace_back("shape", quoted(format_shape(p.shape)));
  entries.emplace_back("retry", of_retry(p.retry));
  entries.emplace_back("timeouts", config::mapping({{"connect", of_duration(p.timeouts.connect)},
                                                    {"first_byte", of_duration(p.timeouts.first_byte)},
                                                    {"total", of_duration(p.timeouts.total)}}));
  entries.emplace_back("key", quoted(p.key.empty() ? "none" : p.key));
  entries.emplace_back("at_most_once", plain(p.at_most_once ? "true" : "false"));
  entries.emplace_back("seed", plain(std::to_string(p.seed)));
  entries.emplace_back("limits", of_limits(p.limits));
  if (!p.reconcile.is_null()) entries.emplace_back("reconcile", p.reconcile);
  if (!p.run_folder.empty()) entries.emplace_back("run_folder", quoted(p.run_folder.string()));
  std::string out;
  config::mapping(std::move(entries)).append_json(out);
  out += '\n';
  return out;
}

}  // namespace lakh::load
