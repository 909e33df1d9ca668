// PostgreSQL on the event loop, through libpq: connect, ask, read the rows one at a time.
//
//   sql::postgres db = co_await sql::postgres::connect("postgresql://shop@db.example/shop", 5s);
//   co_await db.query(sql::written_query("SELECT reference FROM orders WHERE run = $1"), {run},
//                     [&](const sql::postgres_row& row) { use(row.text(0)); });
//
// 1. Connections only read: each query runs in a transaction that is READ ONLY, and is one statement.
// 2. Rows come in libpq's single-row mode: memory is that of one row and of one read from the socket.
// 3. Passwords come from the URI, PGPASSWORD, PGPASSFILE or ~/.pgpass, as libpq has it; no message repeats one.
// 4. libpq is loaded when the first connection is made (docs/decisions/0008-libpq-when-needed.md).
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/sql/sqlite.hpp>
#include <lakh/sql/written_query.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct pg_result;

namespace lakh::sql {

class postgres_error : public sql_error {
 public:
  postgres_error(std::string state, std::error_code code, const std::string& what, std::string hint);
  // SQLSTATE, five characters (PostgreSQL's Appendix A); empty where no server said it.
  [[nodiscard]] const std::string& state() const noexcept { return state_; }

 private:
  std::string state_;
};

// One row, while the function that is given it runs. Columns count from 0.
class postgres_row {
 public:
  explicit postgres_row(const pg_result* row) noexcept : row_(row) {}
  [[nodiscard]] int column_count() const noexcept;
  [[nodiscard]] bool is_null(int column) const noexcept;
  // As PostgreSQL writes the value; empty for NULL.
  [[nodiscard]] std::string_view text(int column) const noexcept;

 private:
  const pg_result* row_;
};

class postgres {
 public:
  // Looking up a host name blocks the loop, as libpq does it. Throws postgres_error; timeout_error.
  static task<postgres> connect(std::string uri, std::chrono::nanoseconds limit);
  postgres(postgres&&) noexcept;
  postgres& operator=(postgres&&) noexcept;
  ~postgres();  // closes it, whatever is going on

  // `parameters` are $1, $2, …, as text. After a failure, or a cancellation in the middle, the connection is of no more
  // use. Throws postgres_error.
  task<void> query(written_query what, std::vector<std::string> parameters,
                   std::function<void(const postgres_row&)> each);

 private:
  struct state;
  explicit postgres(std::unique_ptr<state> s) noexcept;
  std::unique_ptr<state> state_;
};

}  // namespace lakh::sql
