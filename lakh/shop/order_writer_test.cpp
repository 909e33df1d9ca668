#include <lakh/shop/order_database.hpp>
#include <lakh/shop/order_reader.hpp>
#include <lakh/shop/order_writer.hpp>
#include <lakh/shop/orders_for_test.hpp>

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <string>
#include <utility>

#include <sys/resource.h>

namespace lakh::shop {
namespace {

using testing::entry_for;
using testing::scratch_folder;

// A store for its keys only, on a file of its own; the writer under test, and a reader behind it.
class writer_under_test {
 public:
  placed write(const std::string& key, const std::string& body, const std::string& email, const std::string& name) {
    order_entry entry = entry_for(keys_, key, body);
    entry.email = email;
    entry.name = name;
    return write(entry);
  }
  placed write(order_entry& entry) {
    std::array<order_entry*, 1> group{&entry};
    writer.write(group);
    return entry.result;
  }
  order_entry entry(const std::string& key, const std::string& body, const std::string& run = {}) {
    return entry_for(keys_, key, body, run);
  }

 private:
  scratch_folder folder_;
  order_store keys_{folder_ / "keys.db"};

 public:
  order_writer writer{open_to_write(folder_ / "shop.db")};
  order_reader reader{open_to_read(folder_ / "shop.db")};
};

TEST(order_writer, what_is_refused_leaves_the_customers_as_they_were) {
  writer_under_test shop;
  EXPECT_EQ(shop.write("k", "body", "ada@example.com", "Ada").outcome, placement::created);
  EXPECT_EQ(shop.write("k", "another", "mallory@example.com", "Mallory").outcome, placement::key_reused);
  EXPECT_FALSE(shop.reader.find_customer("mallory@example.com")) << "he has ordered nothing";
  EXPECT_EQ(shop.write("k", "another", "ada@example.com", "Eve").outcome, placement::key_reused);
  EXPECT_EQ(shop.reader.find_customer("ada@example.com")->name, "Ada");
}

TEST(order_writer, a_repetition_does_not_bring_back_what_a_later_order_has_changed) {
  writer_under_test shop;
  EXPECT_EQ(shop.write("k1", "b", "ada@example.com", "Ada Byron").outcome, placement::created);
  EXPECT_EQ(shop.write("k2", "b", "ada@example.com", "Ada Lovelace").outcome, placement::created);
  EXPECT_EQ(shop.write("k1", "b", "ada@example.com", "Ada Byron").outcome, placement::replayed);
  EXPECT_EQ(shop.reader.find_customer("ada@example.com")->name, "Ada Lovelace");
  // And the writer still knows what stands in the table.
  EXPECT_EQ(shop.write("k3", "b", "ada@example.com", "Ada Byron").outcome, placement::created);
  EXPECT_EQ(shop.reader.find_customer("ada@example.com")->name, "Ada Byron");
}

TEST(order_writer, a_forgotten_key_binds_nobody_and_one_that_is_kept_does_not_see_it) {
  writer_under_test shop;
  for (const bool forgotten : {true, true, false}) {
    order_entry entry = shop.entry("k", "b");
    entry.key_forgotten = forgotten;
    EXPECT_EQ(shop.write(entry).outcome, placement::created);
  }
  EXPECT_EQ(shop.write("k", "b", "ada@example.com", "Ada").outcome, placement::replayed);
  EXPECT_EQ(shop.reader.count().orders, 3);
  EXPECT_EQ(shop.reader.count().keys, 1);
}

TEST(order_writer, counts_do_not_cost_more_with_every_run_there_ever_was) {
  writer_under_test shop;
  for (int i = 0; i < 150; ++i) {
    order_entry entry = shop.entry(i % 2 == 0 ? "k" + std::to_string(i) : "", "b", "run " + std::to_string(i));
    EXPECT_EQ(shop.write(entry).outcome, placement::created);
  }
  order_entry without = shop.entry("", "b");
  const std::int64_t each = without.total;
  EXPECT_EQ(shop.write(without).outcome, placement::created);
  const order_counts counts = shop.reader.count();
  EXPECT_EQ(counts.orders, 151);
  EXPECT_EQ(counts.keys, 75);
  EXPECT_EQ(counts.total, 151 * each);
  EXPECT_EQ(counts.runs.size(), 100U);
}

// The log cannot grow: what a commit wrote of it may be found there by the next process, or not.
TEST(order_writer, a_commit_that_fails_half_way_is_not_said_to_have_stored_nothing) {
  writer_under_test shop;
  EXPECT_EQ(shop.write("k1", "b", "ada@example.com", "Ada").outcome, placement::created);
  EXPECT_FALSE(shop.writer.in_doubt());

  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 1;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  bool failed = false;
  try {
    shop.write("k2", "b", "ada@example.com", "Ada");
  } catch (const sql::sql_error&) {
    failed = true;
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, ignored);

  EXPECT_TRUE(failed);
  EXPECT_TRUE(shop.writer.in_doubt());
  EXPECT_EQ(shop.write("k2", "b", "ada@example.com", "Ada").outcome, placement::created)
      << "the key says it for certain";
  EXPECT_FALSE(shop.writer.in_doubt());
}

}  // namespace
}  // namespace lakh::shop
