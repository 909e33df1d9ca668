// Asks the shop's database. What has been answered to anybody is seen by every read that begins afterwards.
#pragma once

#include <lakh/shop/order_fields.hpp>
#include <lakh/sql/sqlite.hpp>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::shop {

// One order in a list, as little as it takes to compare it with one's own records: the fields that were asked for, as
// far as the order has them.
struct order_entry_view {
  std::optional<std::string> id;
  std::optional<std::string> run;
  std::optional<std::string> reference;
  std::optional<std::string> key;  // the Idempotency-Key under which it was accepted
  std::optional<std::string> digest;
  std::optional<std::int64_t> total;
  std::optional<std::string> created_at;
};
BOOST_DESCRIBE_STRUCT(order_entry_view, (), (id, run, reference, key, digest, total, created_at))

// Orders in the order of their commit. Orders that come while somebody pages through are found on the last pages: none
// is left out, none comes twice.
struct order_page {
  std::optional<std::string> next;  // the cursor of the next page; absent on the last
  std::vector<order_entry_view> orders;
};
BOOST_DESCRIBE_STRUCT(order_page, (), (next, orders))

struct customer_view {
  std::string email;
  std::string name;
  std::optional<std::string> phone;
  std::string since;
};
BOOST_DESCRIBE_STRUCT(customer_view, (), (email, name, phone, since))

struct run_count {
  std::string run;
  std::int64_t orders = 0;
  std::int64_t keys = 0;
  std::int64_t total = 0;
};
BOOST_DESCRIBE_STRUCT(run_count, (), (run, orders, keys, total))

struct order_counts {
  std::int64_t orders = 0;
  std::int64_t keys = 0;        // orders that have an idempotency key, so as many distinct keys
  std::int64_t total = 0;       // cents
  std::vector<run_count> runs;  // the 100 that were last added to, the last first
};

inline constexpr std::int64_t longest_page = 10'000;

// For one thread at a time. Throws sql_error.
class order_reader {
 public:
  explicit order_reader(sql::database db);

  // The answer that was given for it, JSON.
  std::optional<std::string> find(std::string_view id);

  // At most `limit` (1 … longest_page) orders after number `after`; of one run, if one is named. An order_page as JSON,
  // with `next` before the orders, so that a client can ask for more before it has read all.
  std::string list(const std::optional<std::string>& run, std::int64_t after, std::int64_t limit,
                   order_fields fields = order_fields::all());

  std::optional<customer_view> find_customer(std::string_view email);
  order_counts count();

 private:
  sql::database db_;
  sql::statement find_;
  sql::statement list_all_;
  sql::statement list_run_;
  sql::statement compare_all_;
  sql::statement compare_run_;
  sql::statement find_customer_;
  sql::statement count_;
  sql::statement count_runs_;
};

}  // namespace lakh::shop
