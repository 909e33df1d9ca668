#include <lakh/load/plan.hpp>
#include <lakh/load/template.hpp>
#include <lakh/load/yaml.hpp>

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using namespace lakh::load;
using lakh::config;
using testing::HasSubstr;

constexpr std::array<std::string_view, 2> actions = {"http", "ssh"};

plan parsed(std::string_view text) {
  return parse_plan(parse_yaml(text, "/plans/p.yaml"), actions);
}

std::pair<std::string, std::string> complaint(std::string_view text) {
  try {
    (void)parsed(text);
  } catch (const lakh::input_error& e) {
    return {e.what(), e.hint()};
  }
  return {"nothing was thrown", ""};
}

TEST(plan, the_least_has_sensible_defaults) {
  const auto p = parsed("items: 10\nhttp: {url: x}\n");
  EXPECT_EQ(p.name, "p");
  EXPECT_EQ(p.items, 10U);
  ASSERT_EQ(p.steps.size(), 1U);
  EXPECT_EQ(p.steps[0].name, "step1");
  EXPECT_EQ(p.steps[0].action, "http");
  EXPECT_TRUE(p.steps[0].settings.is_mapping());
  EXPECT_TRUE(p.steps[0].expect.is_null());
  EXPECT_TRUE(p.reconcile.is_null());
  EXPECT_TRUE(p.key.empty());  // nobody said that the target knows keys
  EXPECT_FALSE(p.pace.open());
  EXPECT_TRUE(p.shape.automatic);
  EXPECT_EQ(p.lanes(), 10U);
  EXPECT_EQ(p.folder, "/plans");
  EXPECT_EQ(p.retry.attempts, 6U);
}

TEST(plan, every_setting_is_read) {
  const auto p = parsed(R"(
name: all
items: 100k
duration: 1h
target: http://127.0.0.1:8080//
feeds:
  a: a.csv
  b: {jsonl: /data/b.jsonl, order: shuffle}
let: {qty: "{{int(1,5)}}", ref: "{{run}}-{{item}}"}
steps:
  - name: create
    http: {url: "{{target}}/orders"}
    expect: {status: 201}
    keep: {id: $.id}
  - ssh: {}
rate: 0..500/s over 10s, 500/s
users: 64
shape: auto
retry: {attempts: 3, backoff: {first: 50ms, most: 2s}, statuses: [503, 429, 503], budget: 20%, retry_after_most: 5s}
timeouts: {connect: 1s, first_byte: 2s, total: 3s}
key: none
at_most_once: true
seed: 7
limits: {answer: 1MiB, kept: 100, failures: 5, stop_after: 3s}
reconcile: {list: {}}
run_folder: ../runs/x
)");
  EXPECT_EQ(p.name, "all");
  EXPECT_EQ(p.items, 100'000U);
  EXPECT_EQ(p.duration, 1h);
  EXPECT_EQ(p.target, "http://127.0.0.1:8080");
  ASSERT_EQ(p.feeds.size(), 2U);
  EXPECT_EQ(p.feeds[0].path, "/plans/a.csv");
  EXPECT_EQ(p.feeds[1].path, "/data/b.jsonl");
  EXPECT_EQ(p.feeds[1].format, feed_format::json_lines);
  EXPECT_EQ(p.feeds[1].order, feed_order::shuffle);
  ASSERT_EQ(p.values.size(), 2U);
  EXPECT_EQ(p.values[1].text, "{{run}}-{{item}}");
  ASSERT_EQ(p.steps.size(), 2U);
  EXPECT_EQ(p.steps[0].name, "create");
  EXPECT_NE(p.steps[0].keep.find("id"), nullptr);
  EXPECT_EQ(p.steps[1].name, "step2");
  EXPECT_EQ(p.steps[1].action, "ssh");
  EXPECT_TRUE(p.pace.open());
  EXPECT_EQ(p.lanes(), 64U);
  EXPECT_EQ(p.retry.statuses, (std::vector<int>{429, 503}));
  EXPECT_DOUBLE_EQ(p.retry.budget, 0.2);
  EXPECT_EQ(p.retry.backoff_most, 2s);
  EXPECT_EQ(p.timeouts.total, 3s);
  EXPECT_TRUE(p.key.empty());
  EXPECT_TRUE(p.at_most_once);
  EXPECT_EQ(p.limits.answer_bytes, 1U << 20);
  EXPECT_EQ(p.limits.failures, 5U);
  EXPECT_EQ(p.run_folder, "/runs/x");
}

TEST(plan, what_was_given_bounds_the_timeouts_that_were_not) {
  const auto p = parsed("items: 1\nhttp: {}\ntimeouts: {total: 2s}\n");
  EXPECT_EQ(p.timeouts.connect, 2s);
  EXPECT_EQ(p.timeouts.first_byte, 2s);
  EXPECT_EQ(parsed("items: 1\nhttp: {}\ntimeouts: {first_byte: 5m}\n").timeouts.total, 5min);
  EXPECT_EQ(parsed("items: 1\nhttp: {}\nretry: none\n").retry.attempts, 1U);
}

TEST(plan, mistakes_are_named_with_their_place) {
  struct {
    std::string_view text;
    std::string_view what;
    std::string_view hint;
  } const table[] = {
      {"itmes: 5\nhttp: {}\n", "/plans/p.yaml:1:1: unknown key 'itmes'", "did you mean 'items'?"},
      {"items: 5\nhttpp: {}\n", "/plans/p.yaml:2:1: unknown key 'httpp'", "did you mean 'http'?"},
      {"items: 5\n", "/plans/p.yaml:1:1: there is nothing to do for an item",
       "add steps:, or one action: 'http' and 'ssh'"},
      {"http: {}\n", "/plans/p.yaml:1:1: how many items? Neither items nor duration is given",
       "say items: 1000, or duration: 1m, or give a feed: each of its rows is an item"},
      {"", "/plans/p.yaml: the configuration must be a mapping", ""},
      {"items: many\nhttp: {}\n", "/plans/p.yaml:1:8: items must be a whole number", ""},
      {"items: 0\nhttp: {}\n", "/plans/p.yaml:1:8: items must be a whole number from 1", ""},
      {"items: 5\nduration: 5\nhttp: {}\n", "/plans/p.yaml:2:11: duration: '5' has no unit", ""},
      {"items: 5\nhttp: {}\nssh: {}\n", "/plans/p.yaml:3:6: a step does one thing, but here are 'http' and 'ssh'",
       "make two steps of it"},
      {"items: 5\nsteps: []\n", "/plans/p.yaml:2:8: there are no steps", ""},
      {"items: 5\nsteps: [{name: a}]\n", "/plans/p.yaml:2:9: step 'a' does nothing",
       "name an action: 'http' and 'ssh'"},
      {"items: 5\nsteps: [{name: a, http: {}}, {name: a, http: {}}]\n", "/plans/p.yaml:2:30: there are two steps 'a'",
       ""},
      {"items: 5\nsteps: [{http: {}, expct: {}}]\n", "/plans/p.yaml:2:20: unknown key 'expct' in step1",
       "did you mean 'expect'?"},
      {"items: 5\nsteps: [{http: {}}]\nexpect: {}\n", "/plans/p.yaml:2:8: there are steps: and, beside them,",
       "put 'expect and keep' into a step"},
      {"items: 5\nsteps: [{name: 'a b', http: {}}]\n", "/plans/p.yaml:2:16: 'a b' cannot be the name of a step", ""},
      {"items: 5\nhttp: {}\nkeep: {'a.b': $.id}\n", "/plans/p.yaml:3:8: 'a.b' cannot be the name of a kept value", ""},
      {"items: 5\nhttp: {}\nfeeds: {c: c.txt}\n",
       "/plans/p.yaml:3:12: feeds.c: the name of the file does not say what it is",
       "write c: {csv: FILE} or c: {jsonl: FILE}"},
      {"items: 5\nhttp: {}\nfeeds: {c: {csv: a, jsonl: b}}\n", "/plans/p.yaml:3:28: feeds.c has one file", ""},
      {"items: 5\nhttp: {}\nfeeds: {c: {order: once}}\n", "/plans/p.yaml:3:12: feeds.c has no file", ""},
      {"items: 5\nhttp: {}\nfeeds: {c: {csv: a.csv, order: cicle}}\n",
       "/plans/p.yaml:3:32: feeds.c.order must be one of", "did you mean 'cycle'?"},
      {"items: 5\nhttp: {}\nlet: {a: [1]}\n", "/plans/p.yaml:3:10: let.a must be a text, but is a list", ""},
      {"items: 5\nhttp: {}\nrate: fast\n", "/plans/p.yaml:3:7: rate: 'fast' is no rate", ""},
      {"items: 5\nhttp: {}\nshape: threads\n", "/plans/p.yaml:3:8: shape 'threads' lacks a number", ""},
      {"items: 5\nhttp: {}\nshape: serial\nrate: 5/s\n",
       "/plans/p.yaml:3:8: a rate cannot be kept by one item at a time", ""},
      {"items: 5\nhttp: {}\nshape: threads:4\nusers: 8\n",
       "/plans/p.yaml:4:8: users is 8, but shape threads:4 has 4 lanes", "leave one of them out"},
      {"items: 301\nhttp: {}\nrate: 5/s for 1m\n",
       "/plans/p.yaml:1:8: items is 301, but the rate's schedule ends after 300", ""},
      {"duration: 2m\nhttp: {}\nrate: 5/s for 1m\n",
       "/plans/p.yaml:1:11: duration is 2m, but the rate's schedule ends after 1m", ""},
      {"items: 5\nhttp: {}\nretry: {statuses: [999]}\n",
       "/plans/p.yaml:3:20: retry.statuses must be a whole number from 1 to 599", ""},
      {"items: 5\nhttp: {}\nretry: {backoff: {first: 5s, most: 1s}}\n",
       "/plans/p.yaml:3:18: retry.backoff: first (5s) is longer than most (1s)", ""},
      {"items: 5\nhttp: {}\ntimeouts: {connect: 5s, total: 1s}\n",
       "/plans/p.yaml:3:21: timeouts.connect (5s) is longer than timeouts.total (1s)", ""},
      {"items: 5\nhttp: {}\ntimeouts: {connect: 0s}\n", "/plans/p.yaml:3:21: timeouts.connect must be longer than 0s",
       ""},
      {"items: 5\nhttp: {}\nlimits: {answr: 5}\n", "/plans/p.yaml:3:10: unknown key 'answr' in limits",
       "did you mean 'answer'?"},
      {"items: 5\nhttp: {}\ntarget: /\n", "/plans/p.yaml:3:9: target is empty", ""},
      {"items: 5\nhttp: {}\nkey: {{item}}\n", "/plans/p.yaml:3:7: a key must be plain text", ""},
      {"format: 2\nitems: 5\nhttp: {}\n", "/plans/p.yaml:1:9: this plan is of format 2", ""},
  };
  for (const auto& row : table) {
    const auto [what, hint] = complaint(row.text);
    EXPECT_EQ(what.substr(0, row.what.size()), row.what) << row.text << "\n" << what;
    if (!row.hint.empty()) {
      EXPECT_EQ(hint, row.hint) << row.text;
    }
  }
}

TEST(plan, a_schedule_with_an_end_says_how_many) {
  const auto p = parsed("http: {}\nrate: 5/s for 1m\n");
  EXPECT_FALSE(p.items);
  EXPECT_EQ(p.pace.items(), 300U);
}

TEST(plan, a_feed_whose_rows_end_says_how_many) {
  EXPECT_FALSE(parsed("http: {}\nfeeds: {hosts: {csv: hosts.csv}}\n").items);
  EXPECT_THROW((void)parsed("http: {}\nfeeds: {hosts: {csv: hosts.csv, order: cycle}}\n"), lakh::input_error);
}

TEST(plan, words_make_the_same_plan_as_a_file) {
  plan_words words;
  words.set("items", "100k");
  words.set("rate", "500/s");
  words.set("http", config::mapping({{"method", config::scalar("POST")}, {"url", config::scalar("http://x/orders")}}));
  const auto p = parse_plan(words.tree(), actions);
  EXPECT_EQ(p.items, 100'000U);
  EXPECT_EQ(p.name, "load");
  EXPECT_EQ(p.folder, std::filesystem::current_path());
  words.set("items", "-5");
  try {
    (void)parse_plan(words.tree(), actions);
    ADD_FAILURE();
  } catch (const lakh::input_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("--items: items must be a whole number"));
  }
}

TEST(plan, words_go_over_a_file) {
  const auto file = parse_yaml("duration: 1m\nrate: 5/s\nusers: 8\nhttp: {}\n", "/p.yaml");
  plan_words words;
  words.set("items", "7");
  words.set("users", "4");
  const auto p = parse_plan(put_over(file, words.tree()), actions);
  EXPECT_EQ(p.items, 7U);
  EXPECT_FALSE(p.duration);
  EXPECT_FALSE(p.pace.open());
  EXPECT_EQ(p.users, 4U);
  EXPECT_EQ(p.file, "/p.yaml");
}

// The plan of the demo: its feed fits, and its body has the form that the shop takes.
TEST(plan, the_example_renders_an_order) {
  const auto p = load_plan(std::filesystem::path(LAKH_SOURCE_DIR) / "examples/plans/orders.yaml", actions);
  const auto feeds = open_feeds(p);
  template_scope scope;
  declare(p, feeds, scope);
  const config* json = p.steps[0].settings.find("json");
  ASSERT_NE(json, nullptr);
  const auto body = text_template::json_from(*json, scope, "body");
  const text_template key(p.key, text_format::header, scope, "key");
  feed_reader reader(feeds, run_random(p.seed, "r1"));
  for (std::uint64_t item = 0; item < 1000; ++item) {
    render_input input;
    input.run = "r1";
    input.item = item;
    input.random = item_random(run_random(p.seed, input.run), item);
    input.cells = reader.read(item);
    std::string out;
    ASSERT_TRUE(body.render(input, out));
    const auto order = boost::json::parse(out);
    EXPECT_EQ(order.at("reference").as_string(), "r1-" + std::to_string(item));
    EXPECT_EQ(order.at("address").at("country").as_string().size(), 2U);
    for (const auto& line : order.at("lines").as_array()) {
      EXPECT_EQ(line.at("sku").as_string().size(), 8U);
      EXPECT_GE(line.at("quantity").as_int64(), 1);
    }
    out.clear();
    ASSERT_TRUE(key.render(input, out));
    EXPECT_EQ(out, "r1-" + std::to_string(item));
  }
}

class plan_files : public testing::Test {
 protected:
  plan_files() : folder(std::filesystem::temp_directory_path() / ("lakh_plan_test_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "c.csv") << "name,city\nZoë,Bonn\nAl,Ulm\n";
    std::ofstream(folder / "p.yaml") << R"(items: 2
target: "{{env.SHOP_URL}}/v1/"
feeds: {customers: {csv: c.csv}}
let: {who: "{{customers.name}}!"}
http: {url: "{{target}}/x", json: {who: "{{who}}", n: 5, s: "5"}}
keep: {id: $.id}
retry: {budget: 0.1}
rate: 0..7/m over 1h, 7/m
)";
  }
  ~plan_files() override { std::filesystem::remove_all(folder); }
  const std::filesystem::path folder;
};

TEST_F(plan_files, a_frozen_plan_is_read_back_equal) {
  const auto p = load_plan(folder / "p.yaml", actions);
  const auto feeds = open_feeds(p);
  const auto frozen = canonical_text(p, feeds);
  const auto again = parse_plan(parse_yaml(frozen, "/elsewhere/plan.json"), actions);
  EXPECT_EQ(canonical_text(again, open_feeds(again)), frozen);
  EXPECT_EQ(digest_of(frozen).size(), 64U);
  EXPECT_EQ(again.name, "p");
  EXPECT_EQ(again.folder, folder);
  EXPECT_EQ(again.feeds[0].path, folder / "c.csv");
  EXPECT_EQ(again.feeds[0].sha256, feeds.entries()[0].source->sha256());
  EXPECT_EQ(again.steps[0].settings, p.steps[0].settings);
  EXPECT_THAT(frozen, HasSubstr("{{env.SHOP_URL}}/v1"));  // the name, not the value
}

TEST_F(plan_files, a_feed_that_has_changed_is_noticed) {
  const auto p = load_plan(folder / "p.yaml", actions);
  const auto again = parse_plan(parse_yaml(canonical_text(p, open_feeds(p)), "/elsewhere/plan.json"), actions);
  std::ofstream(folder / "c.csv", std::ios::app) << "Bo,Graz\n";
  EXPECT_THROW((void)open_feeds(again), lakh::input_error);
}

TEST_F(plan_files, too_few_rows_are_found_before_the_run) {
  auto p = load_plan(folder / "p.yaml", actions);
  p.items = 3;
  try {
    (void)open_feeds(p);
    ADD_FAILURE();
  } catch (const lakh::input_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("feed 'customers' has 2 rows, but the plan has 3 items"));
  }
}

TEST_F(plan_files, names_are_declared_for_templates) {
  const auto p = load_plan(folder / "p.yaml", actions);
  const auto feeds = open_feeds(p);
  template_scope scope;
  scope.set_environment([](std::string_view name) {
    return name == "SHOP_URL" ? std::optional<std::string>("http://shop") : std::nullopt;
  });
  declare(p, feeds, scope);
  feed_reader reader(feeds, 1);
  render_input input;
  input.cells = reader.read(0);
  std::string out;
  ASSERT_TRUE(text_template("{{target}} {{who}}", text_format::plain, scope, "x").render(input, out));
  EXPECT_EQ(out, "http://shop/v1 Zoë!");
}

TEST_F(plan_files, a_target_that_depends_on_the_item_is_refused) {
  auto p = load_plan(folder / "p.yaml", actions);
  p.target = "http://{{item}}";
  template_scope scope;
  EXPECT_THROW(declare(p, open_feeds(p), scope), lakh::input_error);
}

}  // namespace
