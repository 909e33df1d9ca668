// SQLite with the parts that go wrong removed: handles close themselves, values travel only by binding, an error says
// which file, which statement and what to do.
//
//   sql::database db("orders.db", sql::open_options().wal().synchronous(sql::sync_level::full));
//   auto insert = db.prepare("INSERT INTO orders(id, name) VALUES(?1, ?2)");
//   sql::transaction all(db);
//   insert.run(7, "Ada");
//   all.commit();                                  // without it the destructor rolls back
//
//   auto select = db.prepare("SELECT id, name FROM orders WHERE id > ?1");
//   select.start(5);
//   while (select.step()) use(select.integer(0), select.text(1));
//
// 1. SQL is text known at compile time (sql_text), so a value from outside cannot become part of it: injection does not
// compile. Only what a person wrote for a database of their own (written_query) is not, and that can only read.
// 2. One database object is used by one thread at a time (it may be handed over). Different objects on the same file
// are
//    independent, also across processes.
// 3. A statement may outlive its database object: SQLite closes the file when the last statement goes.
// 4. Every failure throws sql_error, a storage_error that knows SQLite's extended result code.
#pragma once

#include <lakh/core/error.hpp>
#include <lakh/sql/written_query.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace lakh::sql {

// SQL that stands in the program's source. Only a constant can become one.
class sql_text {
 public:
  template <std::size_t size>
  // NOLINTNEXTLINE(google-explicit-constructor): a string literal is meant to convert
  consteval sql_text(const char (&text)[size]) : text_(text, size - 1) {}

  [[nodiscard]] constexpr std::string_view view() const noexcept { return text_; }

 private:
  std::string_view text_;
};

class sql_error : public storage_error {
 public:
  sql_error(int extended_code, std::error_code code, const std::string& what, std::string hint);

  // SQLite's extended result code, https://www.sqlite.org/rescode.html.
  [[nodiscard]] int extended_code() const noexcept { return extended_code_; }
  [[nodiscard]] bool is_busy() const noexcept;        // another connection holds the lock
  [[nodiscard]] bool is_full() const noexcept;        // no space on the disk
  [[nodiscard]] bool is_corrupt() const noexcept;     // damaged, or not a database
  [[nodiscard]] bool is_constraint() const noexcept;  // UNIQUE, CHECK, NOT NULL, ...
  [[nodiscard]] bool is_unique_violation() const noexcept;
  // Its writer died in the middle: opening it once with write access repairs it, which a read-only connection may not
  // do.
  [[nodiscard]] bool needs_recovery() const noexcept;

 private:
  int extended_code_;
};

enum class open_mode : std::uint8_t { read_only, read_write, create };

// What a commit waits for. In WAL mode `normal` survives a crash of the process, `full` also one of the machine.
enum class sync_level : std::uint8_t { off, normal, full };

class open_options {
 public:
  open_options() = default;
  open_options& mode(open_mode value) noexcept {
    mode_ = value;
    return *this;
  }
  // How long a statement waits for another connection's lock before it fails with is_busy(). 5 s unless set.
  open_options& busy_timeout(std::chrono::milliseconds value) noexcept {
    busy_timeout_ = value;
    return *this;
  }
  open_options& wal(bool value = true) noexcept {
    wal_ = value;
    return *this;
  }
  open_options& synchronous(sync_level value) noexcept {
    synchronous_ = value;
    return *this;
  }
  open_options& cache_kib(int value) noexcept {
    cache_kib_ = value;
    return *this;
  }
  open_options& page_size(int value) noexcept {
    page_size_ = value;
    return *this;
  }  // for a file that is created
  // After how many pages of write-ahead log a commit copies them into the database; 0 never. 1000 unless set.
  open_options& wal_autocheckpoint(int pages) noexcept {
    wal_autocheckpoint_ = pages;
    return *this;
  }
  open_options& memory_map(std::int64_t bytes) noexcept {
    memory_map_ = bytes;
    return *this;
  }

  // Lets views and triggers of the file call any function, also SQLite 3.40's JSON functions. Off unless set: a file
  // may come from anybody.
  open_options& trust_schema(bool value = true) noexcept {
    trust_schema_ = value;
    return *this;
  }

 private:
  friend class database;
  std::chrono::milliseconds busy_timeout_{5000};
  std::optional<int> cache_kib_;
  std::optional<int> page_size_;
  std::optional<int> wal_autocheckpoint_;
  std::optional<std::int64_t> memory_map_;
  std::optional<sync_level> synchronous_;
  open_mode mode_ = open_mode::create;
  bool wal_ = false;
  bool trust_schema_ = false;
};

namespace detail {

struct close_database {
  void operator()(sqlite3* handle) const noexcept;
};
struct finalize_statement {
  void operator()(sqlite3_stmt* handle) const noexcept;
};

// Whether SQLite may read a text or blob in place: true where the value outlives the statement's run.
enum class lifetime : bool { copy, borrow };

template <typename T>
concept blob_like = std::convertible_to<const T&, std::span<const std::byte>>;
template <typename T>
concept text_like = std::convertible_to<const T&, std::string_view> && !std::same_as<T, std::nullptr_t>;

}  // namespace detail

// A compiled statement: bound, run and read any number of times. Parameters count from 1, columns from 0, as in SQL's C
// interface. Movable. Reading a column that does not exist, or before step() said true, gives NULL.
class statement {
 public:
  // Runs a statement that answers no rows. Texts and blobs are read in place: no copy.
  template <typename... Values> void run(const Values&... values) {
    bind_all(detail::lifetime::borrow, values...);
    finish();
  }

  // Begins a query; step() fetches its rows. Texts and blobs are copied, so the arguments may go.
  template <typename... Values> void start(const Values&... values) { bind_all(detail::lifetime::copy, values...); }

  // The next row. False when there is none; then the statement is reset and holds no lock.
  bool step();

  // Ends a query early, so that it no longer holds a read transaction open.
  void reset() noexcept;

  [[nodiscard]] int column_count() const noexcept;
  [[nodiscard]] int parameter_count() const noexcept;
  // ":run", "?2", …; empty for a bare "?". Parameters count from 1.
  [[nodiscard]] std::string_view parameter_name(int number) const noexcept;
  [[nodiscard]] bool is_null(int column) const noexcept;
  [[nodiscard]] std::int64_t integer(int column) const noexcept;
  [[nodiscard]] double real(int column) const noexcept;
  // Valid until the next step(), start(), run() or reset(). The bytes are as stored: UTF-8 is not checked.
  [[nodiscard]] std::string_view text(int column) const noexcept;
  [[nodiscard]] std::span<const std::byte> blob(int column) const noexcept;

 private:
  friend class database;
  statement(std::unique_ptr<sqlite3_stmt, detail::finalize_statement> handle, std::shared_ptr<const std::string> file)
      : handle_(std::move(handle)), file_(std::move(file)) {}

  template <typename... Values> void bind_all([[maybe_unused]] detail::lifetime keep, const Values&... values) {
    begin_binding(static_cast<int>(sizeof...(Values)));
    int index = 0;
    (bind_one(++index, values, keep), ...);
  }

  template <typename T> void bind_one(int index, const T& value, detail::lifetime keep) {
    if constexpr (std::same_as<T, std::nullptr_t> || std::same_as<T, std::nullopt_t>) {
      bind_null(index);
    } else if constexpr (std::integral<T>) {
      if constexpr (std::unsigned_integral<T> && sizeof(T) == 8) {
        if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) refuse_range(index);
      }
      bind_integer(index, static_cast<std::int64_t>(value));
    } else if constexpr (std::floating_point<T>) {
      bind_real(index, static_cast<double>(value));
    } else if constexpr (detail::text_like<T>) {
      bind_text(index, std::string_view(value), keep);
    } else if constexpr (detail::blob_like<T>) {
      bind_blob(index, std::span<const std::byte>(value), keep);
    } else if constexpr (requires {
                           value.has_value();
                           *value;
                         }) {
      if (value.has_value()) {
        bind_one(index, *value, keep);
      } else {
        bind_null(index);
      }
    } else {
      static_assert(std::integral<T>, "a parameter is a number, text, bytes, nullptr, or an optional of these");
    }
  }

  void begin_binding(int count);
  void finish();
  void bind_null(int index);
  void bind_integer(int index, std::int64_t value);
  void bind_real(int index, double value);
  void bind_text(int index, std::string_view value, detail::lifetime keep);
  void bind_blob(int index, std::span<const std::byte> value, detail::lifetime keep);
  [[noreturn]] void refuse_range(int index) const;
  [[noreturn]] void fail(int code) const;

  std::unique_ptr<sqlite3_stmt, detail::finalize_statement> handle_;
  std::shared_ptr<const std::string> file_;
};

class database {
 public:
  // Opens or creates the file (":memory:" is a private database without a file). The file must really be a database:
  // its header is read here, so that a wrong file is found now and not at the first statement.
  explicit database(const std::filesystem::path& file, const open_options& options = {});

  // Compiles one statement, once; keep the result where it is used often.
  [[nodiscard]] statement prepare(sql_text text);
  // One that a person wrote: refused unless it is a single statement that reads tables and gives rows.
  [[nodiscard]] statement prepare(const written_query& text);

  // Runs one or more statements without parameters (a schema); rows are thrown away.
  void execute(sql_text script);

  // Changes what commits wait for. Not inside a transaction (SQLite would ignore it), so that throws.
  void set_synchronous(sync_level level);

  // Copies the write-ahead log into the database and truncates it. False when readers held it back.
  bool checkpoint();

  // Leaves WAL mode, so that the database is one plain file that can be copied and read from a read-only disk.
  // False when another connection has it open; then it stays in WAL mode.
  bool leave_wal();

  // Rows changed by the last INSERT, UPDATE or DELETE; the row id of the last INSERT.
  [[nodiscard]] std::int64_t changes() const noexcept;
  [[nodiscard]] std::int64_t last_insert_id() const noexcept;
  [[nodiscard]] bool in_transaction() const noexcept;
  [[nodiscard]] const std::string& file() const noexcept { return *file_; }

 private:
  void run_script(const char* script);

  std::unique_ptr<sqlite3, detail::close_database> handle_;
  std::shared_ptr<const std::string> file_;
};

// `deferred` takes the write lock at the first write, `immediate` at once: use it where the transaction will write, so
// that it waits in the beginning instead of failing in the middle.
enum class transaction_kind : std::uint8_t { deferred, immediate };

// Rolls back unless commit() succeeded. Not nested.
class transaction {
 public:
  explicit transaction(database& db, transaction_kind kind = transaction_kind::immediate);
  ~transaction();
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;

  void commit();
  void rollback() noexcept;

 private:
  database* db_;
};

}  // namespace lakh::sql
