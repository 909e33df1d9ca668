#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/shop/order_id.hpp>
#include <lakh/shop/orders_for_test.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace lakh::shop {
namespace {

using namespace std::chrono_literals;
using testing::entry_for;
using ::testing::HasSubstr;
using testing::page_of;
using testing::scratch_folder;

placed place_one(order_store& store, const std::string& key, const std::string& body, const std::string& run = {}) {
  return lakh::run([](order_store& into, order_entry entry) -> task<placed> {
    co_return co_await into.place(std::move(entry));
  }(store, entry_for(store, key, body, run)));
}

TEST(order_store, a_key_is_bound_to_its_first_body_and_answered_byte_for_byte) {
  const scratch_folder folder;
  placed first;
  {
    order_store store(folder / "shop.db");
    first = place_one(store, "k1", "body");
    EXPECT_EQ(first.outcome, placement::created);
    EXPECT_EQ(number_of(first.id), 1);
    EXPECT_THAT(first.answer, HasSubstr("\"id\":\"" + first.id + "\""));

    struct row {
      const char* key;
      const char* body;
      placement outcome;
    };
    const row table[] = {
        {"k1", "body", placement::replayed}, {"k1", "another", placement::key_reused},
        {"k1", "body", placement::replayed}, {"k2", "body", placement::created},
        {"K1", "body", placement::created},  {"", "body", placement::created},
        {"", "body", placement::created},    {"k2", "other", placement::key_reused},
    };
    for (const row& each : table)
      EXPECT_EQ(place_one(store, each.key, each.body).outcome, each.outcome) << each.key << " " << each.body;
    EXPECT_EQ(store.count().orders, 5);
    EXPECT_EQ(store.count().keys, 3);
  }
  // And still after a restart.
  order_store again(folder / "shop.db");
  const placed replay = place_one(again, "k1", "body");
  EXPECT_EQ(replay.outcome, placement::replayed);
  EXPECT_EQ(replay.answer, first.answer);
  EXPECT_EQ(replay.id, first.id);
  EXPECT_EQ(place_one(again, "k1", "another").outcome, placement::key_reused);
  EXPECT_EQ(number_of(place_one(again, "k9", "body").id), 6);
}

TEST(order_store, an_order_is_found_by_its_whole_id_only) {
  const scratch_folder folder;
  order_store store(folder / "shop.db");
  const placed order = place_one(store, "k", "body");
  EXPECT_EQ(store.find(order.id), order.answer);
  EXPECT_FALSE(store.find(make_order_id(1, 1))) << "the number is right, the time is not";
  EXPECT_FALSE(store.find(make_order_id(1, 2)));
  EXPECT_FALSE(store.find("1"));
}

TEST(order_store, the_key_is_free_when_the_outcome_is_known) {
  const scratch_folder folder;
  order_store store(folder / "shop.db");
  lakh::run([](order_store& into) -> task<void> {
    for (int i = 0; i < 50; ++i) {
      const placed done = co_await into.place(entry_for(into, "k", "body"));
      EXPECT_EQ(done.outcome, i == 0 ? placement::created : placement::replayed);
      EXPECT_TRUE(into.keys().try_claim("k"));
    }
  }(store));
}

TEST(order_store, many_waiters_on_many_loops_each_get_their_own_answer) {
  const scratch_folder folder;
  order_store store(folder / "shop.db");
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  threads.reserve(3);
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      lakh::run(in_scope([&, t](scope& all) -> task<void> {
        for (int w = 0; w < 20; ++w)
          all.spawn([](order_store& into, std::atomic<int>& failures, int thread, int waiter) -> task<void> {
            for (int i = 0; i < 10; ++i) {
              const std::string key = std::to_string(thread) + "-" + std::to_string(waiter) + "-" + std::to_string(i);
              const placed done = co_await into.place(entry_for(into, key, key, "run-" + std::to_string(thread)));
              if (done.outcome != placement::created || done.answer.find(digest_of(key)) == std::string::npos)
                ++failures;
            }
          }(store, wrong, t, w));
        co_return;
      }));
    });
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(wrong, 0);

  const order_counts counts = store.count();
  EXPECT_EQ(counts.orders, 600);
  EXPECT_EQ(counts.keys, 600);
  ASSERT_EQ(counts.runs.size(), 3U);
  for (const run_count& one : counts.runs) EXPECT_EQ(one.orders, 200) << one.run;
}

// Fills an order_store while `during` runs on this thread.
template <class During> void fill_meanwhile(order_store& store, int orders, During during) {
  std::thread filling([&] {
    lakh::run([](order_store& into, int count) -> task<void> {
      for (int i = 0; i < count; ++i)
        (void)co_await into.place(entry_for(into, "live-" + std::to_string(i), "b", i % 2 == 0 ? "even" : "odd"));
    }(store, orders));
  });
  during();
  filling.join();
}

TEST(order_store, pages_are_in_the_order_of_commit_and_nothing_is_left_out_or_doubled_while_orders_come) {
  const scratch_folder folder;
  order_store store(folder / "shop.db");
  constexpr int live = 300;
  std::vector<std::string> keys;
  std::vector<std::string> ids;
  fill_meanwhile(store, live, [&] {
    std::int64_t after = 0;
    while (keys.size() < live) {
      const order_page page = page_of(store.list(std::nullopt, after, 7));
      EXPECT_LE(page.orders.size(), 7U);
      for (const order_entry_view& entry : page.orders) {
        keys.push_back(entry.key.value());
        ids.push_back(entry.id.value());
        after = number_of(entry.id.value()).value();
      }
      EXPECT_EQ(page.next ? read_cursor(*page.next) : after, after);
    }
  });
  for (int i = 0; i < live; ++i) EXPECT_EQ(keys.at(static_cast<std::size_t>(i)), "live-" + std::to_string(i));
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
}

TEST(order_store, a_list_can_be_narrowed_to_a_run) {
  const scratch_folder folder;
  order_store store(folder / "shop.db");
  fill_meanwhile(store, 21, [] {});
  std::vector<std::string> keys;
  std::optional<std::string> cursor;
  int pages = 0;
  do {
    const order_page page = page_of(store.list("odd", cursor ? read_cursor(*cursor).value() : 0, 5));
    for (const order_entry_view& entry : page.orders) {
      EXPECT_EQ(entry.run, "odd");
      EXPECT_EQ(entry.digest, digest_of("b"));
      keys.push_back(entry.key.value());
    }
    cursor = page.next;
    ++pages;
  } while (cursor);
  EXPECT_EQ(pages, 2) << "ten orders are two full pages, and no empty third";
  EXPECT_EQ(keys.size(), 10U);
  EXPECT_EQ(keys.front(), "live-1");
  EXPECT_EQ(keys.back(), "live-19");
  EXPECT_EQ(store.list("none", 0, 5), R"({"orders":[]})");
}

TEST(order_store, a_list_shows_the_fields_that_are_asked_for) {
  const scratch_folder folder;
  order_store store(folder / "shop.db");
  fill_meanwhile(store, 3, [] {});
  const auto shown = [&](const char* names) { return store.list("odd", 0, 9, order_fields::read(names).value()); };
  const std::string digest = digest_of("b");
  EXPECT_EQ(shown("digest"), R"({"orders":[{"digest":")" + digest + R"("}]})");
  EXPECT_EQ(shown("reference,digest"), shown("digest")) << "an order without a reference shows none";
  EXPECT_EQ(shown("reference"), R"({"orders":[{}]})");
  EXPECT_EQ(shown("key,digest"), R"({"orders":[{"key":"live-1","digest":")" + digest + R"("}]})");
  EXPECT_EQ(shown("id,run,reference,key,digest,total,created_at"), store.list("odd", 0, 9));
  const order_entry_view all = page_of(store.list("odd", 0, 9)).orders.at(0);
  EXPECT_TRUE(all.id && all.run && all.key && all.digest && all.total && all.created_at);
  for (const char* names : {"", ",", "digest,", "digest,,id", "nothing", "Digest", "digest "})
    EXPECT_FALSE(order_fields::read(names)) << names;
}

TEST(order_store, customers_are_kept_as_last_seen) {
  const scratch_folder folder;
  order_store store(folder / "shop.db");
  place_one(store, "", "b");
  EXPECT_EQ(store.find_customer("ada@example.com")->name, "Ada Lovelace");
  EXPECT_FALSE(store.find_customer("nobody@example.com"));

  order_entry renamed = entry_for(store, "", "b");
  renamed.name = "Ada King";
  renamed.phone = "+44 1";
  lakh::run([](order_store& into, order_entry entry) -> task<void> { (void)co_await into.place(std::move(entry)); }(
                                                         store, std::move(renamed)));
  EXPECT_EQ(store.find_customer("ada@example.com")->name, "Ada King");
  EXPECT_EQ(store.find_customer("ada@example.com")->phone, "+44 1");
}

TEST(order_store, a_cancelled_waiter_leaves_and_its_order_is_committed_all_the_same) {
  const scratch_folder folder;
  {
    order_store store(folder / "shop.db");
    for (int round = 0; round < 30; ++round) {
      // A loop of its own each time, gone before or after the answer comes.
      lakh::run(in_scope([&](scope& all) -> task<void> {
        for (int i = 0; i < 5; ++i)
          all.spawn([](order_store& into, std::string key) -> task<void> {
            (void)co_await into.place(entry_for(into, std::move(key), "b"));
          }(store, std::to_string(round) + "-" + std::to_string(i)));
        co_await sleep_for(round % 3 == 0 ? 0us : std::chrono::microseconds(40 * round));
        all.cancel();
      }));
    }
  }
  order_store again(folder / "shop.db");
  // Those that were cancelled before they were sent off were never taken; all that were taken are there, once.
  const order_counts counts = again.count();
  EXPECT_LE(counts.orders, 150);
  EXPECT_GT(counts.orders, 0);
  EXPECT_EQ(counts.orders, counts.keys);
}

TEST(order_store, a_wait_that_is_cancelled_after_sending_loses_nothing) {
  const scratch_folder folder;
  {
    order_store store(folder / "shop.db");
    lakh::run([](order_store& into) -> task<void> {
      try {
        // The deadline has not passed when the order is sent, and has when the loop next looks.
        (void)co_await with_timeout(1ns, [](order_store& to) -> task<placed> {
          co_return co_await to.place(entry_for(to, "sent", "b"));
        }(into));
      } catch (const timeout_error&) {
        // Expected unless the disk was faster than the loop.
      }
    }(store));
  }
  order_store again(folder / "shop.db");
  EXPECT_EQ(place_one(again, "sent", "b").outcome, placement::replayed);
}

TEST(order_store, what_does_not_fit_in_the_queue_is_refused_at_once_and_frees_its_key) {
  const scratch_folder folder;
  store_options options;
  options.queue_limit = 0;
  order_store store(folder / "shop.db", options);
  EXPECT_EQ(place_one(store, "k", "b").outcome, placement::busy);
  EXPECT_TRUE(store.keys().try_claim("k"));
  EXPECT_EQ(store.count().orders, 0);
}

TEST(order_store, groups_are_split_where_more_wait_than_one_may_hold) {
  const scratch_folder folder;
  store_options options;
  options.group_limit = 3;
  order_store store(folder / "shop.db", options);
  lakh::run(in_scope([&](scope& all) -> task<void> {
    for (int i = 0; i < 50; ++i)
      all.spawn([](order_store& into, std::string key) -> task<void> {
        EXPECT_EQ((co_await into.place(entry_for(into, std::move(key), "b"))).outcome, placement::created);
      }(store, std::to_string(i)));
    co_return;
  }));
  EXPECT_EQ(store.count().orders, 50);
}

TEST(order_store, copies_its_log_into_the_file_while_it_is_written) {
  const scratch_folder folder;
  store_options options;
  options.checkpoint_every = 20;
  options.longest_log = 10;
  {
    order_store store(folder / "shop.db", options);
    const auto start = std::filesystem::file_size(folder / "shop.db");
    fill_meanwhile(store, 500, [] {});
    for (int i = 0; i < 5000 && std::filesystem::file_size(folder / "shop.db") <= start; ++i)
      std::this_thread::sleep_for(1ms);
    EXPECT_GT(std::filesystem::file_size(folder / "shop.db"), start);
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "shop.db-wal")) << "closing copies the rest";
  order_store again(folder / "shop.db");
  EXPECT_EQ(again.count().orders, 500);
}

TEST(order_store, a_database_of_another_program_is_left_alone) {
  const scratch_folder folder;
  {
    sql::database other(folder / "other.db");
    other.execute("CREATE TABLE notes(text TEXT)");
  }
  try {
    const order_store store(folder / "other.db");
    FAIL() << "opened";
  } catch (const input_error& refused) {
    EXPECT_THAT(refused.what(), HasSubstr("other.db"));
    EXPECT_FALSE(refused.hint().empty());
  }
  sql::database other(folder / "other.db");
  auto tables = other.prepare("SELECT group_concat(name) FROM sqlite_schema");
  tables.start();
  ASSERT_TRUE(tables.step());
  EXPECT_EQ(tables.text(0), "notes");
  auto mode = other.prepare("PRAGMA journal_mode");
  mode.start();
  ASSERT_TRUE(mode.step());
  EXPECT_EQ(mode.text(0), "delete");
}

TEST(order_store, a_later_version_is_refused) {
  const scratch_folder folder;
  {
    const order_store store(folder / "shop.db");
  }
  {
    sql::database db(folder / "shop.db");
    db.execute("PRAGMA user_version = 3");
  }
  EXPECT_THROW(order_store(folder / "shop.db"), input_error);
}

TEST(order_store, people_can_ask_with_sql) {
  const scratch_folder folder;
  order_store store(folder / "shop.db");
  place_one(store, "k", "b", "r");
  sql::database db(folder / "shop.db");
  db.execute("PRAGMA trusted_schema = ON");  // as the sqlite3 program has it
  auto lines = db.prepare("SELECT line, sku, quantity, line_total FROM order_lines WHERE run = 'r' ORDER BY line");
  lines.start();
  ASSERT_TRUE(lines.step());
  EXPECT_EQ(lines.integer(0), 1);
  EXPECT_EQ(lines.text(1), "TEA-0042");
  EXPECT_EQ(lines.integer(2), 2);
  EXPECT_EQ(lines.integer(3), 2 * catalogue().find("TEA-0042")->unit_price);
  auto address = db.prepare("SELECT city, country FROM order_addresses");
  address.start();
  ASSERT_TRUE(address.step());
  EXPECT_EQ(address.text(0), "London");
}

}  // namespace
}  // namespace lakh::shop
