// `lakh verify`: what it says of runs that `lakh load` made, and of those that somebody changed.
#include "fake_server.hpp"
#include "harness.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace {

using namespace lakh::cli::test;
using testing::HasSubstr;
using testing::Not;

class verify : public testing::Test {
 protected:
  verify()
      : server_([](const std::string& request) {
          return body_of(request) == "3" ? answer("422 Unprocessable Content", "{}") : answer("201 Created", "{}");
        }) {}

  said load(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{"load", "--runs", folder_.path("runs"), "-q", "--name", "orders"};
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"-n", "10", "http", server_.url(), "-d", "{{item}}"});
    return say(std::move(words));
  }
  said ask(std::vector<std::string> words = {"last"}, const surroundings& around = {}) {
    words.insert(words.begin(), "verify");
    words.insert(words.end(), {"--runs", folder_.path("runs")});
    return say(std::move(words), around);
  }
  std::string file(const std::string& name) {
    for (const auto& run : std::filesystem::directory_iterator(folder_.path("runs")))
      return (run.path() / name).string();
    return {};
  }
  static void change(const std::string& path, const std::string& from, const std::string& to) {
    std::string bytes = read_file(path);
    const std::size_t at = bytes.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    bytes.replace(at, from.size(), to);
    std::ofstream(path, std::ios::binary) << bytes;
  }

  scratch_folder folder_;
  fake_server server_;
};

TEST_F(verify, a_run_as_it_was_written_holds) {
  ASSERT_EQ(load().code, 1);
  const said got = ask();
  EXPECT_EQ(got.code, 0) << got.out << "failed items are no fault of the records";
  for (const char* part : {": orders\n", "ok     plan.yaml", "ok     ledger-0.db", "ok     balance",
                           "10 requested = 9 confirmed + 1 failed + 0 unknown", "ok     receipt.json",
                           "the receipt is not signed", "Everything that was recorded holds."})
    EXPECT_THAT(got.out, HasSubstr(part));
  EXPECT_EQ(got.err, "");
  EXPECT_EQ(ask({"last", "-q"}).out, "");
}

TEST_F(verify, what_was_changed_is_named) {
  static_cast<void>(load());
  const auto after = [&](const std::string& name, const std::string& from, const std::string& to) {
    const std::string before = read_file(file(name));
    change(file(name), from, to);
    const said got = ask({"last", "-q"});
    std::ofstream(file(name), std::ios::binary) << before;
    EXPECT_EQ(got.code, 7) << name;
    EXPECT_THAT(got.out, HasSubstr("NOT as it should be"));
    return got.out;
  };
  EXPECT_THAT(after("ledger-0.db", "\"failed\"", "\"failee\""), HasSubstr("WRONG  ledger-0.db"));
  EXPECT_THAT(after("receipt.json", "\"failed\":1", "\"failed\":0"), HasSubstr("WRONG  receipt.json"));
  EXPECT_THAT(after("plan.yaml", "orders", "0rders"), HasSubstr("WRONG  plan.yaml"));
  EXPECT_THAT(after("run.json", "\"failed\":1", "\"failed\":0"), HasSubstr("WRONG  run.json"));
  EXPECT_THAT(after("run.json", "{", "["), HasSubstr("WRONG  run.json"));
}

TEST_F(verify, a_run_without_a_receipt_is_checked_as_far_as_it_goes) {
  static_cast<void>(load());
  std::filesystem::remove(file("receipt.json"));
  const said got = ask();
  EXPECT_EQ(got.code, 1);
  EXPECT_THAT(got.out, HasSubstr("open   receipt.json"));
  EXPECT_THAT(got.out, HasSubstr("Nothing is wrong, but not everything could be checked."));
}

TEST_F(verify, answers_a_program_in_json) {
  static_cast<void>(load());
  const auto value = boost::json::parse(ask({"last", "--json"}).out);
  EXPECT_EQ(value.at("verdict").as_string(), "ok");
  EXPECT_EQ(value.at("alive").as_bool(), false);
  EXPECT_EQ(value.at("balance").at("confirmed").as_int64(), 9);
  EXPECT_EQ(value.at("receipt_digest").as_string().size(), 64U);
  EXPECT_TRUE(value.at("signed_by").is_null());
  EXPECT_EQ(value.at("checks").at(0).at("subject").as_string(), "plan.yaml");
  EXPECT_EQ(value.at("checks").at(0).at("result").as_string(), "ok");
}

TEST_F(verify, demands_the_signature_that_is_wanted) {
  const std::string key = folder_.path("key.pem");
  const std::string open = folder_.path("public.pem");
  const std::string make = "openssl genpkey -algorithm ed25519 -out " + key + " 2>/dev/null && openssl pkey -in " +
                           key + " -pubout -out " + open;
  if (std::system(make.c_str()) != 0) GTEST_SKIP() << "there is no openssl here";
  ASSERT_EQ(load({"--sign", key}).code, 1);
  const said got = ask({"last", "--key", open});
  EXPECT_EQ(got.code, 0) << got.out;
  EXPECT_THAT(got.out, HasSubstr("ok     signature"));
  ASSERT_EQ(std::system(make.c_str()), 0);  // somebody else's
  EXPECT_EQ(ask({"last", "--key", open}).code, 7);
  EXPECT_EQ(ask({"last"}).code, 0);
  change(file("receipt.json"), R"("signature":")", R"("signature":"A)");
  EXPECT_EQ(ask({"last"}).code, 7);
}

TEST_F(verify, a_key_that_cannot_sign_stops_a_run_before_anything_is_sent) {
  const said missing = load({"--sign", folder_.path("nothing.pem")});
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, HasSubstr("openssl genpkey"));
  EXPECT_EQ(load({"--sign", folder_.write("text.pem", "hello")}).code, 2);
  EXPECT_EQ(load({"--sign", folder_.path("nothing.pem"), "--no-ledger"}).code, 2);
  EXPECT_FALSE(std::filesystem::exists(folder_.path("runs")));
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(verify, a_target_that_cannot_be_asked_is_told) {
  static_cast<void>(load());
  const said got = ask({"last", "--target"});
  EXPECT_EQ(got.code, 5);
  EXPECT_THAT(got.out, HasSubstr("WRONG  target"));
  EXPECT_THAT(got.out, HasSubstr("ok     receipt.json"));
}

TEST_F(verify, runs_that_are_not_there_and_words_that_are_missing_are_told) {
  EXPECT_EQ(ask({}).code, 2);
  EXPECT_EQ(ask({"last"}).code, 2);
  static_cast<void>(load());
  EXPECT_EQ(ask({"nope"}).code, 2);
  EXPECT_EQ(ask({"last", "--key", folder_.path("nothing.pem")}).code, 2);
}

}  // namespace
