#include <lakh/core/text.hpp>
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
      compare_all_(
          db_.prepare("SELECT number, reference, digest FROM orders WHERE number > ?1 ORDER BY number LIMIT ?2")),
      compare_run_(db_.prepare("SELECT number, reference, digest FROM orders "
                               "WHERE run = ?3 AND number > ?1 ORDER BY number LIMIT ?2")),
      find_customer_(db_.prepare("SELECT email, name, phone, since FROM customers WHERE email = ?1")),
      count_(db_.prepare("SELECT orders, keys, total FROM totals")),
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

std::string order_reader::list(const std::optional<std::string>& run, std::int64_t after, std::int64_t limit,
                               order_fields fields) {
  const bool only_compares = fields.within(order_field::reference, order_field::digest);
  sql::statement& query = only_compares ? (run ? compare_run_ : compare_all_) : (run ? list_run_ : list_all_);
  const reset_at_end done(query);
  // One more than asked for tells whether there is a next page.
  if (run)
    query.start(after, limit + 1, *run);
  else
    query.start(after, limit + 1);

  // Which field stands in which column.
  struct shown {
    int column;
    std::string lead;  // ,"name":
    bool number;
  };
  std::vector<shown> columns;
  for (std::size_t i = 0; i < order_field_names.size(); ++i) {
    const auto field = static_cast<order_field>(i);
    if (!fields.has(field)) continue;
    const int column = !only_compares ? static_cast<int>(i) + 1 : field == order_field::reference ? 1 : 2;
    columns.push_back({column, ",\"" + std::string(order_field_names[i]) + "\":", field == order_field::total});
  }

  std::string orders;
  orders.reserve(static_cast<std::size_t>(limit) * 24 * columns.size());
  std::int64_t last = after;
  std::int64_t count = 0;
  std::string page = "{";
  while (query.step()) {
    if (count++ == limit) {
      page.append("\"next\":\"").append(make_cursor(last)).append("\",");
      break;
    }
    last = query.integer(0);
    if (count > 1) orders += ',';
    const std::size_t begin = orders.size();
    for (const shown& each : columns) {
      if (query.is_null(each.column)) continue;
      orders += each.lead;
      if (each.number)
        append_number(orders, query.integer(each.column));
      else
        append_json_string(orders, query.text(each.column));
    }
    if (orders.size() == begin) orders += ',';
    orders[begin] = '{';
    orders += '}';
  }
  page.reserve(page.size() + orders.size() + 16);
  return page.append("\"orders\":[").append(orders).append("]}");
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
