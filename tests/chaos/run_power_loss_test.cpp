// A whole `lakh load` whose machine loses its power, at many moments of the same run: each image of its disk knows what
// was sent by then, and is resumed to its end.
#include "../cli/fake_server.hpp"
#include "../cli/harness.hpp"
#include "power_cuts.hpp"

#include <lakh/load/ledger_reader.hpp>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <list>
#include <set>
#include <string>
#include <vector>

namespace lakh::chaos {
namespace {

using cli::test::answer;
using cli::test::body_of;
using cli::test::fake_server;
using cli::test::said;

constexpr std::uint64_t items = 600;

struct image {
  scratch_folder folder;
  std::vector<std::uint64_t> sent;  // by then
  std::string how;
};

std::vector<std::uint64_t> items_sent(const fake_server& server) {
  std::vector<std::uint64_t> sent;
  for (const std::string& request : server.requests()) sent.push_back(std::stoull(body_of(request)));
  return sent;
}

// The files that are not SQLite's stand as they are: tests of their own say when they are durable.
void copy_the_rest(const std::filesystem::path& from, const std::filesystem::path& to) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(from)) {
    const std::string name = entry.path().filename();
    if (name != "plan.yaml" && name != "run.json") continue;
    const auto copy = to / entry.path().lexically_relative(from);
    std::filesystem::create_directories(copy.parent_path());
    std::filesystem::copy_file(entry.path(), copy);
  }
}

TEST(run_power_loss, a_run_is_resumed_from_whatever_the_disk_had_at_any_moment) {
  int resumed_with_doubt = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const scratch_folder folder;
    fake_server server([](const std::string&) { return answer("201 Created", R"({"id":"ord_1"})"); });
    std::list<image> images;
    const power_loss_vfs vfs(folder.path(), [&](const change& next) {
      if (next.number % 5 != seed) return SQLITE_OK;
      image& made = images.emplace_back();
      made.sent = items_sent(server);
      const power_loss how(next.number % 3 == 0 ? survival::nothing : survival::some, mix(seed, next.number),
                           next.number % 2 == 0 ? 512 : 4096);
      made.how = describe(next.number, how);
      vfs.leave(made.folder.path(), how);
      copy_the_rest(folder.path(), made.folder.path());
      return SQLITE_OK;
    });
    const said whole = cli::test::say({"load", "--runs", (folder.path() / "runs").string(), "-n", std::to_string(items),
                                       "--users", "4", "--key", "auto", "http", "POST", server.url("/orders"), "-d",
                                       "{{item}}", "--expect", "201"});
    ASSERT_EQ(whole.code, 0) << whole.err;

    for (const image& one : images) {
      const ::testing::ScopedTrace trace(__FILE__, __LINE__, one.how);
      const auto runs = one.folder.path() / "runs";
      const auto run = std::filesystem::directory_iterator(runs)->path();
      const load::item_states before = load::ledger_reader(run).read(items);
      for (const std::uint64_t item : one.sent)
        ASSERT_NE(before.get(item), load::item_state::unclaimed) << "item " << item << " was sent";
      resumed_with_doubt += before.count(load::item_state::claimed) > 0 ? 1 : 0;

      const std::size_t sent = server.requests().size();
      const said resumed = cli::test::say({"load", "--resume", run.filename(), "--runs", runs.string()});
      ASSERT_EQ(resumed.code, 0) << resumed.err << resumed.out;
      const auto all = items_sent(server);
      for (std::size_t later = sent; later < all.size(); ++later)
        ASSERT_NE(before.get(all[later]), load::item_state::confirmed) << "item " << all[later] << " was sent again";
      EXPECT_EQ(load::ledger_reader(run).read(items).count(load::item_state::confirmed), items);
    }
    EXPECT_GT(images.size(), 5U);
  }
  EXPECT_GT(resumed_with_doubt, 5);
}

}  // namespace
}  // namespace lakh::chaos
