// `lakh compare`: runs of this very program, in shapes of their own. And `lakh compute`, the work that it compares.
#include "console.hpp"
#include "fake_server.hpp"
#include "harness.hpp"

#include <lakh/parallel/process.hpp>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

namespace {

using namespace lakh::cli::test;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr auto abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr auto abc_twice = "4f8b42c22dd3729b519ba6f68d2da7cc5b2d606d05daed5ad5128cc03e6c6358";

TEST(compute, prints_what_sha256sum_prints) {
  const said once = say({"compute", "sha256", "abc"});
  EXPECT_EQ(once.code, 0) << once.err;
  EXPECT_EQ(once.out, std::string(abc) + "\n");
  EXPECT_EQ(say({"compute", "sha256", "abc", "--rounds", "2"}).out, std::string(abc_twice) + "\n");
  EXPECT_EQ(say({"compute", "sha256", "abc", "-k", "digest"}).out, std::string("digest=") + abc + "\n");
}

TEST(compute, says_whether_it_is_as_expected) {
  EXPECT_EQ(say({"compute", "sha256", "abc", "-e", abc}).code, 0);
  const said other = say({"compute", "sha256", "abd", "-e", abc});
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.err, HasSubstr("not as expected"));
}

TEST(compute, says_what_is_wrong_with_its_words) {
  for (const auto& [words, complaint] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"compute"}, "needs to know what"},
           {{"compute", "md5", "abc"}, "knows sha256, not 'md5'"},
           {{"compute", "sha256"}, "needs a text"},
           {{"compute", "sha256", "abc", "--rounds", "0"}, "--rounds"},
           {{"compute", "sha256", "abc", "def"}, "one word too many"}}) {
    const said got = say(words);
    EXPECT_EQ(got.code, 2);
    EXPECT_THAT(got.err, HasSubstr(complaint));
  }
}

TEST(compute, can_be_loaded_with_a_result_that_is_kept) {
  const scratch_folder folder;
  const said got = say({"load", "--runs", folder.path("runs"), "-n", "20", "--shape", "coroutines:4", "--json",
                        "compute", "sha256", "abc", "--rounds", "2", "-e", abc_twice, "--keep", "digest"});
  EXPECT_EQ(got.code, 0) << got.err;
  EXPECT_EQ(boost::json::parse(got.out).at("balance").at("confirmed").as_int64(), 20);
  const said failed =
      say({"load", "--runs", folder.path("runs"), "-n", "5", "--json", "compute", "sha256", "{{item}}", "-e", abc});
  EXPECT_EQ(failed.code, 1);
  EXPECT_EQ(boost::json::parse(failed.out).at("balance").at("failed").as_int64(), 5);
}

class compare : public testing::Test {
 protected:
  said ask(std::vector<std::string> more, const surroundings& around = {}) {
    std::vector<std::string> words = {"compare", "--html", page_};
    words.insert(words.end(), more.begin(), more.end());
    return say(std::move(words), around);
  }
  // Small enough to be quick, large enough to be measured.
  said computing(std::vector<std::string> more, const surroundings& around = {}) {
    more.insert(more.end(), {"-n", "40", "--shapes", "serial,threads:2,coroutines:8", "--rounds", "2", "compute",
                             "sha256", "order {{item}}", "--rounds", "50"});
    return ask(std::move(more), around);
  }

  scratch_folder folder_;
  std::string page_ = folder_.path("page.html");
};

TEST_F(compare, shows_each_shape_with_the_median_and_the_spread_of_its_rounds) {
  const said got = computing({"--name", "hashes"});
  EXPECT_EQ(got.code, 0) << got.err;
  EXPECT_THAT(got.out, StartsWith("hashes in 3 shapes, 2 rounds, "));
  for (const char* part : {"shape", "rate", "× serial", "CPU/item", "memory", "p50", "p99", "voluntary", "involuntary",
                           "\n  serial", "\n  threads:2", "\n  coroutines:8", "MB", "–"})
    EXPECT_THAT(got.out, HasSubstr(part));
  EXPECT_THAT(got.out, Not(HasSubstr("note:")));
  // Round 2 begins with the second shape.
  const std::size_t second_round = got.err.find("round 2 of 2");
  ASSERT_NE(second_round, std::string::npos);
  EXPECT_THAT(got.err, StartsWith("round 1 of 2  serial"));
  EXPECT_THAT(got.err.substr(second_round), StartsWith("round 2 of 2  threads:2"));
  EXPECT_THAT(got.err, HasSubstr("written: " + page_));
}

TEST_F(compare, writes_a_page_that_is_whole) {
  EXPECT_EQ(computing({"--quiet"}).err, "");
  const std::string page = read_file(page_);
  EXPECT_THAT(page, StartsWith("<!doctype html>"));
  EXPECT_TRUE(page.ends_with("</html>\n"));
  for (const char* part :
       {"in 3 shapes", "serial", "threads:2", "coroutines:8", "id=\"percentiles\"", "class=\"fill\""})
    EXPECT_THAT(page, HasSubstr(part));
  std::filesystem::remove(page_);
  EXPECT_THAT(computing({"--no-html"}).err, Not(HasSubstr("written")));
  EXPECT_FALSE(std::filesystem::exists(page_));
}

TEST_F(compare, says_all_to_a_program_by_its_schema) {
  const said got = computing({"--json", "--slow-items", "10"});
  EXPECT_EQ(got.code, 0) << got.err;
  const auto value = boost::json::parse(got.out);
  EXPECT_EQ(value.at("format").as_int64(), 1);
  ASSERT_EQ(value.at("shapes").as_array().size(), 3U);
  const auto& serial = value.at("shapes").at(0);
  EXPECT_EQ(serial.at("shape").as_string(), "serial");
  EXPECT_TRUE(serial.at("fewer_items").as_bool());
  EXPECT_EQ(serial.at("items").as_int64(), 10);
  EXPECT_EQ(value.at("shapes").at(2).at("items").as_int64(), 40);
  EXPECT_EQ(value.at("shapes").at(2).at("lanes").as_int64(), 8);
  for (const auto& shape : value.at("shapes").as_array()) {
    EXPECT_EQ(shape.at("counted").as_int64(), 2);
    for (const auto& run : shape.at("runs").as_array()) {
      EXPECT_EQ(run.at("balance").at("confirmed").as_int64(), shape.at("items").as_int64());
      EXPECT_GT(run.at("peak_bytes").to_number<double>(), 1e6);
      EXPECT_GT(run.at("user_seconds").to_number<double>() + run.at("system_seconds").to_number<double>(), 0);
      EXPECT_GT(run.at("voluntary_switches").to_number<double>(), 0);
      EXPECT_GT(run.at("p99_ms").to_number<double>(), 0);
    }
  }
  EXPECT_THAT(std::string(value.at("caveats").at(0).as_string()), HasSubstr("serial ran with 10 items only"));

  const std::string file = folder_.write("comparison.json", got.out);
  const std::string command =
      "/usr/bin/python3 -c '\n"
      "import json, sys\n"
      "try:\n    import jsonschema\nexcept ImportError:\n    print(\"none\"); sys.exit()\n"
      "schema = json.load(open(\"" LAKH_SOURCE_DIR
      "/docs/schema/comparison.schema.json\"))\n"
      "jsonschema.Draft202012Validator.check_schema(schema)\n"
      "value = json.load(open(sys.argv[1]))\n"
      "jsonschema.validate(value, schema)\n"
      "value[\"shapes\"][0][\"more\"] = 1\n"
      "print(len(list(jsonschema.Draft202012Validator(schema).iter_errors(value))))' " +
      file + " 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  char answer[4096] = {};
  const std::size_t length = std::fread(answer, 1, sizeof answer - 1, pipe);
  ::pclose(pipe);
  const std::string said_by_schema(answer, length);
  if (said_by_schema == "none\n") GTEST_SKIP() << "needs python3-jsonschema";
  EXPECT_EQ(said_by_schema, "1\n");
}

TEST_F(compare, keeps_the_runs_where_it_is_told_to_and_nowhere_else) {
  EXPECT_EQ(computing({"--runs", folder_.path("runs")}).code, 0);
  std::size_t runs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path("runs"))) {
    ++runs;
    EXPECT_TRUE(std::filesystem::exists(entry.path() / "receipt.json"));
  }
  EXPECT_EQ(runs, 6U);
  const auto left = [] {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::temp_directory_path()))
      count += entry.path().filename().string().starts_with("lakh-compare-") ? 1 : 0;
    return count;
  };
  const std::size_t before = left();
  EXPECT_EQ(computing({}).code, 0);
  EXPECT_LE(left(), before);
}

TEST_F(compare, does_without_ledgers_and_says_so) {
  const said got = computing({"--no-ledger"});
  EXPECT_EQ(got.code, 0) << got.err;
  EXPECT_THAT(got.out, HasSubstr("note: without ledgers"));
  EXPECT_THAT(read_file(page_), Not(HasSubstr("id=\"percentiles\"")));
}

TEST_F(compare, takes_a_plan_and_its_feed_and_gives_every_run_an_id_of_its_own) {
  fake_server server([](const std::string&) { return answer("201 Created", "{}"); });
  folder_.write("names.csv", "name\nAda\nGrace\n");
  const std::string plan =
      folder_.write("plan.yaml", "name: people\nitems: 6\nusers: 3\ntarget: " + server.url() +
                                     "\nfeeds: {people: {csv: names.csv, order: cycle}}\nkey: auto\n"
                                     "http: {method: POST, url: '{{target}}/', body: '{{people.name}} {{run}}'}\n");
  const said got = ask({plan, "--shapes", "auto,coroutines:2", "--rounds", "2", "--json"});
  EXPECT_EQ(got.code, 0) << got.err;
  const auto value = boost::json::parse(got.out);
  EXPECT_EQ(value.at("title").as_string(), "people");
  EXPECT_EQ(value.at("shapes").at(0).at("lanes").as_int64() >= 3, true);
  const auto requests = server.requests();
  EXPECT_EQ(requests.size(), 24U);
  std::set<std::string> bodies;
  for (const std::string& request : requests) bodies.insert(body_of(request));
  EXPECT_EQ(bodies.size(), 8U);  // two names in each of four runs
}

TEST_F(compare, does_the_plans_of_the_guide) {
  const std::string plans = LAKH_SOURCE_DIR "/examples/plans/";
  const said computed = ask({plans + "cpu-bound.yaml", "-n", "3", "--shapes", "serial,processes:2", "--rounds", "1"});
  EXPECT_EQ(computed.code, 0) << computed.err;
  EXPECT_THAT(computed.out, HasSubstr("processes:2"));
  fake_server server([](const std::string&) { return answer("201 Created", "{}"); });
  const said asked =
      ask({plans + "io-bound.yaml", "-n", "3", "--shapes", "coroutines:2", "--rounds", "1", "--target", server.url()});
  EXPECT_EQ(asked.code, 0) << asked.err;
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST_F(compare, a_run_that_is_not_whole_is_told_and_never_averaged) {
  std::atomic<int> count = 0;
  fake_server server([&](const std::string&) {
    return ++count == 3 ? answer("422 Unprocessable Content", R"({"detail":"no such thing"})")
                        : answer("201 Created", "{}");
  });
  surroundings wide;
  wide.width = 160;
  const said got = ask(
      {"-n", "4", "--shapes", "serial,coroutines:2", "--rounds", "2", "http", "POST", server.url(), "-d", "x"}, wide);
  EXPECT_EQ(got.code, 1);
  EXPECT_THAT(got.out, HasSubstr("serial, round 1"));
  EXPECT_THAT(got.out, HasSubstr("does not count: of 4 items 1 failed"));
  EXPECT_THAT(got.out, HasSubstr("no such thing"));
  EXPECT_THAT(got.out, HasSubstr("1 of 2"));
  const std::size_t kept = got.err.find("lakh runs --runs ");
  ASSERT_NE(kept, std::string::npos) << got.err;
  const std::string folder = got.err.substr(kept + 17, got.err.find('\n', kept) - kept - 17);
  EXPECT_TRUE(std::filesystem::exists(folder));
  std::size_t runs = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++runs;
  EXPECT_EQ(runs, 1U) << "only the run that does not count";
  std::filesystem::remove_all(std::filesystem::path(folder).parent_path());
}

TEST_F(compare, stops_at_once_where_the_target_cannot_be_reached) {
  const said got = ask({"-n", "4", "--shapes", "serial", "http", dead_address()});
  EXPECT_EQ(got.code, 3);
  EXPECT_THAT(got.err, HasSubstr("refused"));
  EXPECT_FALSE(std::filesystem::exists(page_));
}

TEST_F(compare, says_what_is_wrong_before_anything_is_run) {
  fake_server server([](const std::string&) { return answer("200 OK", ""); });
  for (const auto& [words, complaint] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{}, "needs a plan or an action"},
           {{"-n", "4", "--shapes", "serial,thread:2", "http", server.url()}, "'thread:2' is no shape"},
           {{"-n", "4", "--shapes", "serial,", "http", server.url()}, "is no shape"},
           {{"-n", "4", "--shapes", "serial,1x1x1", "http", server.url()}, "names serial twice"},
           {{"-n", "4", "--rounds", "0", "http", server.url()}, "--rounds"},
           {{"-n", "4", "--shapes",
             "threads:1,threads:2,threads:3,threads:4,threads:5,threads:6,threads:7,threads:8,auto", "http",
             server.url()},
            "at most 8"},
           {{"-d", "1s", "--slow-items", "3", "http", server.url()}, "--slow-items needs"},
           {{"-n", "4", "http", server.url(), "-d", "{{nothing}}"}, "nothing"},
           {{"-n", "4", "--resume", "last", "http", server.url()}, "--resume"},
           {{folder_.path("none.yaml")}, "none.yaml"}}) {
    const said got = ask(words);
    EXPECT_EQ(got.code, 2) << complaint;
    EXPECT_THAT(got.err, HasSubstr(complaint));
  }
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(compare, stopped_by_a_person_it_shows_what_it_has) {
  std::atomic<int> count = 0;
  fake_server server([&](const std::string&) {
    // In the second run: the first has ended by then.
    if (++count == 6) ::kill(::getpid(), SIGTERM);
    return answer("201 Created", "{}");
  });
  const said stopped = ask({"-n", "4", "--shapes", "coroutines:2,serial", "--rounds", "9", "http", server.url()});
  EXPECT_EQ(stopped.code, 143) << stopped.err;
  EXPECT_THAT(stopped.out, HasSubstr("stopped before its last round"));
  EXPECT_THAT(stopped.out, HasSubstr("coroutines:2"));
  EXPECT_LT(server.requests().size(), 13U);
  EXPECT_TRUE(std::filesystem::exists(page_));
}

// What the kernel says of a child counts what its parent had held before.
TEST_F(compare, does_not_count_its_own_memory_for_the_runs) {
  {
    const std::vector<char> held(std::size_t{500} << 20U, 'x');
  }
  const said got =
      ask({"-n", "4", "--shapes", "serial,processes:2", "--rounds", "1", "--json", "compute", "sha256", "x"});
  EXPECT_EQ(got.code, 0) << got.err;
  for (const auto& shape : boost::json::parse(got.out).at("shapes").as_array()) {
    EXPECT_LT(shape.at("figures").at("peak_bytes").at("median").to_number<double>(), 4e8);
    EXPECT_GT(shape.at("figures").at("peak_bytes").at("median").to_number<double>(), 1e6);
  }
}

// A terminal signals all who stand in front of it. For a run a second signal means that its answers are not awaited.
TEST_F(compare, one_signal_from_a_terminal_is_one_for_the_run) {
  std::atomic<pid_t> group = 0;
  std::atomic<int> count = 0;
  fake_server server([&](const std::string&) {
    if (++count == 2) {
      ::kill(-group, SIGINT);
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
    return answer("201 Created", "{}");
  });
  const std::string result = folder_.path("result.json");
  lakh::process asked =
      lakh::process::start(lakh::program("/bin/sh")
                               .arg("-c")
                               // Not before its group is known.
                               .arg("while [ ! -e " + folder_.path("begin") +
                                    " ]; do sleep 0.01; done; exec " LAKH_PROGRAM
                                    " compare -q --no-html --json -n 40 --shapes serial --rounds 2 http POST " +
                                    server.url() + " -d x -e 201 > " + result)
                               .own_session());
  group = asked.id();
  folder_.write("begin", "");
  EXPECT_EQ(asked.wait().code(), 130);
  const auto value = boost::json::parse(read_file(result));
  const auto& balance = value.at("shapes").at(0).at("runs").at(0).at("balance");
  EXPECT_EQ(balance.at("unknown").as_int64(), 0);
  EXPECT_EQ(balance.at("doubtful").as_int64(), 0);
  EXPECT_EQ(balance.at("confirmed").as_int64(), 2);
}

TEST_F(compare, fits_a_narrow_terminal_and_stands_in_one_table_on_a_wide_one) {
  surroundings narrow;
  narrow.width = 80;
  const said small = computing({}, narrow);
  std::istringstream lines(small.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(lakh::cli::display_width(line), 80U) << line;
  surroundings wide;
  wide.width = 160;
  const said large = computing({}, wide);
  std::size_t heads = 0;
  for (std::size_t at = large.out.find("\n  shape"); at != std::string::npos; at = large.out.find("\n  shape", at + 1))
    ++heads;
  EXPECT_EQ(heads, 1U);
}

TEST(compare_help, tells_of_shapes_runs_and_ledgers) {
  surroundings wide;
  wide.width = 200;
  const said got = say({"compare", "--help"}, wide);
  EXPECT_EQ(got.code, 0);
  for (const char* part : {"--shapes", "--rounds", "--slow-items", "--html", "--runs", "tmpfs",
                           "Runs keep their ledgers", "Behind the word 'compute'", "Behind the word 'http'"})
    EXPECT_THAT(got.out, HasSubstr(part));
  EXPECT_THAT(say({"--help"}).out, HasSubstr("compare"));
  EXPECT_THAT(say({"compute", "--help"}).out, HasSubstr("--rounds"));
}

}  // namespace
