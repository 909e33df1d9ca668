// Disks that fill up, refuse a write or a sync: at the first change, at the second, at every one. And then the power
// goes, because after a failed sync nobody knows what is on the disk.
#include "power_cuts.hpp"

#include <lakh/async/run.hpp>
#include <lakh/load/ledger.hpp>
#include <lakh/shop/orders_for_test.hpp>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace lakh::chaos {
namespace {

struct fault {
  const char* what;
  change_kind kind;
  int code;
};
constexpr fault faults[] = {{"the disk is full", change_kind::write, SQLITE_FULL},
                            {"a write fails", change_kind::write, SQLITE_IOERR_WRITE},
                            {"a sync fails", change_kind::sync, SQLITE_IOERR_FSYNC}};

// Fails the changes of the fault's kind from the nth on, `times` of them.
class failing {
 public:
  failing(const fault& how, std::uint64_t nth, std::uint64_t times) : how_(how), first_(nth), times_(times) {}
  int operator()(const change& next) {
    if (next.kind != how_.kind || ++seen_ < first_ || seen_ - first_ >= times_) return SQLITE_OK;
    ++failed;
    return how_.code;
  }

  std::uint64_t failed = 0;

 private:
  fault how_;
  std::uint64_t first_;
  std::uint64_t times_;
  std::uint64_t seen_ = 0;
};

constexpr std::uint64_t for_good = ~std::uint64_t{0};

load::outcome_record confirmed(std::uint64_t item) {
  load::outcome_record made;
  made.item = item;
  made.state = load::outcome_state::confirmed;
  made.status = 201;
  made.attempts = 1;
  made.last_attempt = certainty::answered;
  return made;
}

// Claims, settles and closes; what it was promised stands in `claimed`. A claim after a failed one must fail.
void load_until_it_fails(const std::filesystem::path& folder, std::vector<std::uint64_t>& claimed) {
  load::ledger_writer writer(folder, load::ledger_identity("20261122-031500-k7f3q2", "00ff", 1, 0));
  load::outcome_batch batch;
  bool refused = false;
  for (std::uint64_t item = 0; item < 12; ++item) {
    try {
      writer.claim(item, 1);
      EXPECT_FALSE(refused) << "item " << item << " was claimed after an earlier claim had failed";
      claimed.push_back(item);
    } catch (const storage_error& failure) {
      refused = true;
      EXPECT_NE(std::string(failure.what()).find("ledger-0.db"), std::string::npos) << failure.what();
      EXPECT_NE(failure.hint().find("disk"), std::string::npos) << failure.hint();
    }
    if (refused) continue;
    batch.append(confirmed(item));
    if (item % 4 == 3) {
      EXPECT_TRUE(writer.submit(batch));
    }
  }
  EXPECT_TRUE(writer.failed() || !refused);
  writer.close();
}

void expect_claimed(const std::filesystem::path& folder, const std::vector<std::uint64_t>& claimed) {
  try {
    const load::item_states states = load::ledger_reader(folder).read();
    for (const std::uint64_t item : claimed)
      EXPECT_NE(states.get(item), load::item_state::unclaimed) << "item " << item;
  } catch (const std::exception& failure) {
    ADD_FAILURE() << failure.what();
  }
}

// Whether nothing is left to be lost: the closing entry is there.
bool is_closed(const std::filesystem::path& folder) {
  load::ledger_reader reader(folder);
  (void)reader.read();
  return !reader.files().empty() && reader.files().front().closed;
}

TEST(io_faults, the_ledger_fails_once_and_for_good_and_keeps_what_it_promised_wherever_the_fault_strikes) {
  std::uint64_t struck = 0;
  for (const fault& how : faults) {
    for (const std::uint64_t times : {std::uint64_t{1}, for_good}) {
      for (std::uint64_t nth = 1;; ++nth) {
        const ::testing::ScopedTrace trace(
            __FILE__, __LINE__,
            std::string(how.what) + " at " + std::to_string(nth) + (times == 1 ? ", once" : ", from then on"));
        const scratch_folder folder;
        failing fails(how, nth, times);
        std::vector<std::uint64_t> claimed;
        bool threw = false;
        const power_loss_vfs vfs(folder.path(), [&](const change& next) { return fails(next); });
        try {
          load_until_it_fails(folder.path(), claimed);
        } catch (const storage_error&) {
          threw = true;
        }
        if (fails.failed == 0) {
          EXPECT_FALSE(threw);
          break;  // it ended before its nth change
        }
        ++struck;
        for (std::uint64_t seed = 0; seed < 4; ++seed) {
          const scratch_folder image;
          vfs.leave(image.path(), power_loss(seed == 0 ? survival::nothing : survival::some, seed + nth * 4));
          expect_claimed(image.path(), claimed);
          if (seed == 0 && threw) {
            EXPECT_FALSE(is_closed(image.path())) << "it failed after all was on the disk";
          }
        }
        if (times == 1) expect_claimed(folder.path(), claimed);
        if (::testing::Test::HasFailure()) return;
      }
    }
  }
  EXPECT_GT(struck, 100U);
  RecordProperty("faults", std::to_string(struck));
}

using shop::placement;

struct shop_story {
  std::map<std::string, std::string> answered;  // key, id
  std::set<std::string> not_stored;             // keys of which the shop said so, each time
  int refused = 0;
  int in_doubt = 0;
};

// Orders one after the other; what fails is asked for again under the same key, as a client would.
task<void> order_all(shop::order_store& store, shop_story& told) {
  for (int item = 0; item < 10; ++item) {
    const std::string key = "item-" + std::to_string(item);
    told.not_stored.insert(key);
    for (int attempt = 0; attempt < 3; ++attempt) {
      const shop::placed done = co_await store.place(shop::testing::entry_for(store, key, key));
      if (done.outcome == placement::created || done.outcome == placement::replayed) {
        EXPECT_TRUE(told.answered.try_emplace(key, done.id).second);
        told.not_stored.erase(key);
        break;
      }
      ++told.refused;
      if (done.outcome == placement::in_doubt) {
        ++told.in_doubt;
        told.not_stored.erase(key);
      } else {
        EXPECT_TRUE(done.outcome == placement::failed || done.outcome == placement::disk_full);
      }
    }
  }
}

void expect_stored(const std::filesystem::path& folder, const shop_story& told) {
  const auto file = folder / "shop.db";
  if (told.answered.empty()) return;
  ASSERT_EQ(integrity_of(file), "ok");
  sql::database db(file, sql::open_options().mode(sql::open_mode::read_write));
  auto select = db.prepare("SELECT key, id, digest FROM orders");
  std::map<std::string, std::string> stored;
  select.start();
  while (select.step()) {
    const std::string key(select.text(0));
    EXPECT_TRUE(stored.emplace(key, select.text(1)).second) << key << " is there twice";
    EXPECT_EQ(select.text(2), shop::digest_of(key));
  }
  for (const std::string& key : told.not_stored) EXPECT_FALSE(stored.contains(key)) << key << " was refused";
  for (const auto& [key, id] : told.answered) EXPECT_EQ(stored[key], id) << key;
}

TEST(io_faults, the_shop_refuses_what_it_cannot_store_and_keeps_what_it_answered_wherever_the_fault_strikes) {
  std::uint64_t struck = 0;
  std::uint64_t refused = 0;
  std::uint64_t in_doubt = 0;
  for (const fault& how : faults) {
    for (const std::uint64_t times : {std::uint64_t{1}, std::uint64_t{3}, for_good}) {
      for (std::uint64_t nth = 1;; ++nth) {
        const ::testing::ScopedTrace trace(
            __FILE__, __LINE__,
            std::string(how.what) + " at " + std::to_string(nth) + ", " + std::to_string(times) + " times");
        const scratch_folder folder;
        failing fails(how, nth, times);
        shop_story told;
        const power_loss_vfs vfs(folder.path(), [&](const change& next) { return fails(next); });
        try {
          shop::store_options options;
          options.checkpoint_every = 4;
          options.longest_log = 6;
          shop::order_store store(folder.path() / "shop.db", options);
          lakh::run(order_all(store, told));
        } catch (const storage_error&) {
          EXPECT_TRUE(told.answered.empty()) << "an open shop does not close for a failed write";
        }
        if (fails.failed == 0) break;
        ++struck;
        refused += static_cast<std::uint64_t>(told.refused);
        in_doubt += static_cast<std::uint64_t>(told.in_doubt);
        for (std::uint64_t seed = 0; seed < 4; ++seed) {
          const scratch_folder image;
          vfs.leave(image.path(), power_loss(seed == 0 ? survival::nothing : survival::some, seed + nth * 4));
          expect_stored(image.path(), told);
        }
        if (times != for_good) expect_stored(folder.path(), told);
        if (::testing::Test::HasFailure()) return;
      }
    }
  }
  EXPECT_GT(struck, 100U);
  EXPECT_GT(refused, 100U);
  EXPECT_GT(in_doubt, 10U);
  RecordProperty("faults", std::to_string(struck));
}

}  // namespace
}  // namespace lakh::chaos
