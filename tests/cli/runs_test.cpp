// `lakh runs`: what it says of runs that `lakh load` made.
#include "fake_server.hpp"
#include "harness.hpp"
#include "runs_view.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace {

using namespace lakh::cli::test;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class runs : public testing::Test {
 protected:
  runs()
      : server_([](const std::string& request) {
          const std::string body = body_of(request);
          if (body == "3") return answer("422 Unprocessable Content", R"({"detail":"not three"})");
          return body == "4" ? std::string() : answer("201 Created", R"({"id":"ord_)" + body + "\"}");
        }) {}

  said load(const std::string& name) {
    return say({"load", "--runs", folder_.path("runs"), "-q", "--name", name, "-n", "10", "http", server_.url(), "-d",
                "{{item}}", "--keep", "id=$.id"});
  }
  said ask(std::vector<std::string> words, const surroundings& around = {}) {
    words.insert(words.begin(), "runs");
    words.insert(words.end(), {"--runs", folder_.path("runs")});
    return say(std::move(words), around);
  }
  std::string only_run() { return std::string(boost::json::parse(ask({"--json"}).out).at(0).at("run").as_string()); }

  scratch_folder folder_;
  fake_server server_;
};

TEST_F(runs, no_runs_are_no_error) {
  EXPECT_EQ(ask({}).code, 0);
  EXPECT_THAT(ask({}).out, HasSubstr("there are no runs"));
  EXPECT_EQ(ask({"--json"}).out, "[]\n");
}

TEST_F(runs, are_listed_with_their_balance) {
  ASSERT_EQ(load("first").code, 1);
  ASSERT_EQ(load("second").code, 1);
  surroundings wide;
  wide.width = 160;
  const said got = ask({}, wide);
  EXPECT_EQ(got.code, 0);
  for (const char* part :
       {"RUN", "first → http://127.0.0.1", "second → http://127.0.0.1", "finished", "8 of 10, 1 failed, 1 unknown"})
    EXPECT_THAT(got.out, HasSubstr(part));
  EXPECT_THAT(ask({"list", "--limit", "1"}).out, HasSubstr("and 1 older runs"));
  const auto value = boost::json::parse(ask({"--json"}).out);
  ASSERT_EQ(value.as_array().size(), 2U);
  EXPECT_EQ(value.at(0).at("balance").at("confirmed").as_int64(), 8);
}

TEST_F(runs, one_is_shown_from_its_ledger) {
  static_cast<void>(load("first"));
  const std::string id = only_run();
  for (const std::string& name :
       {std::string("last"), id, id.substr(0, 12), id.substr(16), folder_.path("runs/" + id)}) {
    const said got = ask({"show", name});
    EXPECT_EQ(got.code, 0) << name << got.err;
    EXPECT_THAT(got.out, StartsWith("Run " + id + ": first\n"));
    for (const char* part : {"confirmed                          8", "balanced", "state        finished",
                             "digests checked", "lakh load", "--failed", "--unknown"})
      EXPECT_THAT(got.out, HasSubstr(part));
  }
  const auto value = boost::json::parse(ask({"show", "last", "--json"}).out);
  EXPECT_EQ(value.at("ledger_balance").at("failed").as_int64(), 1);
}

TEST_F(runs, items_are_listed_by_what_became_of_them) {
  static_cast<void>(load("first"));
  const said failed = ask({"show", "last", "--failed"});
  EXPECT_EQ(failed.code, 0);
  EXPECT_THAT(failed.out, HasSubstr("           3  failed           422   1 attempt"));
  EXPECT_THAT(failed.out, Not(HasSubstr("unknown")));
  const said unknown = ask({"show", "last", "--unknown", "--json"});
  const auto item = boost::json::parse(unknown.out);
  EXPECT_EQ(item.at("item").as_int64(), 4);
  EXPECT_EQ(item.at("state").as_string(), "unknown");
  const said confirmed = ask({"show", "last", "--confirmed", "--json", "--limit", "3"});
  EXPECT_EQ(std::ranges::count(confirmed.out, '\n'), 3);
  EXPECT_THAT(confirmed.out, HasSubstr(R"("kept":{"id":"ord_)"));
  EXPECT_THAT(ask({"show", "last", "--confirmed", "--limit", "3"}).err, HasSubstr("and 5 more"));
}

TEST_F(runs, that_are_not_there_or_damaged_are_told) {
  static_cast<void>(load("first"));
  const std::string id = only_run();
  EXPECT_EQ(ask({"show", "nope"}).code, 2);
  std::ofstream(folder_.path("runs/" + id + "/run.json")) << "{";
  EXPECT_THAT(ask({}).out, HasSubstr("unreadable"));
  const said broken = ask({"show", "last"});
  EXPECT_EQ(broken.code, 4);
  EXPECT_THAT(broken.err, HasSubstr("run.json"));
}

TEST_F(runs, a_ledger_that_was_altered_is_not_believed) {
  static_cast<void>(load("first"));
  const std::string file = folder_.path("runs/" + only_run() + "/ledger-0.db");
  std::string bytes = read_file(file);
  for (std::size_t at = 0; (at = bytes.find("ord_7", at)) != std::string::npos; ++at) bytes[at + 4] = '6';
  std::ofstream(file, std::ios::binary) << bytes;
  const said got = ask({"show", "last"});
  EXPECT_EQ(got.code, 4);
  EXPECT_THAT(got.err, HasSubstr("ledger-0.db"));
}

TEST(runs_view, a_run_that_died_is_not_called_running) {
  lakh::load::run_summary run;
  run.info.state = lakh::load::run_state::running;
  EXPECT_EQ(lakh::cli::state_of(run), "died");
  run.alive = true;
  EXPECT_EQ(lakh::cli::state_of(run), "running");
  run.problem = "run.json is damaged";
  EXPECT_EQ(lakh::cli::state_of(run), "unreadable");
}

}  // namespace
