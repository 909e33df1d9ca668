// A ledger is read in whatever state its writer's death left it, also by somebody who may not write there.
#include <lakh/load/ledger.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <stdexcept>
#include <string>

#include <grp.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lakh::load {
namespace {

constexpr int items = 20;

outcome_record confirmed(std::uint64_t item) {
  outcome_record made;
  made.item = item;
  made.state = outcome_state::confirmed;
  made.attempts = 1;
  made.last_attempt = certainty::answered;
  return made;
}

// Each item with a claim and a batch of its own, so that the log has many commits.
void write_items(ledger_writer& writer) {
  outcome_batch batch;
  for (std::uint64_t item = 0; item < items; ++item) {
    writer.claim(item, 1);
    batch.append(confirmed(item));
    if (!writer.submit(batch)) throw std::runtime_error("the queue is full");
    writer.flush();
  }
}

class ledger_recovery : public ::testing::Test {
 protected:
  ledger_recovery() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lakh_recovery_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    root_ = pattern;
    folder_ = root_ / "run";
    std::filesystem::create_directory(folder_);
    ::chmod(root_.c_str(), 0755);
  }
  ~ledger_recovery() override {
    ::chmod(folder_.c_str(), 0755);
    std::filesystem::remove_all(root_);
  }

  [[nodiscard]] std::filesystem::path file(const char* suffix = "") const {
    return (folder_ / "ledger-0.db").string() + suffix;
  }

  // Runs it in a process of its own that ends without closing anything, as kill -9 does.
  static void in_a_killed_process(const std::function<void()>& work) {
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        work();
        ::_exit(0);
      } catch (...) {
        ::_exit(1);
      }
    }
    int status = 0;
    if (::waitpid(child, &status, 0) != child || status != 0) throw std::runtime_error("the writer failed");
  }

  void write_killed() const {
    in_a_killed_process([&] {
      ledger_writer writer(folder_, ledger_identity("20261121-235901-k7f3q2", "00ff", 1, 0));
      write_items(writer);
      ::_exit(0);
    });
  }
  void write_closed() const {
    ledger_writer writer(folder_, ledger_identity("20261121-235901-k7f3q2", "00ff", 1, 0));
    write_items(writer);
    writer.close();
  }

  // A writer that died in the middle of a change, some of which is in the file already.
  void leave_hot_journal() const {
    in_a_killed_process([&] {
      sql::database db(file(), sql::open_options().cache_kib(1));
      db.execute("BEGIN IMMEDIATE; UPDATE batch SET items = 'gone'; CREATE TABLE other(x)");
      for (int i = 0; i < 20; ++i) db.execute("INSERT INTO other VALUES(zeroblob(100000))");
      ::_exit(0);
    });
    ASSERT_GT(std::filesystem::file_size(file("-journal")), 0U);
  }

  static std::uint64_t confirmed_in(const std::filesystem::path& folder) {
    return ledger_reader(folder).read(items).count(item_state::confirmed);
  }

  // What somebody reads who may write neither the files nor the folder; 255 if it fails.
  [[nodiscard]] int read_by_another_user() const {
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) ::chmod(entry.path().c_str(), 0444);
    ::chmod(folder_.c_str(), 0555);
    return in_child([&] {
      if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0))
        return 254;
      return static_cast<int>(confirmed_in(folder_));
    });
  }

  static int in_child(const std::function<int()>& work) {
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        ::_exit(work());
      } catch (const std::exception& caught) {
        ::fprintf(stderr, "%s\n", caught.what());
        ::_exit(255);
      }
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 256;
  }

  std::filesystem::path root_;
  std::filesystem::path folder_;
};

TEST_F(ledger_recovery, the_last_entries_of_the_log_may_be_lost_and_the_rest_is_read) {
  write_killed();
  const auto size = std::filesystem::file_size(file("-wal"));
  ASSERT_GT(size, 100'000U);
  std::filesystem::copy(folder_, root_ / "whole");
  std::mt19937 random(7);
  std::uint64_t most = 0;
  for (int round = 0; round < 60; ++round) {
    std::filesystem::remove_all(folder_);
    std::filesystem::copy(root_ / "whole", folder_);
    std::filesystem::remove(file("-shm"));  // it does not survive a power loss either
    const auto left = round == 0 ? 0 : round == 1 ? size : random() % size;
    std::filesystem::resize_file(file("-wal"), left);
    ledger_reader reader(folder_);
    const item_states states = reader.read(items);
    // A prefix: confirmed ones, at most one doubtful, nothing behind them.
    const std::uint64_t done = states.count(item_state::confirmed);
    for (std::uint64_t item = 0; item < items; ++item) {
      const item_state state = states.get(item);
      if (item < done)
        EXPECT_EQ(state, item_state::confirmed) << item << " of " << left << " bytes";
      else
        EXPECT_TRUE(state == item_state::unclaimed || (item == done && state == item_state::claimed)) << item;
    }
    most = std::max(most, done);
  }
  EXPECT_EQ(most, static_cast<std::uint64_t>(items));
}

TEST_F(ledger_recovery, a_killed_writers_log_is_read_by_somebody_who_may_not_write) {
  write_killed();
  ASSERT_TRUE(std::filesystem::exists(file("-shm")));
  EXPECT_EQ(read_by_another_user(), items);
}

TEST_F(ledger_recovery, so_it_is_where_the_logs_index_was_not_copied) {
  write_killed();
  std::filesystem::remove(file("-shm"));
  EXPECT_EQ(read_by_another_user(), items);
  EXPECT_FALSE(std::filesystem::exists(file("-shm"))) << "nothing was written";
}

TEST_F(ledger_recovery, a_ledger_that_was_left_in_two_files_is_read_without_its_log) {
  write_killed();
  {
    sql::database db(file(), sql::open_options().mode(sql::open_mode::read_write));
    ASSERT_TRUE(db.checkpoint());
  }
  std::filesystem::remove(file("-wal"));
  std::filesystem::remove(file("-shm"));
  EXPECT_EQ(read_by_another_user(), items);
}

TEST_F(ledger_recovery, a_closed_ledger_is_read_by_somebody_who_may_not_write) {
  write_closed();
  EXPECT_EQ(read_by_another_user(), items);
}

TEST_F(ledger_recovery, a_half_made_change_is_taken_back) {
  write_closed();
  leave_hot_journal();
  EXPECT_EQ(confirmed_in(folder_), static_cast<std::uint64_t>(items));
}

TEST_F(ledger_recovery, a_half_made_change_is_taken_back_in_a_copy_where_nobody_may_write) {
  write_closed();
  leave_hot_journal();
  const auto before = std::filesystem::file_size(file());
  EXPECT_EQ(read_by_another_user(), items);
  EXPECT_EQ(std::filesystem::file_size(file()), before);
}

TEST_F(ledger_recovery, a_file_that_may_not_be_read_at_all_is_told) {
  write_closed();
  ::chmod(file().c_str(), 0);
  const int code = in_child([&] {
    if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0)) return 254;
    try {
      return static_cast<int>(confirmed_in(folder_));
    } catch (const storage_error& caught) {
      return std::string(caught.what()).find("ledger-0.db") == std::string::npos ? 253 : 77;
    }
  });
  EXPECT_EQ(code, 77);
}

TEST_F(ledger_recovery, killed_writers_are_read_on_a_read_only_disk) {
  const auto disk = root_ / "disk";
  std::filesystem::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=64m") != 0) GTEST_SKIP() << "nothing can be mounted here";
  write_killed();
  std::filesystem::copy(folder_, disk / "whole");
  std::filesystem::copy(folder_, disk / "without_index");
  std::filesystem::remove(disk / "without_index/ledger-0.db-shm");
  std::filesystem::remove_all(folder_);
  std::filesystem::create_directory(folder_);
  write_closed();
  leave_hot_journal();
  std::filesystem::copy(folder_, disk / "half_made");
  ASSERT_EQ(::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr), 0);
  const int result = in_child([&] {
    for (const char* name : {"whole", "without_index", "half_made"})
      if (confirmed_in(disk / name) != static_cast<std::uint64_t>(items)) return 1;
    return 0;
  });
  ::umount2(disk.c_str(), MNT_DETACH);
  EXPECT_EQ(result, 0);
}

TEST(item_bits, sets_ranges_as_it_sets_single_bits) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 200; ++round) {
    item_bits ranges(round % 2 == 0 ? 0 : 500);
    item_bits single(500);
    for (int i = 0; i < 3; ++i) {
      const std::uint64_t first = random() % 400;
      const std::uint64_t count = random() % 200;
      ranges.set(first, count);
      for (std::uint64_t item = first; item < first + count; ++item) single.set(item);
    }
    for (std::uint64_t index = 0; index < 12; ++index) ASSERT_EQ(ranges.word(index), single.word(index));
  }
}

TEST(item_states, finds_the_next_one_over_long_stretches_and_short_ones) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 100; ++round) {
    item_states states(1000 + random() % 40);
    item_state state = item_state::confirmed;
    for (std::uint64_t item = 0; item < states.size(); ++item) {
      if (random() % (round % 2 == 0 ? 50 : 5) == 0) state = static_cast<item_state>(random() % 5);
      states.set(item, state);
    }
    const state_set wanted = item_state::claimed | item_state::unknown;
    for (std::uint64_t from = 0; from < states.size() + 2; ++from) {
      std::optional<std::uint64_t> expected;
      for (std::uint64_t item = from; item < states.size() && !expected; ++item)
        if (wanted.contains(states.get(item))) expected = item;
      ASSERT_EQ(states.next(from, wanted), expected);
    }
  }
}

TEST(item_states, a_size_that_is_far_too_large_costs_addresses_only) {
  item_states states(std::uint64_t{1} << 32U);
  states.set((std::uint64_t{1} << 32U) - 1, item_state::failed);
  EXPECT_EQ(states.get((std::uint64_t{1} << 32U) - 1), item_state::failed);
  EXPECT_EQ(states.count(item_state::failed), 1U);
}

}  // namespace
}  // namespace lakh::load
