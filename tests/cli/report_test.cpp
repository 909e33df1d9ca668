// `lakh report`, and what `lakh load` leaves behind: the page, the judgement over limits, files for CI, live metrics.
#include "fake_server.hpp"
#include "harness.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace lakh::cli::test;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Debian's own Python, for which Debian's packages are; what a program says there, or nothing where it could not run.
std::string python(const std::string& program, const std::string& argument) {
  const std::string command = "/usr/bin/python3 -c '" + program + "' '" + argument + "' 2>&1";
  std::string out;
  if (FILE* pipe = ::popen(command.c_str(), "r"); pipe != nullptr) {
    char part[4096];
    while (const std::size_t got = std::fread(part, 1, sizeof part, pipe)) out.append(part, got);
    ::pclose(pipe);
  }
  return out;
}

bool python_has(const std::string& module) {
  return python("import " + module + "; print(\"here\")", "") == "here\n";
}

// What comes for GET /metrics, head and all; empty where nobody listens.
std::string scrape(const std::string& address) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':') + 1))));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
    const std::string request = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    (void)!::write(fd, request.data(), request.size());
    char part[4096];
    for (ssize_t got = 0; (got = ::read(fd, part, sizeof part)) > 0;)
      answer.append(part, static_cast<std::size_t>(got));
  }
  ::close(fd);
  return answer;
}

class report : public testing::Test {
 protected:
  report()
      : server_([](const std::string& request) {
          const std::string body = body_of(request);
          if (body == "3") return answer("422 Unprocessable Content", R"({"detail":"<script>alert(3)</script>"})");
          return body == "4" ? std::string() : answer("201 Created", "{}");
        }) {}

  said load(std::vector<std::string> more = {}, const std::string& items = "10") {
    std::vector<std::string> words = {"load", "--runs", folder_.path("runs"), "-n", items};
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"http", server_.url(), "-d", "{{item}}"});
    return say(std::move(words));
  }
  said ask(std::vector<std::string> words, const surroundings& around = {}) {
    words.insert(words.begin(), "report");
    words.insert(words.end(), {"--runs", folder_.path("runs")});
    return say(std::move(words), around);
  }
  // The folder of the only run.
  std::filesystem::path run() const { return std::filesystem::directory_iterator(folder_.path("runs"))->path(); }

  scratch_folder folder_;
  fake_server server_;
};

TEST_F(report, is_written_at_the_end_of_a_run) {
  const said got = load({"--name", "<i>first</i>"});
  EXPECT_EQ(got.code, 1);
  EXPECT_THAT(got.out, HasSubstr("report         " + (run() / "report.html").string()));
  const std::string page = read_file(run() / "report.html");
  EXPECT_THAT(page, StartsWith("<!doctype html>"));
  for (const char* part : {"&lt;i&gt;first&lt;/i&gt;", "</span> of 10 items are confirmed", "item 3", "item 4", "422"})
    EXPECT_THAT(page, HasSubstr(part));
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, Not(HasSubstr("<i>first")));
}

TEST_F(report, is_not_written_where_nobody_wants_it) {
  EXPECT_THAT(load({"--no-report"}).out, Not(HasSubstr("report  ")));
  EXPECT_FALSE(std::filesystem::exists(run() / "report.html"));
  EXPECT_THAT(load({"--no-ledger"}).out, Not(HasSubstr("report  ")));
}

TEST_F(report, a_page_that_cannot_be_written_does_not_spoil_the_run) {
  ASSERT_EQ(load({"--no-report"}, "2").code, 0);
  std::filesystem::create_directories(run() / "report.html/in-the-way");
  const said got = ask({"last"});
  EXPECT_EQ(got.code, 4);
  EXPECT_THAT(got.err, HasSubstr("report.html: cannot write it"));
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(run()))
    files += entry.path().string().find(".part-") != std::string::npos ? 1 : 0;
  EXPECT_EQ(files, 0U);
}

TEST_F(report, limits_that_hold_change_nothing) {
  const said got = load({"--limit", "p99<1h", "--limit", "failed<=1"});
  EXPECT_EQ(got.code, 1);
  EXPECT_THAT(got.out, HasSubstr("limits         p99<1h     holds"));
  EXPECT_THAT(got.out, HasSubstr("failed<=1  holds   1\n"));
}

TEST_F(report, a_broken_limit_is_exit_code_6) {
  const said got =
      load({"--limit", "failed=0", "--limit", "send.p99<1h", "--junit", folder_.path("limits.xml"), "--json"});
  EXPECT_EQ(got.code, 6);
  const auto value = boost::json::parse(got.out);
  EXPECT_EQ(value.at("exit_code").as_int64(), 6);
  EXPECT_EQ(value.at("limits").at(0).at("limit").as_string(), "failed=0");
  EXPECT_FALSE(value.at("limits").at(0).at("holds").as_bool());
  EXPECT_TRUE(value.at("limits").at(1).at("holds").as_bool());
  const std::string xml = read_file(folder_.path("limits.xml"));
  EXPECT_THAT(xml, HasSubstr("<testsuites name=\"lakh\" tests=\"3\" failures=\"1\""));
  EXPECT_THAT(xml, HasSubstr("name=\"failed=0\""));
  EXPECT_THAT(read_file(run() / "report.html"), HasSubstr("✗ broken"));
}

TEST_F(report, limits_are_judged_without_a_ledger_too) {
  EXPECT_EQ(load({"--no-ledger", "--limit", "failed=0"}).code, 6);
  EXPECT_EQ(load({"--no-ledger", "--limit", "failed=1", "--junit", folder_.path("j.xml")}).code, 1);
  EXPECT_THAT(read_file(folder_.path("j.xml")), HasSubstr("name=\"failed=1\" time=\"0\"/>"));
}

TEST_F(report, limits_stand_in_plans_and_are_kept_with_the_run) {
  const std::string plan =
      folder_.write("plan.yaml", "items: 10\nlimits: {assert: ['failed=0', 'p99<1h']}\nhttp: {url: '" + server_.url() +
                                     "', body: '{{item}}'}\n");
  EXPECT_EQ(say({"load", plan, "--runs", folder_.path("runs")}).code, 6);
  EXPECT_EQ(ask({"last"}).code, 6);
  EXPECT_EQ(ask({"last", "--limit", "failed<5"}).code, 0);
  folder_.write("plan.yaml", "items: 10\nlimits: {assert: ['p99>fast']}\nhttp: {url: '" + server_.url() + "'}\n");
  const said wrong = say({"load", plan, "--runs", folder_.path("runs")});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("plan.yaml:2:"));
}

TEST_F(report, a_limit_that_is_not_understood_stops_before_anything_is_sent) {
  const said got = load({"--limit", "p99<250"});
  EXPECT_EQ(got.code, 2);
  EXPECT_THAT(got.err, HasSubstr("'250' is not a time"));
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(report, comes_in_the_format_that_is_asked_for) {
  ASSERT_EQ(load().code, 1);
  EXPECT_EQ(boost::json::parse(ask({"--format", "json"}).out).at("runs").at(0).at("balance").at("confirmed").as_int64(),
            8);
  EXPECT_THAT(ask({"--format", "csv"}).out, StartsWith("run,title,at_seconds,"));
  EXPECT_THAT(ask({"--format", "hdr"}).out, HasSubstr("Tag=from_start,"));
  EXPECT_THAT(ask({"--format", "junit"}).out, StartsWith("<?xml "));
  EXPECT_THAT(ask({"-o", "-"}).out, StartsWith("<!doctype html>"));
  for (const auto& [name, begins] :
       {std::pair("r.json", "{\"format\":1"), std::pair("r.csv", "run,"), std::pair("r.xml", "<?xml"),
        std::pair("r.hlog", "#["), std::pair("r.html", "<!doctype")}) {
    EXPECT_EQ(ask({"-o", folder_.path(name)}).code, 0);
    EXPECT_THAT(read_file(folder_.path(name)), StartsWith(begins));
  }
}

TEST_F(report, lays_runs_side_by_side) {
  ASSERT_EQ(load({"--name", "before"}).code, 1);
  ASSERT_EQ(load({"--name", "after"}, "3").code, 0);
  const auto runs = boost::json::parse(say({"runs", "--json", "--runs", folder_.path("runs")}).out);
  const std::string first(runs.at(1).at("run").as_string());
  const said got = ask({first, "last", "-o", folder_.path("both.html")});
  EXPECT_EQ(got.code, 0) << got.err;
  const std::string page = read_file(folder_.path("both.html"));
  for (const char* part : {"2 runs side by side", "before", "after"}) EXPECT_THAT(page, HasSubstr(part));
  EXPECT_EQ(ask({"last", "last", "last", "last", "last", "last", "last", "last", "last"}).code, 2);
  EXPECT_EQ(ask({"nothing-like-it"}).code, 2);
}

TEST_F(report, keeps_to_its_schema) {
  if (!python_has("jsonschema")) GTEST_SKIP() << "needs python3-jsonschema";
  ASSERT_EQ(load({"--limit", "p99<1h"}).code, 1);
  ASSERT_EQ(load({}, "3").code, 0);
  ASSERT_EQ(ask({"last", "last", "-o", folder_.path("report.json")}).code, 0);
  EXPECT_EQ(python("import json, jsonschema, sys\n"
                   "schema = json.load(open(\"" LAKH_SOURCE_DIR "/docs/schema/report.schema.json\"))\n"
                   "jsonschema.Draft202012Validator.check_schema(schema)\n"
                   "report = json.load(open(sys.argv[1]))\n"
                   "jsonschema.validate(report, schema)\n"
                   "report[\"runs\"][0][\"more\"] = 1\n"
                   "print(len(list(jsonschema.Draft202012Validator(schema).iter_errors(report))))",
                   folder_.path("report.json")),
            "1\n");
}

TEST_F(report, of_a_run_under_way_is_served_to_prometheus) {
  const std::string at = dead_address();
  std::string seen;
  std::atomic<bool> asked = false;
  fake_server slow([&](const std::string& request) {
    if (body_of(request) == "40" && !asked.exchange(true)) {
      // The figures are renewed twice a second.
      for (int i = 0; i < 200 && seen.find("outcome=\"confirmed\"} 4") == std::string::npos; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        seen = scrape(at);
      }
    }
    return answer("201 Created", "{}");
  });
  const said got = say({"load", "--runs", folder_.path("runs"), "-n", "60", "-u", "1", "--metrics", at, "--name",
                        "a \"b\"", "http", slow.url(), "-d", "{{item}}"});
  EXPECT_EQ(got.code, 0) << got.err;
  EXPECT_THAT(seen, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(seen, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  for (const char* line :
       {"lakh_items_total{outcome=\"confirmed\"} 40\n", "lakh_items_requested 60\n", "lakh_items_in_flight 1\n",
        "title=\"a \\\"b\\\"\"", "lakh_latency_seconds_count 40\n", "lakh_answers_total{status=\"201\"} 40\n"})
    EXPECT_THAT(seen, HasSubstr(line));
  EXPECT_EQ(scrape(at), "");  // it ended with the run
  if (!python_has("prometheus_client")) GTEST_SKIP() << "needs python3-prometheus-client";
  const std::string file = folder_.write("metrics.txt", seen.substr(seen.find("\r\n\r\n") + 4));
  EXPECT_EQ(
      python("import sys\n"
             "from prometheus_client.parser import text_string_to_metric_families as parse\n"
             "kinds = {m.name: m.type for m in parse(open(sys.argv[1]).read())}\n"
             "print(len(kinds), kinds[\"lakh_items\"], kinds[\"lakh_latency_seconds\"], kinds[\"lakh_run_info\"])",
             file),
      "11 counter histogram gauge\n");
}

TEST_F(report, an_address_for_metrics_that_is_taken_stops_before_anything_is_sent) {
  const said got = load({"--metrics", server_.address()});
  EXPECT_NE(got.code, 0);
  EXPECT_THAT(got.err, HasSubstr(server_.address()));
  EXPECT_TRUE(server_.requests().empty());
  EXPECT_EQ(load({"--metrics", "nowhere"}).code, 2);
}

}  // namespace
