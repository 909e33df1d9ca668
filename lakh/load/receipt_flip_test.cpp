// One bit is flipped, anywhere in what a run has recorded, and verifying must find it. In a ledger there are bits that
// mean nothing, in the free space of its pages: a flip that is not found must have left every table, every row and
// every type as they were.
#include <lakh/load/receipt_for_test.hpp>

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

namespace lakh::load {
namespace {

class one_flipped_bit : public run_for_test {
 protected:
  // What SQL sees of a ledger; "unreadable" if SQLite says so.
  static std::string content(const std::filesystem::path& file) {
    try {
      sql::database db(file, sql::open_options().mode(sql::open_mode::read_only));
      std::string text;
      const auto add = [&](sql::statement rows) {
        rows.start();
        while (rows.step()) {
          for (int column = 0; column < rows.column_count(); ++column) {
            text += rows.is_null(column) ? std::string_view("NULL") : rows.text(column);
            text += '|';
          }
          text += '\n';
        }
      };
      add(db.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"));
      add(db.prepare(
          "SELECT key, typeof(key), value, typeof(value) FROM meta WHERE key <> 'flushes'"));  // a counter, no record
      add(
          db.prepare("SELECT id, kind, typeof(kind), first_item, typeof(first_item), count, typeof(count), written_at, "
                     "typeof(written_at), hex(digest), typeof(digest) FROM claim"));
      add(db.prepare(
          "SELECT id, first_item, typeof(first_item), last_item, typeof(last_item), count, typeof(count), confirmed, "
          "typeof(confirmed), failed, typeof(failed), unknown, typeof(unknown), written_at, typeof(written_at), "
          "hex(digest), typeof(digest), hex(items), typeof(items) FROM batch"));
      return text;
    } catch (const storage_error&) {
      return "unreadable";
    }
  }

  // Flips one bit of the byte, and says whether that is found.
  bool found(const std::string& name, const std::string& bytes, std::size_t at) {
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << random_() % 8));
    write(name, flipped);
    return verify_run(folder()).verdict() == check_result::wrong;
  }

  // So many places of the file at which a flip is not found.
  std::vector<std::size_t> missed(const std::string& name, std::size_t tries) {
    const std::string bytes = read(name);
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < tries; ++i)
      if (const std::size_t at = random_() % bytes.size(); !found(name, bytes, at)) places.push_back(at);
    write(name, bytes);
    return places;
  }

  std::mt19937 random_{20261122};
};

TEST_F(one_flipped_bit, in_a_signed_receipt_is_found_wherever_it_is) {
  write_run(with_key);
  const std::string bytes = read("receipt.json");
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << random_() % 8));
    write("receipt.json", flipped);
    try {
      const auto read_back = read_receipt(folder());
      EXPECT_FALSE(signature_holds(read_back->public_key, read_back->signature, receipt_bytes(*read_back))) << at;
    } catch (const storage_error&) {
      continue;  // found
    }
  }
  write("receipt.json", bytes);
  EXPECT_EQ(missed("receipt.json", 100), std::vector<std::size_t>());
  EXPECT_EQ(verify_run(folder()).verdict(), check_result::ok) << "the test put everything back";
}

TEST_F(one_flipped_bit, in_the_plan_is_found_wherever_it_is) {
  write_run();
  EXPECT_EQ(missed("plan.yaml", 100), std::vector<std::size_t>());
}

TEST_F(one_flipped_bit, in_the_outcomes_of_a_ledger_is_found_wherever_it_is) {
  write_run();
  const std::string bytes = read("ledger-0.db");
  std::size_t tried = 0;
  for (const char* items : {"[[0,\"confirmed\"", "[[3,\"failed\""}) {
    const std::size_t begin = bytes.find(items);
    ASSERT_NE(begin, std::string::npos);
    for (std::size_t at = begin; at < bytes.find("]]", begin) + 2; at += 1 + random_() % 3, ++tried)
      EXPECT_TRUE(found("ledger-0.db", bytes, at)) << at;
  }
  EXPECT_GT(tried, 250U);
}

TEST_F(one_flipped_bit, in_a_ledger_is_found_or_changes_nothing_that_it_says) {
  write_run();
  const std::filesystem::path file = folder() / "ledger-0.db";
  const std::string bytes = read("ledger-0.db");
  const std::string before = content(file);
  std::vector<std::size_t> used;  // free space is mostly zeros: flips there would say little
  for (std::size_t at = 0; at < bytes.size(); ++at)
    if (bytes[at] != '\0') used.push_back(at);
  std::shuffle(used.begin(), used.end(), random_);
  used.resize(std::min<std::size_t>(used.size(), 500));
  for (int i = 0; i < 60; ++i) used.push_back(random_() % bytes.size());
  used.insert(used.end(), {0, 16, 17, 18, 19, 20, 24, 28, 31, 43, 44, 47, 56, 59, 60, 63, 68, 92, 96, 99, 100});

  std::size_t count = 0;
  for (const std::size_t at : used) {
    const bool noticed = found("ledger-0.db", bytes, at);
    if (noticed)
      ++count;
    else
      EXPECT_TRUE(content(file) == before) << "byte " << at << " of page " << at / 16384 << " was changed unnoticed";
  }
  EXPECT_GT(count, 400U) << "of " << used.size();
}

// The logs of a ledger that was never closed count as much as its file.
TEST_F(one_flipped_bit, in_the_log_of_a_killed_writer_is_found_or_changes_nothing_that_it_says) {
  write_run(without_closing | killed);
  const std::filesystem::path file = folder() / "ledger-0.db";
  const std::string bytes = read("ledger-0.db-wal");
  ASSERT_GT(bytes.size(), 1000U);
  const std::string before = content(file);
  std::vector<std::size_t> used;
  for (std::size_t at = 0; at < bytes.size(); ++at)
    if (bytes[at] != '\0') used.push_back(at);
  std::shuffle(used.begin(), used.end(), random_);
  used.resize(std::min<std::size_t>(used.size(), 150));
  std::size_t count = 0;
  for (const std::size_t at : used) {
    std::filesystem::remove(file.string() + "-shm");
    if (found("ledger-0.db-wal", bytes, at))
      ++count;
    else
      EXPECT_TRUE(content(file) == before) << "byte " << at << " was changed unnoticed";
  }
  EXPECT_GT(count, 40U);
}

}  // namespace
}  // namespace lakh::load
