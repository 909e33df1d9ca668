// Writes groups of orders: one transaction, one wait for the disk for all of them.
#pragma once

#include <lakh/shop/order_entry.hpp>
#include <lakh/sql/sqlite.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace lakh::shop {

// For one thread.
class order_writer {
 public:
  explicit order_writer(sql::database db);

  // Fills in each entry's result: created, replayed or key_reused; when it returns, what was created is on the disk.
  // Throws sql_error; then nothing of the group was stored, and no result means anything. No two entries may have the
  // same key. Reorders the group.
  void write(std::span<order_entry*> group);

  // After a write() that threw: whether it may have been stored all the same. The disk failed in the commit; what is in
  // the log by then can be taken for a commit by the process that opens the file next.
  [[nodiscard]] bool in_doubt() const noexcept { return in_doubt_; }

  // Copies committed pages from the log into the file, as far as can be without waiting; the log then begins anew.
  void rewind_log();

 private:
  struct tally {
    std::int64_t orders = 0;
    std::int64_t keys = 0;
    std::int64_t total = 0;
  };
  struct known_customer {
    std::int64_t id = 0;
    std::uint64_t details = 0;  // of name and phone as they stand in the table
  };

  void write_one(order_entry& entry, std::string_view created_at);
  bool is_taken(order_entry& entry);
  std::optional<std::int64_t> known_customer_of(const order_entry& entry) const;
  std::int64_t add_customer(const order_entry& entry, std::string_view created_at);

  sql::database db_;
  sql::statement last_number_;
  sql::statement insert_order_;
  sql::statement find_key_;
  sql::statement insert_customer_;
  sql::statement add_to_run_;
  sql::statement add_to_totals_;
  std::unordered_map<std::string, known_customer> customers_;  // what is surely in the table
  std::unordered_map<std::string_view, tally> runs_;           // of the group being written
  std::int64_t number_ = 0;                                    // of the last order
  std::int64_t milliseconds_ = 0;                              // never goes back while the shop runs
  bool in_doubt_ = false;
};

}  // namespace lakh::shop
