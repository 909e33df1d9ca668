#include <lakh/shop/order_id.hpp>
#include <lakh/shop/order_reader.hpp>

#include <utility>

namespace lakh::shop {
namespace {

std::optional<std::string> text_or_nothing(const sql::statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return std::string(row.text(column));
}

// A statement that is not reset keeps its snapshot, and so keeps the log from being rewound.
class reset_at_end {
 public:
  explicit reset_at_end(sql::statement& query) noexcept : query_(query) {}
  reset_at_end(const reset_at_end&) = delete;
  reset_at_end& operator=(const reset_at_end&) = delete;
  ~reset_at_end() { query_.reset(); }

 private:
  sql::statement& query_;
};

}  // namespace

order_reader::order_reader(sql::database db)
    : db_(std::move(db)),
      find_(db_.prepare("SELECT answer FROM orders WHERE number = ?1 AND id = ?2")),
      list_all_(db_.prepare("SELECT number, id, run, reference, key, digest, total, created_at FROM orders "
                            "WHERE number > ?1 ORDER BY number LIMIT ?2")),
      list_run_(db_.prepare("SELECT number, id, run, reference, key, digest, total, created_at FROM orders "
                            "WHERE run = ?3 AND number > ?1 ORDER BY number LIMIT ?2")),
      find_customer_(db_.prepare("SELECT email, name, phone, since FROM customers WHERE email = ?1")),
      count_(db_.prepare("SELECT coalesce(sum(orders), 0), coalesce(sum(keys), 0), coalesce(sum(total), 0) FROM runs")),
      count_runs_(db_.prepare("SELECT run, orders, keys, total FROM runs WHERE run <> '' "
                              "ORDER BY last_at DESC, run DESC LIMIT 100")) {}

std::optional<std::string> order_reader::find(std::string_view id) {
  const std::optional<std::int64_t> number = number_of(id);
  if (!number) return std::nullopt;
  const reset_at_end done(find_);
  find_.start(*number, id);
  if (!find_.step()) return std::nullopt;
  return std::string(find_.text(0));
}

order_page order_reader::list(const std::optional<std::string>& run, std::int64_t after, std::int64_t limit) {
  sql::statement& query = run ? list_run_ : list_all_;
  const reset_at_end done(query);
  // One more than asked for tells whether there is a next page.
  if (run)
    query.start(after, limit + 1, *run);
  else
    query.start(after, limit + 1);
  order_page page;
  std::int64_t last = after;
  while (query.step()) {
    if (static_cast<std::int64_t>(page.orders.size()) == limit) {
      page.next = make_cursor(last);
      break;
    }
    last = query.integer(0);
    order_entry_view& entry = page.orders.emplace_back();
    entry.id = query.text(1);
    entry.run = text_or_nothing(query, 2);
    entry.reference = text_or_nothing(query, 3);
    entry.key = text_or_nothing(query, 4);
    entry.digest = query.text(5);
    entry.total = query.integer(6);
    entry.created_at = query.text(7);
  }
  return page;
}

std::optional<customer_view> order_reader::find_customer(std::string_view email) {
  const reset_at_end done(find_customer_);
  find_customer_.start(email);
  if (!find_customer_.step()) return std::nullopt;
  customer_view found;
  found.email = find_customer_.text(0);
  found.name = find_customer_.text(1);
  found.phone = text_or_nothing(find_customer_, 2);
  found.since = find_customer_.text(3);
  return found;
}

order_counts order_reader::count() {
  order_counts counts;
  const reset_at_end counted(count_);
  const reset_at_end listed(count_runs_);
  count_.start();
  count_.step();
  counts.orders = count_.integer(0);
  counts.keys = count_.integer(1);
  counts.total = count_.integer(2);
  count_runs_.start();  // in the snapshot of the first statement, which has not ended
  while (count_runs_.step()) {
    run_count& one = counts.runs.emplace_back();
    one.run = count_runs_.text(0);
    one.orders = count_runs_.integer(1);
    one.keys = count_runs_.integer(2);
    one.total = count_runs_.integer(3);
  }
  return counts;
}

}  // namespace lakh::shop
