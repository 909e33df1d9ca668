#include <lakh/shop/order_database.hpp>

#include <fmt/format.h>

namespace lakh::shop {
namespace {

constexpr std::int64_t application_id = 0x6c6b7368;  // "lksh"
constexpr std::int64_t version = 2;

// Set up in one transaction: a shop killed meanwhile leaves an empty file, which the next one sets up.
constexpr sql::sql_text schema(R"(
CREATE TABLE customers(
  id INTEGER PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  phone TEXT,
  since TEXT NOT NULL) STRICT;
CREATE TABLE orders(
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  run TEXT,
  reference TEXT,
  key TEXT,
  customer INTEGER NOT NULL REFERENCES customers(id),
  total INTEGER NOT NULL,
  digest TEXT NOT NULL,
  created_at TEXT NOT NULL,
  answer TEXT NOT NULL,
  forgotten INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE UNIQUE INDEX orders_by_key ON orders(key) WHERE key IS NOT NULL AND forgotten = 0;
CREATE INDEX orders_by_run ON orders(run) WHERE run IS NOT NULL;
CREATE TABLE runs(
  run TEXT PRIMARY KEY,
  orders INTEGER NOT NULL,
  keys INTEGER NOT NULL,
  total INTEGER NOT NULL,
  last_at TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX runs_by_time ON runs(last_at, run) WHERE run <> '';
CREATE TABLE totals(
  one INTEGER PRIMARY KEY CHECK(one = 1),
  orders INTEGER NOT NULL,
  keys INTEGER NOT NULL,
  total INTEGER NOT NULL) STRICT;
INSERT INTO totals VALUES(1, 0, 0, 0);
CREATE VIEW order_lines AS
  SELECT o.number, o.id, o.run, l.key + 1 AS line, json_extract(l.value, '$.sku') AS sku,
         json_extract(l.value, '$.name') AS name, json_extract(l.value, '$.quantity') AS quantity,
         json_extract(l.value, '$.unit_price') AS unit_price, json_extract(l.value, '$.line_total') AS line_total
  FROM orders AS o, json_each(o.answer, '$.lines') AS l;
CREATE VIEW order_addresses AS
  SELECT number, id, run, json_extract(answer, '$.customer.name') AS name,
         json_extract(answer, '$.address.street') AS street, json_extract(answer, '$.address.city') AS city,
         json_extract(answer, '$.address.postcode') AS postcode, json_extract(answer, '$.address.country') AS country
  FROM orders;
PRAGMA application_id = 0x6c6b7368;
PRAGMA user_version = 2;
)");

std::int64_t number_from(sql::database& db, sql::sql_text query) {
  sql::statement select = db.prepare(query);
  select.start();
  select.step();
  return select.integer(0);
}

// Looks before it touches: a file that is not a shop's keeps its journal mode too.
void set_up_or_check(const std::filesystem::path& file, int page_size) {
  sql::database db(file, sql::open_options().page_size(page_size));
  sql::transaction all(db);
  const std::int64_t made_by = number_from(db, "PRAGMA application_id");
  if (made_by == 0 && number_from(db, "SELECT count(*) FROM sqlite_schema") == 0) {
    db.execute(schema);
    all.commit();
    return;
  }
  if (made_by != application_id)
    throw input_error(fmt::format("{}: a database, but not of a shop", file.string()),
                      "give the name of another file, or of none: it will be created");
  if (const std::int64_t found = number_from(db, "PRAGMA user_version"); found != version)
    throw input_error(fmt::format("{}: a shop's database of version {}, and this program knows version {}",
                                  file.string(), found, version),
                      "open it with the program that made it, or begin a new file");
}

}  // namespace

sql::database open_to_write(const std::filesystem::path& file, const database_tuning& tuning) {
  set_up_or_check(file, tuning.page_size);
  return sql::database(file, sql::open_options()
                                 .cache_kib(tuning.cache_kib)
                                 .wal()
                                 .synchronous(sql::sync_level::full)
                                 .wal_autocheckpoint(0));  // the checkpointer's work, off the commits' path
}

sql::database open_to_read(const std::filesystem::path& file) {
  return sql::database(file, sql::open_options().mode(sql::open_mode::read_only).memory_map(std::int64_t{1} << 30));
}

}  // namespace lakh::shop
