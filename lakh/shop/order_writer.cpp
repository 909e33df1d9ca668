#include <lakh/core/clock.hpp>
#include <lakh/core/random.hpp>
#include <lakh/shop/order_id.hpp>
#include <lakh/shop/order_json.hpp>
#include <lakh/shop/order_writer.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace lakh::shop {
namespace {

constexpr std::size_t most_known_customers = 100'000;

std::uint64_t details_of(const order_entry& entry) noexcept {
  return mix(mix(0, entry.name), entry.phone ? std::string_view(*entry.phone) : std::string_view("\0", 1));
}

}  // namespace

order_writer::order_writer(sql::database db)
    : db_(std::move(db)),
      last_number_(db_.prepare("SELECT max(number) FROM orders")),
      insert_order_(db_.prepare("INSERT INTO orders(number, id, run, reference, key, customer, total, digest, "
                                "created_at, answer, forgotten) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) "
                                "ON CONFLICT(key) WHERE key IS NOT NULL AND forgotten = 0 DO NOTHING")),
      find_key_(db_.prepare("SELECT id, digest, answer FROM orders WHERE key = ?1 AND forgotten = 0")),
      insert_customer_(db_.prepare("INSERT INTO customers(email, name, phone, since) VALUES(?1, ?2, ?3, ?4) "
                                   "ON CONFLICT(email) DO UPDATE SET name = excluded.name, "
                                   "phone = coalesce(excluded.phone, phone) RETURNING id")),
      add_to_run_(db_.prepare("INSERT INTO runs(run, orders, keys, total, last_at) VALUES(?1, ?2, ?3, ?4, ?5) "
                              "ON CONFLICT(run) DO UPDATE SET orders = orders + excluded.orders, "
                              "keys = keys + excluded.keys, total = total + excluded.total, "
                              "last_at = excluded.last_at")),
      add_to_totals_(db_.prepare("UPDATE totals SET orders = orders + ?1, keys = keys + ?2, total = total + ?3")) {}

void order_writer::write(std::span<order_entry*> group) {
  // In the order of the keys, neighbours in the index are written together.
  in_doubt_ = false;
  std::ranges::sort(group, {}, [](const order_entry* entry) { return entry->claim.key(); });
  try {
    sql::transaction all(db_);
    // Asked anew each time, so that two shops may share a file.
    last_number_.start();
    last_number_.step();
    number_ = last_number_.integer(0);
    last_number_.reset();
    const wall_time now = wall_now();
    milliseconds_ = std::max<std::int64_t>(
        milliseconds_, std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
    const std::string created_at = rfc3339(wall_time(std::chrono::milliseconds(milliseconds_)));

    runs_.clear();
    for (order_entry* entry : group) write_one(*entry, created_at);
    tally whole;
    for (const auto& [run, sum] : runs_) {
      add_to_run_.run(run, sum.orders, sum.keys, sum.total, created_at);
      whole.orders += sum.orders;
      whole.keys += sum.keys;
      whole.total += sum.total;
    }
    if (whole.orders != 0) add_to_totals_.run(whole.orders, whole.keys, whole.total);
    in_doubt_ = true;
    all.commit();
    in_doubt_ = false;
  } catch (const sql::sql_error& failure) {
    // A disk that is full has no room for the end of the commit, and who waits for a lock has not begun it.
    if (failure.is_full() || failure.is_busy()) in_doubt_ = false;
    customers_.clear();  // some of them may have been rolled back
    throw;
  } catch (...) {
    customers_.clear();
    throw;
  }
}

void order_writer::write_one(order_entry& entry, std::string_view created_at) {
  const std::string_view key = entry.claim.key();
  std::optional<std::int64_t> customer = known_customer_of(entry);
  if (!customer) {
    // Whoever is refused, or answered again, changes nothing: asked before the customer is written.
    if (!key.empty() && !entry.key_forgotten && is_taken(entry)) return;
    customer = add_customer(entry, created_at);
  }
  const std::int64_t number = number_ + 1;
  placed& result = entry.result;
  result.id.clear();
  result.answer.clear();
  append_order_id(result.id, milliseconds_, number);
  append_order_head(result.answer, result.id, number, created_at);
  result.answer += entry.rest;
  insert_order_.run(number, result.id, entry.run, entry.reference,
                    key.empty() ? std::nullopt : std::optional<std::string_view>(key), *customer, entry.total,
                    entry.digest, created_at, result.answer, std::int64_t{entry.key_forgotten});
  if (db_.changes() == 0) {
    is_taken(entry);
    return;
  }

  number_ = number;
  result.outcome = placement::created;
  tally& sum = runs_[entry.run ? std::string_view(*entry.run) : std::string_view()];
  ++sum.orders;
  sum.keys += key.empty() || entry.key_forgotten ? 0 : 1;
  sum.total += entry.total;
}

// Whether the key has its order already; then that is the result.
bool order_writer::is_taken(order_entry& entry) {
  find_key_.start(entry.claim.key());
  const bool found = find_key_.step();
  if (found) {
    placed& result = entry.result;
    result.id = find_key_.text(0);
    result.outcome = find_key_.text(1) == entry.digest ? placement::replayed : placement::key_reused;
    result.answer = find_key_.text(2);
  }
  find_key_.reset();
  return found;
}

// The customer whose name and phone stand in the table as this order has them.
std::optional<std::int64_t> order_writer::known_customer_of(const order_entry& entry) const {
  const auto found = customers_.find(entry.email);
  if (found == customers_.end() || found->second.details != details_of(entry)) return std::nullopt;
  return found->second.id;
}

std::int64_t order_writer::add_customer(const order_entry& entry, std::string_view created_at) {
  insert_customer_.start(entry.email, entry.name, entry.phone, created_at);
  insert_customer_.step();
  const std::int64_t id = insert_customer_.integer(0);
  while (insert_customer_.step()) {
    // One row was asked for; stepping to the end completes the statement.
  }
  if (customers_.size() >= most_known_customers) customers_.clear();
  customers_.insert_or_assign(entry.email, known_customer{id, details_of(entry)});
  return id;
}

void order_writer::rewind_log() {
  db_.execute("PRAGMA wal_checkpoint(PASSIVE)");
}

}  // namespace lakh::shop
