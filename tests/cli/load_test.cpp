// `lakh load`, end to end in this process, against a server that answers what the test says.
#include "fake_server.hpp"
#include "harness.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <ostream>
#include <set>
#include <thread>

namespace {

using namespace lakh::cli::test;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string created = answer("201 Created", R"({"id":"ord_1"})");

// `lakh load` with its runs in the folder.
said load(const scratch_folder& folder, std::vector<std::string> words, const surroundings& around = {}) {
  words.insert(words.begin(), {"load", "--runs", folder.path("runs")});
  return say(std::move(words), around);
}

TEST(load, sends_every_item_once_with_its_own_body_and_key) {
  fake_server server([](const std::string&) { return created; });
  const scratch_folder folder;
  const said got =
      load(folder, {"-n", "100", "-u", "4", "--key", "auto", "http", "POST", server.url("/orders"), "--json",
                    R"({"item":{{item}},"ref":"{{run}}-{{item}}"})", "--expect", "201", "--keep", "id=$.id"});
  EXPECT_EQ(got.code, 0) << got.err;
  EXPECT_THAT(got.out, HasSubstr("requested                        100\n"));
  EXPECT_THAT(got.out, HasSubstr("confirmed                        100\n"));
  EXPECT_THAT(got.out, HasSubstr("balanced"));
  EXPECT_THAT(got.out, HasSubstr("target         " + server.url()));
  EXPECT_THAT(got.out, HasSubstr("201 × 100"));
  EXPECT_THAT(got.err, HasSubstr("100 of 100  100.0 %"));
  std::set<std::string> bodies;
  std::set<std::string> keys;
  for (const std::string& request : server.requests()) {
    bodies.insert(body_of(request));
    const std::size_t at = request.find("Idempotency-Key: ");
    ASSERT_NE(at, std::string::npos);
    keys.insert(request.substr(at, request.find('\r', at) - at));
  }
  EXPECT_EQ(bodies.size(), 100U);
  EXPECT_EQ(keys.size(), 100U);
}

TEST(load, several_processes_are_refused_where_this_program_has_threads_and_nothing_is_sent) {
  fake_server server([](const std::string&) { return created; });  // on threads of this program
  const scratch_folder folder;
  const said got = load(folder, {"-n", "5", "--shape", "processes:2", "http", "POST", server.url("/orders")});
  EXPECT_NE(got.code, 0);
  EXPECT_THAT(got.err, HasSubstr("threads"));
  EXPECT_THAT(got.err, HasSubstr("hint:"));
  EXPECT_TRUE(server.requests().empty());
  EXPECT_THAT(load(folder, {"--help"}).out, HasSubstr("processes:4"));
}

TEST(load, several_processes_that_meet_nobody_say_so_before_anything_is_made) {
  const scratch_folder folder;
  const said got = load(folder, {"-n", "5", "--shape", "2x1x4", "http", "POST", "http://127.0.0.1:1/orders"});
  EXPECT_EQ(got.code, 3) << got.err;
  EXPECT_THAT(got.err, HasSubstr("127.0.0.1:1"));
}

TEST(load, words_are_put_over_a_plan) {
  fake_server server([](const std::string&) { return created; });
  const scratch_folder folder;
  const std::string plan = folder.write("orders.yaml", R"(
name: from the plan
items: 5000
target: http://127.0.0.1:1
feeds: {people: people.csv}
let: {size: small}
retry: {attempts: 2, budget: 0.5}
http:
  url: "{{target}}/orders"
  json: {size: "{{size}}", name: "{{people.name}}"}
)");
  folder.write("people.csv", "name\nAnn\n李雷\nBo\n");
  const said got = load(
      folder, {plan, "-n", "2", "--target", server.url(), "--let", "size=large", "--name", "mine", "--attempts", "1"});
  EXPECT_EQ(got.code, 0) << got.err;
  EXPECT_THAT(got.out, HasSubstr(": mine\n"));
  std::set<std::string> bodies;
  for (const std::string& request : server.requests()) bodies.insert(body_of(request));
  EXPECT_EQ(bodies, (std::set<std::string>{R"({"size":"large","name":"Ann"})", R"({"size":"large","name":"李雷"})"}));
}

TEST(load, feeds_can_be_named_in_words) {
  fake_server server([](const std::string&) { return created; });
  const scratch_folder folder;
  folder.write("people.csv", "name\nAnn\nBo\n");
  const said got = load(folder, {"-n", "4", "--feed", "p=" + folder.path("people.csv") + ":cycle", "http", server.url(),
                                 "-d", "{{p.name}} {{item}}"});
  EXPECT_EQ(got.code, 0) << got.err;
  std::set<std::string> bodies;
  for (const std::string& request : server.requests()) bodies.insert(body_of(request));
  EXPECT_EQ(bodies, (std::set<std::string>{"Ann 0", "Bo 1", "Ann 2", "Bo 3"}));
}

TEST(load, each_row_of_a_feed_is_an_item_where_nobody_says_how_many) {
  fake_server server([](const std::string&) { return created; });
  const scratch_folder folder;
  folder.write("people.csv", "name\nAnn\nBo\nCy\n");
  const said got = load(folder, {"--feed", "p=" + folder.path("people.csv"), "http", server.url(), "-d", "{{p.name}}"});
  EXPECT_EQ(got.code, 0) << got.err;
  EXPECT_THAT(got.out, HasSubstr("requested                          3\n"));
  std::set<std::string> bodies;
  for (const std::string& request : server.requests()) bodies.insert(body_of(request));
  EXPECT_EQ(bodies, (std::set<std::string>{"Ann", "Bo", "Cy"}));
}

TEST(load, items_that_fail_are_counted_and_named) {
  fake_server server([](const std::string& request) {
    return body_of(request) == "3" ? answer("422 Unprocessable Content", R"({"detail":"no"})") : created;
  });
  const scratch_folder folder;
  const said got = load(folder, {"-n", "10", "http", server.url(), "-d", "{{item}}"});
  EXPECT_EQ(got.code, 1);
  EXPECT_THAT(got.out, HasSubstr("failed                             1\n"));
  EXPECT_THAT(got.out, HasSubstr("not confirmed  1 × answered 422"));
  EXPECT_THAT(got.out, HasSubstr("exit code 1: items failed or are unknown\n"));
  EXPECT_THAT(got.out, HasSubstr("--failed' lists them"));
}

TEST(load, an_answer_that_never_came_leaves_an_item_unknown_where_there_is_no_key) {
  fake_server server([](const std::string& request) { return body_of(request) == "3" ? std::string() : created; });
  const scratch_folder folder;
  const said got = load(folder, {"-n", "5", "http", server.url(), "-d", "{{item}}"});
  EXPECT_EQ(got.code, 1);
  EXPECT_THAT(got.out, HasSubstr("unknown                            1\n"));
  EXPECT_EQ(server.requests().size(), 5U);  // never twice
}

TEST(load, json_is_one_object_on_stdout_and_progress_lines_on_stderr) {
  fake_server server([](const std::string&) { return created; });
  const scratch_folder folder;
  const said got = load(folder, {"-n", "20", "--json", "http", "POST", server.url()});
  EXPECT_EQ(got.code, 0);
  const auto value = boost::json::parse(got.out);
  EXPECT_EQ(value.at("balance").at("confirmed").as_int64(), 20);
  EXPECT_EQ(value.at("exit_code").as_int64(), 0);
  EXPECT_EQ(value.at("target").as_string(), server.url());
  EXPECT_THAT(got.err, StartsWith(R"({"type":"progress")"));
  for (std::size_t at = 0; at < got.err.size(); at = got.err.find('\n', at) + 1)
    EXPECT_NO_THROW(boost::json::parse(got.err.substr(at, got.err.find('\n', at) - at)));
}

TEST(load, quiet_is_quiet_unless_something_is_wrong) {
  fake_server server(
      [](const std::string& request) { return body_of(request) == "bad" ? answer("400 No", "") : created; });
  const scratch_folder folder;
  const said well = load(folder, {"-q", "-n", "3", "http", server.url(), "-d", "good"});
  EXPECT_EQ(well.code, 0);
  EXPECT_EQ(well.out + well.err, "");
  const said ill = load(folder, {"-q", "-n", "3", "http", server.url(), "-d", "bad"});
  EXPECT_EQ(ill.code, 1);
  EXPECT_THAT(ill.out, HasSubstr("failed                             3\n"));
  EXPECT_EQ(ill.err, "");
}

TEST(load, on_a_terminal_the_cursor_comes_back) {
  fake_server server([](const std::string&) { return created; });
  const scratch_folder folder;
  surroundings terminal;
  terminal.out_is_terminal = terminal.err_is_terminal = true;
  const said got = load(folder, {"-n", "20", "http", "POST", server.url()}, terminal);
  EXPECT_EQ(got.code, 0);
  EXPECT_THAT(got.err, HasSubstr("20 / 20"));
  ASSERT_NE(got.err.rfind("\x1b[?25h"), std::string::npos);
  EXPECT_GT(got.err.rfind("\x1b[?25h"), got.err.rfind("\x1b[?25l"));
  EXPECT_TRUE(got.err.ends_with("\x1b[?25h"));
}

TEST(load, without_a_ledger_nothing_is_written) {
  fake_server server([](const std::string&) { return created; });
  const scratch_folder folder;
  const said got = load(folder, {"-n", "5", "--no-ledger", "http", "POST", server.url()});
  EXPECT_EQ(got.code, 0);
  EXPECT_THAT(got.out, HasSubstr("none was kept (--no-ledger)"));
  EXPECT_FALSE(std::filesystem::exists(folder.path("runs")));
}

TEST(load, nobody_there_ends_with_3_and_leaves_no_run) {
  const scratch_folder folder;
  const said got = load(folder, {"-n", "5", "http", "POST", "http://" + dead_address() + "/orders"});
  EXPECT_EQ(got.code, 3);
  EXPECT_EQ(got.out, "");
  EXPECT_THAT(got.err, HasSubstr("Connection refused"));
  EXPECT_THAT(got.err, HasSubstr("hint: is the server running"));
  EXPECT_FALSE(std::filesystem::exists(folder.path("runs")));
}

TEST(load, a_run_folder_that_cannot_be_made_ends_with_4) {
  fake_server server([](const std::string&) { return created; });
  const scratch_folder folder;
  folder.write("file", "");
  const said got = say({"load", "--runs", folder.path("file"), "-n", "5", "http", "POST", server.url()});
  EXPECT_EQ(got.code, 4);
  EXPECT_THAT(got.err, HasSubstr(folder.path("file")));
  EXPECT_TRUE(server.requests().empty());
}

TEST(load, a_limit_of_failures_ends_the_run_with_6) {
  fake_server server([](const std::string&) { return answer("400 No", ""); });
  const scratch_folder folder;
  const said got = load(folder, {"-n", "5000", "-u", "2", "--max-failures", "10", "http", "POST", server.url()});
  EXPECT_EQ(got.code, 6);
  EXPECT_THAT(got.out, HasSubstr("more items failed than the plan allows"));
  EXPECT_THAT(got.out, HasSubstr("not yet sent"));
  EXPECT_THAT(got.out, HasSubstr("balanced"));
  EXPECT_LT(server.requests().size(), 5000U);
}

TEST(load, a_run_by_duration_ends_by_it) {
  fake_server server([](const std::string&) { return created; });
  const scratch_folder folder;
  const said got = load(folder, {"-d", "200ms", "-u", "2", "http", "POST", server.url()});
  EXPECT_EQ(got.code, 0) << got.out << got.err;
  EXPECT_THAT(got.out, HasSubstr("balanced"));
}

TEST(load, ctrl_c_finishes_what_is_in_flight_and_prints_the_balance) {
  for (const auto& [signal, code] : {std::pair(SIGINT, 130), std::pair(SIGTERM, 143)}) {
    std::atomic<int> count = 0;
    fake_server server([&, number = signal](const std::string&) {
      if (++count == 20) ::kill(::getpid(), number);
      if (count > 20) std::this_thread::sleep_for(std::chrono::milliseconds(20));
      return created;
    });
    const scratch_folder folder;
    const said got = load(folder, {"-n", "1000000", "-u", "4", "http", "POST", server.url()});
    EXPECT_EQ(got.code, code);
    EXPECT_THAT(got.err, HasSubstr("what is in flight is finished first"));
    EXPECT_THAT(got.out, HasSubstr("not yet sent"));
    EXPECT_THAT(got.out, HasSubstr("balanced"));
    EXPECT_THAT(got.out, Not(HasSubstr("doubt")));
    EXPECT_THAT(got.out, HasSubstr("exit code " + std::to_string(code)));
  }
}

TEST(load, a_second_ctrl_c_drops_what_is_in_flight) {
  std::atomic<int> count = 0;
  fake_server server([&](const std::string&) {
    if (++count == 1) {
      ::kill(::getpid(), SIGINT);
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      ::kill(::getpid(), SIGINT);
    }
    std::this_thread::sleep_for(std::chrono::seconds(2));
    return created;
  });
  const scratch_folder folder;
  const said got = load(folder, {"-n", "1000", "-u", "4", "http", "POST", server.url()});
  EXPECT_EQ(got.code, 130);
  EXPECT_THAT(got.err, HasSubstr("stopping now"));
  EXPECT_THAT(got.out, HasSubstr("in flight or doubtful"));
  EXPECT_THAT(got.out, HasSubstr("balanced"));
}

// A target that lists what it has; `forget` and `alter` are items that it treats badly.
class listing_target {
 public:
  explicit listing_target(int forget = -1, int twice = -1)
      : server_([this, forget, twice](const std::string& request) {
          if (request.starts_with("POST")) {
            const boost::json::value body = boost::json::parse(body_of(request));
            const std::string reference(body.at("ref").as_string());
            const std::lock_guard lock(mutex_);
            if (body.at("item").as_int64() != forget) references_.push_back(reference);
            if (body.at("item").as_int64() == twice) references_.push_back(reference);
            return created;
          }
          boost::json::array orders;
          const std::lock_guard lock(mutex_);
          for (const std::string& one : references_) orders.push_back(boost::json::object{{"reference", one}});
          return answer("200 OK", boost::json::serialize(boost::json::object{{"orders", orders}, {"next", nullptr}}));
        }) {}
  [[nodiscard]] std::string plan(const scratch_folder& folder) const {
    return folder.write("plan.yaml", "items: 20\ntarget: " + server_.url() + R"(
http:
  method: POST
  url: "{{target}}/orders"
  json: {item: "{{item}}", ref: "{{run}}-{{item}}"}
reconcile:
  list:
    url: "{{target}}/orders?run={{run}}"
    entries: $.orders
    reference: $.reference
    item: "{{run}}-{{item}}"
)");
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> references_;
  fake_server server_;
};

TEST(load, reconciles_with_the_targets_own_data) {
  const listing_target target;
  const scratch_folder folder;
  const said got = load(folder, {target.plan(folder)});
  EXPECT_EQ(got.code, 0) << got.err << got.out;
  EXPECT_THAT(got.out, HasSubstr("both sides agree"));
  EXPECT_THAT(got.out, HasSubstr("matched                           20"));
}

TEST(load, a_difference_between_the_two_sides_ends_with_5) {
  for (const auto& [forget, twice, word] : {std::tuple(7, -1, "missing                            1"),
                                            std::tuple(-1, 7, "duplicate                          1")}) {
    const listing_target target(forget, twice);
    const scratch_folder folder;
    const std::string plan = target.plan(folder);
    const said got = load(folder, {plan});
    EXPECT_EQ(got.code, 5);
    EXPECT_THAT(got.out, HasSubstr(word));
    EXPECT_THAT(got.out, HasSubstr("THE TWO SIDES DIFFER"));
    EXPECT_EQ(load(folder, {plan, "--no-reconcile"}).code, 0);
  }
}

struct wrong_load {
  std::vector<std::string> words;
  std::string error;
  std::string hint;
};
void PrintTo(const wrong_load& one, std::ostream* to) {
  for (const std::string& word : one.words) *to << word << ' ';
}
class wrong_plan : public testing::TestWithParam<wrong_load> {};

TEST_P(wrong_plan, or_words_are_refused_before_anything_is_sent) {
  fake_server server([](const std::string&) { return created; });
  const scratch_folder folder;
  folder.write("ragged.csv", "a,b\n1,2\n3\n");
  folder.write("latin.csv", "a\nM\xfcller\n");
  folder.write("two.csv", "a\n1\n2\n");
  folder.write("no-yaml.yaml", "items: [1\n");
  folder.write("typo.yaml", "items: 5\nhtp:\n  url: http://127.0.0.1:1/\n");
  folder.write("template.yaml", "items: 5\nhttp:\n  url: http://127.0.0.1:1/\n  json: {a: \"{{itm}}\"}\n");
  std::vector<std::string> words = GetParam().words;
  for (std::string& word : words) {
    if (const std::size_t at = word.find("URL"); at != std::string::npos) word.replace(at, 3, server.url());
    if (const std::size_t at = word.find("DIR"); at != std::string::npos) word.replace(at, 3, folder.path());
  }
  const said got = load(folder, words);
  EXPECT_EQ(got.code, 2) << got.err << got.out;
  EXPECT_EQ(got.out, "");
  EXPECT_THAT(got.err, StartsWith("error: "));
  EXPECT_THAT(got.err, HasSubstr(GetParam().error));
  EXPECT_THAT(got.err, HasSubstr(GetParam().hint));
  EXPECT_TRUE(server.requests().empty());
  EXPECT_FALSE(std::filesystem::exists(folder.path("runs")));
}

INSTANTIATE_TEST_SUITE_P(
    load, wrong_plan,
    testing::Values(
        wrong_load{{}, "needs a plan or an action", "lakh load orders.yaml"},
        wrong_load{{"nope"}, "'nope' is neither a plan file nor an action", "lakh load orders.yaml"},
        wrong_load{{"DIR/nope.yaml"}, "nope.yaml", ""},
        wrong_load{{"DIR/typo.yaml", "http", "URL"}, "both a plan", "a plan file says itself"},
        wrong_load{{"-n", "5", "http"}, "needs a URL", ""},
        wrong_load{{"http", "URL"}, "how many items", "items: 1000"},
        wrong_load{{"-n", "0", "http", "URL"}, "--items must be a whole number of at least 1", ""},
        wrong_load{{"-n", "many", "http", "URL"}, "--items must be a whole number", ""},
        wrong_load{{"-n", "5", "-d", "5", "http", "URL"}, "--duration", "1"},
        wrong_load{{"-n", "5", "--rate", "fast", "http", "URL"}, "--rate", "5000/s"},
        wrong_load{{"-n", "5", "--shape", "round", "http", "URL"}, "--shape", "coroutines"},
        wrong_load{{"-n", "5", "--shape", "processes:0", "http", "URL"}, "processes:0", ""},
        wrong_load{
            {"-n", "5", "--users", "5", "--shape", "2x1x4", "http", "URL"}, "users is 5, but shape 2x1x4 has 8", ""},
        wrong_load{{"-n", "5", "--expct", "201", "http", "URL"},
                   "no option --expct",
                   "did you mean --expect? it belongs behind"},
        wrong_load{
            {"-n", "5", "--expect", "201", "http", "URL"}, "no option --expect", "belongs behind the word 'http'"},
        wrong_load{{"-n", "5", "http", "URL", "--user", "3"}, "no option --user", "did you mean --users?"},
        wrong_load{{"-n", "5", "http", "/orders"}, "'/orders' does not say which server", "--target"},
        wrong_load{{"-n", "5", "http", "https://127.0.0.1/"}, "https is not supported", ""},
        wrong_load{{"-n", "5", "http", "URL", "-d", "{{itm}}"}, "unknown value 'itm'", "did you mean 'item'?"},
        wrong_load{{"-n", "5", "http", "URL", "-d", "{{item"}, "--data", ""},
        wrong_load{{"-n", "5", "--let", "x", "http", "URL"}, "--let 'x'", "--let 'size="},
        wrong_load{{"-n", "5", "--let", "x={{y}}", "http", "URL"}, "unknown value 'y'", ""},
        wrong_load{{"-n", "5", "--feed", "p", "http", "URL"}, "--feed 'p'", "customers=customers.csv"},
        wrong_load{{"-n", "5", "--feed", "p=DIR/none.csv", "http", "URL"}, "none.csv", ""},
        wrong_load{{"-n", "2", "--feed", "p=DIR/ragged.csv", "http", "URL"}, "ragged.csv:3", ""},
        wrong_load{{"-n", "1", "--feed", "p=DIR/latin.csv", "http", "URL"}, "latin.csv:2:2", "UTF-8"},
        wrong_load{{"-n", "5", "--feed", "p=DIR/two.csv", "http", "URL"}, "2", ""},
        wrong_load{{"-n", "2", "--feed", "p=DIR/two.csv:sideways", "http", "URL"}, "order", "once"},
        wrong_load{{"-n", "2", "--feed", "p=DIR/two.csv", "http", "URL", "-d", "{{p.b}}"}, "p.b", ""},
        wrong_load{{"-n", "5", "-u", "20000000", "http", "URL"}, "users", ""},
        wrong_load{{"DIR/no-yaml.yaml"}, "no-yaml.yaml:", ""}, wrong_load{{"DIR/typo.yaml"}, "typo.yaml:2:1", "http"},
        wrong_load{{"DIR/template.yaml"}, "template.yaml:4:16: unknown value 'itm'", "^^^"}));

}  // namespace
