// The plan: all that a run is asked to do, checked as far as it can be without opening a file or a connection.
//
// The load room knows actions by name only. What stands under an action (`http:`), `expect:`, `keep:` and `reconcile:`
// is carried as configuration, and compiled by whoever knows the action.
#pragma once

#include <lakh/core/config.hpp>
#include <lakh/load/digest.hpp>
#include <lakh/load/feed.hpp>
#include <lakh/load/limit.hpp>
#include <lakh/load/pacing.hpp>
#include <lakh/load/plan_shape.hpp>
#include <lakh/load/retry.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lakh::load {

struct feed_spec {
  std::string name;
  std::filesystem::path path;  // absolute
  feed_format format = feed_format::csv;
  feed_order order = feed_order::once;
  std::string sha256;  // what the file must have, in hexadecimal; empty: anything (a frozen plan has it)
  input_place place;
};

// A text of the plan that may hold expressions.
struct plan_text {
  std::string name;
  std::string text;
  input_place place;
};

struct plan_step {
  std::string name;    // "create"; steps without one are "step1", "step2", …
  std::string action;  // "http"
  config settings;     // what stands under the action
  config expect;       // null where it is not given
  config keep;         // null, or a mapping of name → what to keep
  input_place place;
};

struct plan_timeouts {
  std::chrono::nanoseconds connect = std::chrono::seconds(5);
  std::chrono::nanoseconds first_byte = std::chrono::seconds(30);
  std::chrono::nanoseconds total = std::chrono::seconds(60);  // of one attempt
};

struct plan_limits {
  std::uint64_t answer_bytes = 16U << 20;              // of one answer's body
  std::uint64_t kept_bytes = 4U << 10;                 // of one kept value
  std::optional<std::uint64_t> failures;               // the run stops when more items than this have failed
  std::optional<std::chrono::nanoseconds> stop_after;  // grace for items in flight when the run is stopped
  std::vector<limit> asserts;                          // judged when the run has ended
};

struct plan {
  std::string name;
  std::optional<std::uint64_t> items;
  std::optional<std::chrono::nanoseconds> duration;  // where neither is given, a rate's end or the feeds' rows decide
  std::string target;                                // as written, without a slash at its end; may hold {{env.NAME}}
  input_place target_place;
  std::vector<feed_spec> feeds;
  std::vector<plan_text> values;       // `let:`
  std::vector<plan_step> steps;        // at least one
  std::optional<std::uint64_t> users;  // lanes; see lanes()
  pacing pace;                         // closed unless a rate is given
  run_shape shape;
  retry_policy retry;
  plan_timeouts timeouts;
  // Template of the idempotency key. Empty unless the plan gives one: only its author knows whether the target tells
  // repetitions by it, and a target that does not would do a repeated item twice. `key: auto` is "{{run}}-{{item}}".
  std::string key;
  input_place key_place;
  bool at_most_once = false;
  std::uint64_t seed = 0;
  plan_limits limits;
  config reconcile;                  // null where it is not given
  std::filesystem::path run_folder;  // absolute; empty: the caller's default
  std::string file;                  // where it was read from; empty for words
  std::filesystem::path folder;      // absolute; what relative paths under an action start from

  // How many items are in flight at most: users, else the shape's own number, else what is usual for its actions.
  [[nodiscard]] std::uint64_t lanes(std::uint64_t usual = 64) const noexcept;
};

// Who knows which actions there are; names only. An empty list takes any name.
using action_names = std::span<const std::string_view>;

// Throws input_error that names the place.
plan parse_plan(const config& tree, action_names actions = {});
plan load_plan(const std::filesystem::path& file, action_names actions = {});
// A plan file with words of the command line put over it: entries of `words` replace those of the file, and `items`,
// `duration` and `users`, `rate` take each other's place.
config put_over(const config& file, const config& words);

// Settings for words: `lakh load -n 100000 --rate 500/s http POST URL`. set() replaces; null text counts as not given.
class plan_words {
 public:
  void set(std::string key, std::string text);
  void set(std::string key, config value);
  [[nodiscard]] config tree() const;

 private:
  std::vector<config::entry> entries_;
};

// Opens and checks the feeds, and that there are rows for all items.
feed_set open_feeds(const plan& p);

// The names that all templates of the plan may use: target, feeds and values. Steps add what they keep.
void declare(const plan& p, const feed_set& feeds, template_scope& scope);

// The plan with all defaults filled in, paths absolute and the feeds' digests, as JSON text that load_plan() reads back
// to an equal plan: what a run freezes. Equal plans have equal text. Environment variables stay names: no secret is
// written.
std::string canonical_text(const plan& p, const feed_set& feeds);
}  // namespace lakh::load
