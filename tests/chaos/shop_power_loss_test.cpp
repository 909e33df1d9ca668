// The shop on a disk that loses its power: every answered order is there, under its key and only once.
#include "power_cuts.hpp"

#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/shop/order_id.hpp>
#include <lakh/shop/orders_for_test.hpp>

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <string>

namespace lakh::shop {
namespace {

using chaos::power_cuts;
using chaos::power_loss;
using chaos::survival;
using testing::entry_for;

struct answers {
  std::map<std::string, std::string> ids;  // of each answered key
};

// Asked with SQL of the test's own; `reopen` also lets the shop open it and go on.
void examine(const std::filesystem::path& image, const answers& given, bool reopen) {
  try {
    const auto file = image / "shop.db";
    if (given.ids.empty() && !std::filesystem::exists(file)) return;
    if (reopen) {
      order_store store(file);
      lakh::run([](order_store& into) -> task<void> {
        const placed done = co_await into.place(entry_for(into, "after", "after"));
        EXPECT_EQ(done.outcome, placement::created);
      }(store));
      for (const auto& [key, id] : given.ids) EXPECT_TRUE(store.find(id)) << key;
    }
    ASSERT_EQ(chaos::integrity_of(file), "ok");
    if (given.ids.empty()) return;
    sql::database db(file, sql::open_options().mode(sql::open_mode::read_write));
    auto select = db.prepare("SELECT number, id, key, digest FROM orders ORDER BY number");
    select.start();
    std::map<std::string, std::string> stored;
    std::int64_t number = 0;
    while (select.step()) {
      const std::string key(select.text(2));
      ASSERT_EQ(select.integer(0), ++number) << "numbers have no gaps";
      ASSERT_TRUE(stored.emplace(key, select.text(1)).second) << key << " is there twice";
      ASSERT_EQ(select.text(3), digest_of(key)) << key << " was altered";
    }
    for (const auto& [key, id] : given.ids) ASSERT_EQ(stored[key], id) << "the answered order " << key;
    auto sum = db.prepare("SELECT sum(orders), sum(keys) FROM runs");
    sum.start();
    ASSERT_TRUE(sum.step());
    EXPECT_EQ(sum.integer(0), number);
    EXPECT_EQ(sum.integer(1), number);
  } catch (const std::exception& failure) {
    FAIL() << failure.what();
  }
}

// Opens the shop twice, so that the second finds what the first has closed. Six customers order at once; every fourth
// key was used before.
class busy_shop {
 public:
  busy_shop(std::uint64_t seed, std::uint64_t every, int orders)
      : cuts_(seed, every, [this] {
          const std::lock_guard lock(mutex_);
          const bool reopen = ++examined_ % 8 == 0;
          return [given = given_, reopen](const std::filesystem::path& image) { examine(image, given, reopen); };
        }) {
    for (int opened = 0; opened < 2; ++opened) {
      store_options options;
      options.checkpoint_every = 20;
      options.longest_log = 30;
      order_store store(cuts_.folder() / "shop.db", options);
      lakh::run(in_scope([&](scope& all) -> task<void> {
        for (int customer = 0; customer < 6; ++customer) all.spawn(order(store, (opened + 1) * orders));
        co_return;
      }));
    }
  }

  void cut(const power_loss& how) { cuts_.cut(how); }
  [[nodiscard]] std::uint64_t cuts() const { return cuts_.cuts(); }

 private:
  task<void> order(order_store& store, int last) {
    while (next_ < last) {
      const int mine = next_++;
      const std::string key = "item-" + std::to_string(mine % 4 == 3 ? mine / 2 : mine);
      auto claim = store.keys().try_claim(key);
      if (!claim) continue;  // another customer has just sent it
      claim.reset();
      const placed done = co_await store.place(entry_for(store, key, key));
      EXPECT_TRUE(done.outcome == placement::created || done.outcome == placement::replayed);
      const std::lock_guard lock(mutex_);
      const auto [known, fresh] = given_.ids.try_emplace(key, done.id);
      EXPECT_EQ(known->second, done.id) << key << " was answered twice, differently";
    }
  }

  int next_ = 0;
  std::uint64_t examined_ = 0;
  std::mutex mutex_;
  answers given_;  // under the mutex
  power_cuts cuts_;
};

TEST(shop_power_loss, every_answered_order_is_there_and_no_key_twice) {
  std::uint64_t cuts = 0;
  for (std::uint64_t seed = 1; seed <= 8 && !HasFatalFailure() && !HasNonfatalFailure(); ++seed) {
    busy_shop one(seed, 5, 120);
    for (std::uint64_t end = 0; end < 4; ++end) one.cut(power_loss(survival::some, seed * 10 + end));
    one.cut(power_loss(survival::nothing, 0));
    cuts += one.cuts();
  }
  EXPECT_GT(cuts, 300U);
  RecordProperty("cuts", std::to_string(cuts));
}

}  // namespace
}  // namespace lakh::shop
