#include <lakh/core/clock.hpp>
#include <lakh/core/error.hpp>
#include <lakh/load/run_folder.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>

#include <unistd.h>

namespace lakh::load {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class run_folders : public ::testing::Test {
 protected:
  run_folders() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lakh_runs_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    base_ = pattern;
  }
  ~run_folders() override { std::filesystem::remove_all(base_); }

  [[nodiscard]] std::filesystem::path root() const { return base_ / "deep" / "runs"; }

  static run_info described(std::string id = {}) {
    run_info info;
    info.run_id = std::move(id);
    info.title = "orders \"of\" 李雷";
    info.target = "http://127.0.0.1:8080";
    info.requested = 100000;
    info.seed = 18446744073709551615ULL;
    info.plan_digest = "00ff";
    info.lakh_version = "0.1.0";
    info.command_line = {"lakh", "load", "-n", "100000"};
    return info;
  }

  std::filesystem::path base_;
};

template <typename Error, typename Callable> Error error_of(Callable&& call) {
  try {
    call();
  } catch (const Error& caught) {
    return caught;
  }
  throw std::logic_error("the expected error was not thrown");
}

TEST_F(run_folders, what_was_written_is_read_back) {
  std::filesystem::path folder;
  {
    run_folder run = run_folder::create(root(), described(), "items: 5\n");
    folder = run.path();
    EXPECT_TRUE(is_run_id(run.info().run_id));
    run_info info = run.info();
    info.state = run_state::stopped;
    info.ended_at = "2026-11-21T23:59:01.000Z";
    info.seconds = 1.5;
    info.sessions = 2;
    info.message = "Ctrl-C";
    info.result.emplace();
    info.result->requested = 100000;
    info.result->confirmed = 99999;
    info.result->unclaimed = 1;
    run.update(info);
  }
  const run_info read = run_folder::open(folder).info();
  const run_info wrote = described();
  EXPECT_EQ(read.run_id, folder.filename().string());
  EXPECT_EQ(read.title, wrote.title);
  EXPECT_EQ(read.target, wrote.target);
  EXPECT_EQ(read.requested, wrote.requested);
  EXPECT_EQ(read.seed, wrote.seed);
  EXPECT_EQ(read.plan_digest, wrote.plan_digest);
  EXPECT_EQ(read.lakh_version, wrote.lakh_version);
  EXPECT_EQ(read.command_line, wrote.command_line);
  EXPECT_EQ(read.state, run_state::stopped);
  EXPECT_EQ(read.seconds, 1.5);
  EXPECT_EQ(read.sessions, 2U);
  EXPECT_EQ(read.message, "Ctrl-C");
  EXPECT_EQ(read.result->confirmed, 99999U);
  EXPECT_TRUE(read.result->holds());
  EXPECT_EQ(run_folder::read_plan(folder), "items: 5\n");
}

TEST_F(run_folders, the_last_run_is_one_that_had_begun) {
  const auto made = run_folder::create(root(), described("20261121-100000-aaaaaa"), "plan").path();
  std::filesystem::create_directory(root() / "20261121-110000-bbbbbb");  // its loader was killed at once
  EXPECT_EQ(run_folder::find(root(), "last"), made);
}

TEST_F(run_folders, a_name_that_is_not_utf8_does_not_make_the_run_unreadable) {
  run_info info = described();
  info.title = "caf\xff";
  info.command_line = {"lakh", "load", "--name", "caf\xff"};
  const run_folder folder = run_folder::create(root(), info, "plan");
  const run_info read = run_folder::read_info(folder.path());
  EXPECT_EQ(read.title, "caf\xef\xbf\xbd");
  EXPECT_EQ(read.command_line.back(), "caf\xef\xbf\xbd");
}

TEST_F(run_folders, a_second_loader_on_the_same_run_is_refused) {
  std::optional<run_folder> run = run_folder::create(root(), described(), "");
  const auto folder = run->path();
  const auto caught = error_of<storage_error>([&] { (void)run_folder::open(folder); });
  EXPECT_THAT(caught.what(), HasSubstr("another lakh is loading this run (process " + std::to_string(::getpid())));
  EXPECT_THAT(caught.hint(), HasSubstr("twice"));
  run.reset();
  EXPECT_NO_THROW((void)run_folder::open(folder));
}

TEST_F(run_folders, runs_are_listed_newest_first_and_tell_who_is_alive) {
  const auto old = run_folder::create(root(), described("20260101-000000-aaaaaa"), "");
  {
    (void)run_folder::create(root(), described("20260102-000000-bbbbbb"), "");
  }
  std::filesystem::create_directories(root() / "20260103-000000-cccccc");
  std::ofstream(root() / "20260103-000000-cccccc" / "run.json") << "{\"run_id\": 7}";
  std::ofstream(root() / "notes.txt") << "not a run";
  const auto runs = run_folder::list(root());
  ASSERT_EQ(runs.size(), 3U);
  EXPECT_EQ(runs[0].info.run_id, "20260103-000000-cccccc");
  EXPECT_THAT(runs[0].problem, HasSubstr("run.json: not what lakh writes"));
  EXPECT_FALSE(runs[1].alive);
  EXPECT_EQ(runs[1].problem, "");
  EXPECT_TRUE(runs[2].alive);
  EXPECT_TRUE(run_folder::list(base_ / "none").empty());
}

TEST_F(run_folders, of_two_runs_of_one_second_the_later_is_the_newer) {
  for (const auto& [id, began] : {std::pair("20260101-000000-zzzzzz", "2026-01-01T00:00:00.100Z"),
                                  std::pair("20260101-000000-aaaaaa", "2026-01-01T00:00:00.900Z")}) {
    run_info info = described(id);
    info.started_at = began;
    (void)run_folder::create(root(), info, "");
  }
  EXPECT_EQ(run_folder::list(root()).front().info.run_id, "20260101-000000-aaaaaa");
  EXPECT_EQ(run_folder::find(root(), "last").filename(), "20260101-000000-aaaaaa");
}

TEST_F(run_folders, a_person_need_not_type_the_whole_id) {
  (void)run_folder::create(root(), described("20260101-000000-aaaaaa"), "");
  (void)run_folder::create(root(), described("20260102-000000-bbbbbb"), "");
  EXPECT_EQ(run_folder::find(root(), "last").filename(), "20260102-000000-bbbbbb");
  EXPECT_EQ(run_folder::find(root(), "20260101").filename(), "20260101-000000-aaaaaa");
  EXPECT_EQ(run_folder::find(root(), "bbbb").filename(), "20260102-000000-bbbbbb");
  EXPECT_EQ(run_folder::find(root(), (root() / "20260101-000000-aaaaaa").string()).filename(),
            "20260101-000000-aaaaaa");
  EXPECT_THAT(error_of<input_error>([&] { (void)run_folder::find(root(), "2026"); }).what(),
              HasSubstr("could be 2 of the runs"));
  EXPECT_THAT(error_of<input_error>([&] { (void)run_folder::find(root(), "zzz"); }).hint(),
              HasSubstr("20260102-000000-bbbbbb"));
  EXPECT_THAT(error_of<input_error>([&] { (void)run_folder::find(root(), ""); }).what(), HasSubstr("no run"));
  EXPECT_THAT(error_of<input_error>([&] { (void)run_folder::find(root(), "../x"); }).what(),
              HasSubstr("no run in this folder"));
}

TEST_F(run_folders, an_existing_run_is_not_overwritten) {
  (void)run_folder::create(root(), described("20260101-000000-aaaaaa"), "first");
  EXPECT_THAT(error_of<storage_error>([&] {
                (void)run_folder::create(root(), described("20260101-000000-aaaaaa"), "");
              }).what(),
              HasSubstr("exists already"));
  EXPECT_EQ(run_folder::read_plan(root() / "20260101-000000-aaaaaa"), "first");
}

TEST_F(run_folders, writers_of_a_resume_get_new_numbers) {
  const auto run = run_folder::create(root(), described(), "");
  EXPECT_EQ(run.next_writer(), 0U);
  std::ofstream(run.path() / "ledger-0.db") << "";
  std::ofstream(run.path() / "ledger-7.db") << "";
  std::ofstream(run.path() / "ledger-7.db-wal") << "";
  std::ofstream(run.path() / "ledger-007.db") << "";
  std::ofstream(run.path() / "ledger-x.db") << "";
  EXPECT_EQ(run.next_writer(), 8U);
}

TEST_F(run_folders, a_folder_that_cannot_be_made_says_so) {
  std::ofstream(base_ / "file") << "x";
  const auto caught =
      error_of<storage_error>([&] { (void)run_folder::create(base_ / "file" / "runs", described(), ""); });
  EXPECT_THAT(caught.what(), HasSubstr("cannot make the folder"));
}

TEST(without_secrets, only_secrets_are_hidden) {
  const std::vector<std::string> words{"lakh",
                                       "load",
                                       "-n",
                                       "5",
                                       "http",
                                       "POST",
                                       "https://ada:pa55@shop.example/orders?page=2&access_token=t0k&x=1#top",
                                       "--header",
                                       "Authorization: Bearer b3ar",
                                       "-H",
                                       "Idempotency-Key: {{run}}-{{item}}",
                                       "--token",
                                       "t0k",
                                       "--password=pa55",
                                       "-u",
                                       "ada:pa55",
                                       "-u",
                                       "64",
                                       "--users",
                                       "64",
                                       "--json",
                                       R"({"name":"x","password":"pa55"})",
                                       "--form",
                                       "name=x&passwd=pa55",
                                       "Cookie: a=b",
                                       "--user",
                                       "ada"};
  EXPECT_THAT(
      without_secrets(words),
      ElementsAre("lakh", "load", "-n", "5", "http", "POST",
                  "https://***@shop.example/orders?page=2&access_token=***&x=1#top", "--header", "Authorization: ***",
                  "-H", "Idempotency-Key: {{run}}-{{item}}", "--token", "***", "--password=***", "-u", "***", "-u",
                  "64", "--users", "64", "--json", R"({"name":"x","password":***)", "--form", "name=x&passwd=***",
                  "Cookie: ***", "--user", "***"));
}

}  // namespace
}  // namespace lakh::load
