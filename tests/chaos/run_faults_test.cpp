// A whole `lakh load` on a disk that fails under it: it ends with the documented exit code and says why, and nothing
// was sent that the ledger does not know; once the disk is mended it goes on.
#include "../cli/fake_server.hpp"
#include "../cli/harness.hpp"
#include "power_cuts.hpp"

#include <lakh/load/ledger_reader.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <set>
#include <string>
#include <vector>

namespace lakh::chaos {
namespace {

using cli::test::answer;
using cli::test::body_of;
using cli::test::fake_server;
using cli::test::said;
using ::testing::AnyOf;
using ::testing::HasSubstr;

struct fault {
  const char* what;
  change_kind kind;
  int code;
};
constexpr fault faults[] = {{"the disk is full", change_kind::write, SQLITE_FULL},
                            {"a write fails", change_kind::write, SQLITE_IOERR_WRITE},
                            {"a sync fails", change_kind::sync, SQLITE_IOERR_FSYNC},
                            {"no file can be made", change_kind::create, SQLITE_CANTOPEN}};

constexpr std::uint64_t items = 400;

std::vector<std::uint64_t> items_sent(const fake_server& server) {
  std::vector<std::uint64_t> sent;
  for (const std::string& request : server.requests()) sent.push_back(std::stoull(body_of(request)));
  return sent;
}

// The only run in the folder; empty if none was begun.
std::filesystem::path run_in(const std::filesystem::path& runs) {
  if (!std::filesystem::exists(runs)) return {};
  for (const auto& entry : std::filesystem::directory_iterator(runs)) return entry.path();
  return {};
}

void expect_claimed(const std::filesystem::path& run, const std::vector<std::uint64_t>& sent) {
  if (sent.empty()) return;
  try {
    const load::item_states states = load::ledger_reader(run).read();
    for (const std::uint64_t item : sent)
      ASSERT_NE(states.get(item), load::item_state::unclaimed) << "item " << item << " was sent";
  } catch (const std::exception& failure) {
    ADD_FAILURE() << failure.what();
  }
}

// Fails every change of the kind from the nth on; a run that ends well all the same has lost nothing. False once the
// run ends before its nth.
bool run_with(const fault& how, std::uint64_t nth) {
  const ::testing::ScopedTrace trace(__FILE__, __LINE__,
                                     std::string(how.what) + " from " + std::to_string(nth) + " on");
  const scratch_folder folder;
  const auto runs = folder.path() / "runs";
  fake_server server([](const std::string&) { return answer("201 Created", R"({"id":"ord_1"})"); });
  std::uint64_t seen = 0;
  bool failed = false;
  bool mended = false;
  const power_loss_vfs vfs(folder.path(), [&](const change& next) {
    if (mended || next.kind != how.kind || ++seen < nth) return SQLITE_OK;
    failed = true;
    return how.code;
  });
  const said got =
      cli::test::say({"load", "--runs", runs.string(), "-n", std::to_string(items), "--users", "4", "--key", "auto",
                      "http", "POST", server.url("/orders"), "-d", "{{item}}", "--expect", "201"});
  if (!failed) {
    EXPECT_EQ(got.code, 0) << got.err << got.out;
    return false;
  }
  if (got.code == 0) {  // it struck when all was durable: what is left to do is to make one file out of two
    const scratch_folder image;
    vfs.leave(image.path(), power_loss(survival::nothing, nth));
    const load::item_states states = load::ledger_reader(image.path() / "runs" / run_in(runs).filename()).read(items);
    EXPECT_EQ(states.count(load::item_state::confirmed), items);
    return true;
  }
  EXPECT_EQ(got.code, 4) << got.err << got.out;
  EXPECT_THAT(got.err + got.out, HasSubstr("ledger-0.db"));
  EXPECT_THAT(got.err + got.out, AnyOf(HasSubstr("disk"), HasSubstr("unable to open"))) << "why";
  mended = true;
  const auto sent = items_sent(server);
  expect_claimed(run_in(runs), sent);
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const scratch_folder image;
    vfs.leave(image.path(), power_loss(seed == 0 ? survival::nothing : survival::some, seed + nth));
    if (!run_in(runs).empty()) expect_claimed(image.path() / "runs" / run_in(runs).filename(), sent);
  }
  if (sent.empty() && !std::filesystem::exists(run_in(runs) / "run.json")) return true;

  const load::item_states before = load::ledger_reader(run_in(runs)).read(items);
  const said resumed = cli::test::say({"load", "--resume", run_in(runs).filename(), "--runs", runs.string()});
  EXPECT_EQ(resumed.code, 0) << resumed.err << resumed.out;
  const load::item_states states = load::ledger_reader(run_in(runs)).read(items);
  EXPECT_EQ(states.count(load::item_state::confirmed), items);
  const auto all = items_sent(server);
  for (std::size_t later = sent.size(); later < all.size(); ++later)
    EXPECT_NE(before.get(all[later]), load::item_state::confirmed) << "item " << all[later] << " was sent again";
  EXPECT_EQ(std::set(all.begin(), all.end()).size(), items);
  return true;
}

TEST(run_faults, a_run_whose_disk_fails_ends_with_code_4_has_sent_nothing_unclaimed_and_goes_on) {
  int struck = 0;
  for (const fault& how : faults) {
    for (std::uint64_t nth = 1; run_with(how, nth); nth += 1 + nth / 8) {
      ++struck;
      ASSERT_FALSE(HasFailure());
    }
  }
  EXPECT_GT(struck, 30);
  RecordProperty("faults", std::to_string(struck));
}

}  // namespace
}  // namespace lakh::chaos
