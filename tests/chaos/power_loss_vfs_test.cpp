// The instrument itself: a disk that loses nothing would prove nothing.
#include "power_cuts.hpp"

#include <lakh/sql/sqlite.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace lakh::chaos {
namespace {

// What came of rows that were committed one by one, over many power losses.
struct toll {
  int images = 0;
  int lost = 0;     // a committed row is not there
  int damaged = 0;  // not a database any more, or one with something wrong
};

toll lose_power_over(const sql::open_options& how, int rows) {
  toll counted;
  std::int64_t committed = 0;
  power_cuts cuts(3, 2, [&] {
    return [&, expected = committed](const std::filesystem::path& image) {
      ++counted.images;
      if (expected == 0) return;
      const auto file = image / "rows.db";
      if (!std::filesystem::exists(file)) {
        ++counted.lost;
        return;
      }
      if (integrity_of(file) != "ok") {
        ++counted.damaged;
        return;
      }
      try {
        sql::database db(file, sql::open_options().mode(sql::open_mode::read_only));
        auto count = db.prepare("SELECT count(*) FROM rows");
        count.start();
        count.step();
        if (count.integer(0) < expected) ++counted.lost;
      } catch (const error&) {
        ++counted.lost;  // not even the table
      }
    };
  });
  sql::database db(cuts.folder() / "rows.db", how);
  db.execute("CREATE TABLE rows(id INTEGER PRIMARY KEY, text TEXT)");
  auto insert = db.prepare("INSERT INTO rows(id, text) VALUES(?1, ?2)");
  const std::string text(700, 'x');
  for (; committed < rows; ++committed) insert.run(committed, text);
  return counted;
}

TEST(power_loss_vfs, rows_committed_with_full_sync_survive) {
  const toll wal =
      lose_power_over(sql::open_options().wal().wal_autocheckpoint(20).synchronous(sql::sync_level::full), 60);
  EXPECT_GT(wal.images, 50);
  EXPECT_EQ(wal.lost, 0);
  EXPECT_EQ(wal.damaged, 0);
}

TEST(power_loss_vfs, rows_committed_with_normal_sync_are_lost_and_nothing_is_damaged) {
  const toll counted =
      lose_power_over(sql::open_options().wal().wal_autocheckpoint(20).synchronous(sql::sync_level::normal), 60);
  EXPECT_GT(counted.lost, 10);
  EXPECT_EQ(counted.damaged, 0);
}

TEST(power_loss_vfs, without_syncs_rows_are_lost_and_files_are_damaged) {
  const toll counted = lose_power_over(sql::open_options().synchronous(sql::sync_level::off), 60);
  EXPECT_GT(counted.lost + counted.damaged, 10);
  EXPECT_GT(counted.damaged, 0);
}

std::vector<std::byte> bytes_of(std::string_view text) {
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

std::string read_all(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return "(not there)";
  std::ifstream from(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(from), {}};
}

std::string left_of(const simulated_disk& disk, const char* name, const power_loss& how) {
  const scratch_folder image;
  disk.leave("/d", image.path(), how);
  return read_all(image.path() / name);
}

TEST(simulated_disk, what_was_not_synced_may_survive_or_not) {
  simulated_disk disk;
  const auto file = disk.create("/d/f");
  disk.write(*file, 0, bytes_of("old"));
  disk.sync(*file);
  EXPECT_EQ(left_of(disk, "f", {survival::nothing, 0}), "(not there)") << "its name was never made durable";
  disk.sync_folder("/d");
  EXPECT_EQ(left_of(disk, "f", {survival::nothing, 0}), "old");
  disk.write(*file, 0, bytes_of("new"));
  EXPECT_EQ(left_of(disk, "f", {survival::nothing, 0}), "old");
  EXPECT_EQ(left_of(disk, "f", {survival::everything, 0}), "new");
  disk.remove("/d/f");
  EXPECT_EQ(left_of(disk, "f", {survival::nothing, 0}), "old");
  disk.sync_folder("/d");
  EXPECT_EQ(left_of(disk, "f", {survival::nothing, 0}), "(not there)");
}

TEST(simulated_disk, writes_are_torn_at_sectors_and_reordered) {
  simulated_disk disk;
  const auto file = disk.create("/d/f");
  disk.write(*file, 0, bytes_of(std::string(8192, 'a')));
  disk.sync(*file);
  disk.sync_folder("/d");
  disk.write(*file, 0, bytes_of(std::string(4096, 'b')));
  disk.write(*file, 4096, bytes_of(std::string(4096, 'c')));
  bool torn = false;
  bool reordered = false;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const std::string left = left_of(disk, "f", {survival::some, seed, 512});
    ASSERT_EQ(left.size(), 8192U);
    for (std::size_t sector = 0; sector < left.size(); sector += 512)
      ASSERT_EQ(left.substr(sector, 512), std::string(512, left[sector])) << "a sector is never torn";
    torn = torn || (left[0] != left[512]);
    const std::string whole = left_of(disk, "f", {survival::some, seed, 4096});
    ASSERT_EQ(whole.substr(0, 4096), std::string(4096, whole[0]));
    reordered = reordered || (whole[0] == 'a' && whole[4096] == 'c');
  }
  EXPECT_TRUE(torn);
  EXPECT_TRUE(reordered);
}

TEST(simulated_disk, what_a_failed_sync_lost_no_later_one_brings) {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    simulated_disk disk;
    random_sequence luck(seed);
    const auto file = disk.create("/d/f");
    disk.sync_folder("/d");
    disk.write(*file, 0, bytes_of(std::string(4096, 'a')));
    disk.fail_to_sync(*file, luck);
    disk.write(*file, 4096, bytes_of(std::string(4096, 'b')));
    disk.sync(*file);
    const std::string left = left_of(disk, "f", {survival::nothing, 0});
    ASSERT_EQ(left.substr(4096), std::string(4096, 'b'));
    lost += left[0] == 'a' ? 0 : 1;
  }
  EXPECT_GT(lost, 0);
}

}  // namespace
}  // namespace lakh::chaos
