// The shop killed at any moment, and a disk with no room: what was answered is there, nothing is there twice, and
// nothing is half there.
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/core/random.hpp>
#include <lakh/shop/order_id.hpp>
#include <lakh/shop/orders_for_test.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lakh::shop {
namespace {

using testing::entry_for;
using testing::page_of;
using testing::scratch_folder;

// An answer as the child reports it through the pipe: one write of fewer bytes than a pipe may tear.
struct report {
  std::int32_t item;
  char id[21];
};

// The child: orders from `first` on until it is killed, eight at a time; every third key was used before.
[[noreturn]] void order_for_ever(const std::filesystem::path& file, int first, int pipe) {
  try {
    store_options options;
    options.checkpoint_every = 50;
    options.longest_log = 100;
    order_store store(file, options);
    int next = first;
    lakh::run(in_scope([&](scope& all) -> task<void> {
      for (int w = 0; w < 8; ++w)
        all.spawn([](order_store& into, int& counter, int to) -> task<void> {
          while (true) {
            const int mine = counter++;
            const int item = mine % 3 == 0 ? mine / 2 : mine;
            const std::string key = "item-" + std::to_string(item);
            auto claim = into.keys().try_claim(key);
            if (!claim) continue;
            claim.reset();
            const placed done = co_await into.place(entry_for(into, key, key));
            if (done.outcome != placement::created && done.outcome != placement::replayed) std::abort();
            report said{item, {}};
            done.id.copy(said.id, sizeof said.id);
            if (write(to, &said, sizeof said) != sizeof said) std::abort();
          }
        }(store, next, pipe));
      co_return;
    }));
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "child: %s\n", failure.what());
  }
  std::_Exit(1);
}

TEST(order_store_crash, killed_at_any_moment_every_answered_order_is_there_and_no_key_twice) {
  constexpr int kills = 40;
  const scratch_folder folder;
  const auto file = folder / "shop.db";
  random_sequence moments(20261121);
  std::map<int, std::string> answered;  // item, id
  int first = 0;

  for (int round = 0; round < kills; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_NE(child, -1);
    if (child == 0) {
      close(ends[0]);
      order_for_ever(file, first, ends[1]);
    }
    close(ends[1]);
    // From the middle of opening the file to the middle of its checkpoints.
    std::this_thread::sleep_for(std::chrono::microseconds(moments.below(60'000)));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself in round " << round;

    report said{};
    while (read(ends[0], &said, sizeof said) == sizeof said) {
      const std::string id(said.id, sizeof said.id);
      const auto [known, fresh] = answered.try_emplace(said.item, id);
      ASSERT_EQ(known->second, id) << "item " << said.item << " was answered twice, differently, in round " << round;
      first = std::max(first, said.item + 1);
    }
    close(ends[0]);
  }
  ASSERT_GT(answered.size(), 100U) << "the children were killed before they did anything";

  order_store store(file);
  std::map<std::string, std::string> stored;  // key, id
  std::optional<std::string> cursor;
  std::int64_t number = 0;
  do {
    const order_page page = page_of(store.list(std::nullopt, cursor ? read_cursor(*cursor).value() : 0, longest_page));
    for (const order_entry_view& entry : page.orders) {
      EXPECT_TRUE(stored.emplace(entry.key.value(), entry.id.value()).second) << entry.key.value() << " is there twice";
      EXPECT_EQ(number_of(entry.id.value()), ++number) << "numbers have no gaps";
    }
    cursor = page.next;
  } while (cursor);
  for (const auto& [item, id] : answered) EXPECT_EQ(stored["item-" + std::to_string(item)], id);
  EXPECT_EQ(store.count().orders, number);
  EXPECT_EQ(store.count().keys, number);

  sql::database db(file);
  auto check = db.prepare("PRAGMA integrity_check");
  check.start();
  ASSERT_TRUE(check.step());
  EXPECT_EQ(check.text(0), "ok");
}

// Exit codes of the child that fills a disk.
enum verdict : int { good = 0, no_mount = 10, never_full = 11, half_stored = 12, lost = 13, not_recovered = 14 };

[[noreturn]] void fill_a_small_disk(const std::filesystem::path& disk) {
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=2m") != 0)
    std::_Exit(no_mount);
  int verdict = good;
  try {
    std::set<std::string> created;
    std::set<std::string> refused;
    const auto file = disk / "shop.db";
    const auto ballast = disk / "ballast";
    std::FILE* weight = std::fopen(ballast.c_str(), "w");
    const std::vector<char> bytes(256 * 1024);
    std::fwrite(bytes.data(), 1, bytes.size(), weight);
    std::fclose(weight);
    {
      store_options options;
      options.checkpoint_every = 200;
      order_store store(file, options);
      lakh::run([](order_store& into, std::set<std::string>& taken, std::set<std::string>& not_taken) -> task<void> {
        for (int i = 0; i < 5000 && not_taken.size() < 20; ++i) {
          const std::string key = std::to_string(i);
          const placed done = co_await into.place(entry_for(into, key, key));
          (done.outcome == placement::created ? taken : not_taken).insert(key);
          if (done.outcome == placement::failed) std::_Exit(never_full);  // full is told apart from broken
        }
      }(store, created, refused));
      if (refused.empty()) verdict = never_full;
      if (store.count().orders != static_cast<std::int64_t>(created.size())) verdict = half_stored;
      // Room again: it goes on without a restart, and the refused keys are free.
      std::filesystem::remove(ballast);
      lakh::run([](order_store& into, std::string key, int& result) -> task<void> {
        if ((co_await into.place(entry_for(into, key, key))).outcome != placement::created) result = not_recovered;
      }(store, *refused.begin(), verdict));
    }
    order_store again(file);
    for (const std::string& key : created)
      lakh::run([](order_store& into, std::string sought, int& result) -> task<void> {
        const placed found = co_await into.place(entry_for(into, sought, sought));
        if (found.outcome != placement::replayed) result = lost;
      }(again, key, verdict));
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "child: %s\n", failure.what());
    verdict = lost;
  }
  std::_Exit(verdict);
}

TEST(order_store_crash, a_full_disk_is_told_to_each_waiter_and_nothing_is_half_stored) {
  const scratch_folder folder;
  const auto disk = folder / "disk";
  std::filesystem::create_directory(disk);
  const pid_t child = fork();
  ASSERT_NE(child, -1);
  if (child == 0) fill_a_small_disk(disk);
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == no_mount) GTEST_SKIP() << "may not mount a small disk here";
  EXPECT_EQ(WEXITSTATUS(status), good);
}

}  // namespace
}  // namespace lakh::shop
