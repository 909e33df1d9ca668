#include <lakh/sql/sqlite.hpp>

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace lakh::sql {
namespace {

constexpr int primary(int extended_code) {
  return extended_code & 0xff;
}

// The statement as far as it helps to recognise it: one line, at most 80 characters.
std::string gist(std::string_view text) {
  constexpr std::size_t longest = 80;
  std::string line;
  for (const char letter : text) {
    const bool space = letter == ' ' || letter == '\n' || letter == '\t' || letter == '\r';
    if (space && (line.empty() || line.back() == ' ')) continue;
    line.push_back(space ? ' ' : letter);
    if (line.size() == longest) return line + "...";
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

bool left_by_a_dead_writer(int extended_code) noexcept {
  return extended_code == SQLITE_READONLY_ROLLBACK || extended_code == SQLITE_READONLY_RECOVERY ||
         extended_code == SQLITE_READONLY_CANTINIT || extended_code == SQLITE_CANTOPEN_DIRTYWAL;
}

std::string hint_for(int extended_code) {
  if (left_by_a_dead_writer(extended_code)) {
    return "its writer died in the middle of a change: open the file once with write access, which repairs it";
  }
  switch (primary(extended_code)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return "another process has the file open and is writing: wait for it, or stop it";
    case SQLITE_FULL: return "the disk is full: free some space, or choose a folder on another disk";
    case SQLITE_READONLY: return "the file or its folder cannot be written: check owner, permissions and mount";
    case SQLITE_CANTOPEN:
      return "check that the folder exists, that you may write there, and that the name is not a folder";
    case SQLITE_PERM:
    case SQLITE_AUTH: return "check owner and permissions of the file";
    case SQLITE_NOTADB: return "the file is something else than an SQLite database, or encrypted: check the name";
    case SQLITE_CORRUPT:
      return "the file is damaged: restore a copy, or rescue what can be read with `sqlite3 FILE .recover`";
    case SQLITE_IOERR:
      return "the disk could not be read or written: look for a full disk, a file size limit (ulimit -f), or errors in "
             "dmesg";
    case SQLITE_TOOBIG: return "one value is larger than SQLite's limit";
    default: return {};
  }
}

std::error_code code_for(int extended_code) {
  switch (primary(extended_code)) {
    case SQLITE_FULL: return {ENOSPC, std::generic_category()};
    case SQLITE_READONLY: return {EROFS, std::generic_category()};
    case SQLITE_IOERR: return {EIO, std::generic_category()};
    default: return errc::storage_failure;
  }
}

[[noreturn]] void throw_sql(int extended_code, sqlite3* handle, const std::string& file, std::string_view text) {
  // The message belongs to the connection's last call; without a connection the code's own text has to do.
  const char* reason = handle != nullptr && sqlite3_extended_errcode(handle) == extended_code
                           ? sqlite3_errmsg(handle)
                           : sqlite3_errstr(extended_code);
  std::string what = fmt::format("{}: {}", file, reason);
  if (const int system = handle != nullptr ? sqlite3_system_errno(handle) : 0;
      system != 0 && (primary(extended_code) == SQLITE_CANTOPEN || primary(extended_code) == SQLITE_IOERR)) {
    what += fmt::format(" ({})", std::generic_category().message(system));
  }
  if (!text.empty()) what += fmt::format(" (in `{}`)", gist(text));
  throw sql_error(extended_code, code_for(extended_code), what, hint_for(extended_code));
}

std::string_view text_of(sqlite3_stmt* handle) noexcept {
  const char* text = handle != nullptr ? sqlite3_sql(handle) : nullptr;
  return text != nullptr ? std::string_view(text) : std::string_view();
}

int open_flags(open_mode mode) noexcept {
  constexpr int common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;  // rule 2: one thread at a time needs no lock
  switch (mode) {
    case open_mode::read_only: return common | SQLITE_OPEN_READONLY;
    case open_mode::read_write: return common | SQLITE_OPEN_READWRITE;
    case open_mode::create: break;
  }
  return common | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
}

const char* pragma_for(sync_level level) noexcept {
  switch (level) {
    case sync_level::off: return "PRAGMA synchronous=OFF";
    case sync_level::normal: return "PRAGMA synchronous=NORMAL";
    case sync_level::full: break;
  }
  return "PRAGMA synchronous=FULL";
}

}  // namespace

sql_error::sql_error(int extended_code, std::error_code code, const std::string& what, std::string hint)
    : storage_error(code, what, std::move(hint)), extended_code_(extended_code) {}

bool sql_error::is_busy() const noexcept {
  return primary(extended_code_) == SQLITE_BUSY || primary(extended_code_) == SQLITE_LOCKED;
}
bool sql_error::is_full() const noexcept {
  return primary(extended_code_) == SQLITE_FULL;
}
bool sql_error::is_corrupt() const noexcept {
  return primary(extended_code_) == SQLITE_CORRUPT || primary(extended_code_) == SQLITE_NOTADB;
}
bool sql_error::is_constraint() const noexcept {
  return primary(extended_code_) == SQLITE_CONSTRAINT;
}
bool sql_error::is_unique_violation() const noexcept {
  return extended_code_ == SQLITE_CONSTRAINT_UNIQUE || extended_code_ == SQLITE_CONSTRAINT_PRIMARYKEY ||
         extended_code_ == SQLITE_CONSTRAINT_ROWID;
}

bool sql_error::needs_recovery() const noexcept {
  return left_by_a_dead_writer(extended_code_);
}

void detail::close_database::operator()(sqlite3* handle) const noexcept {
  sqlite3_close_v2(handle);
}
void detail::finalize_statement::operator()(sqlite3_stmt* handle) const noexcept {
  sqlite3_finalize(handle);
}

// ---- statement

bool statement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) fail(code);
  sqlite3_reset(handle_.get());
  return false;
}

void statement::finish() {
  int code = sqlite3_step(handle_.get());
  while (code == SQLITE_ROW) code = sqlite3_step(handle_.get());
  if (code != SQLITE_DONE) fail(code);
  sqlite3_reset(handle_.get());
  sqlite3_clear_bindings(handle_.get());  // borrowed values end with this call
}

void statement::reset() noexcept {
  sqlite3_reset(handle_.get());
}

void statement::begin_binding(int count) {
  sqlite3_reset(handle_.get());
  const int wanted = sqlite3_bind_parameter_count(handle_.get());
  if (count != wanted) {
    throw sql_error(
        SQLITE_RANGE, errc::bad_input,
        fmt::format("{}: {} values for {} parameters (in `{}`)", *file_, count, wanted, gist(text_of(handle_.get()))),
        {});
  }
}

void statement::bind_null(int index) {
  if (const int code = sqlite3_bind_null(handle_.get(), index); code != SQLITE_OK) fail(code);
}
void statement::bind_integer(int index, std::int64_t value) {
  if (const int code = sqlite3_bind_int64(handle_.get(), index, value); code != SQLITE_OK) fail(code);
}
void statement::bind_real(int index, double value) {
  if (const int code = sqlite3_bind_double(handle_.get(), index, value); code != SQLITE_OK) fail(code);
}
void statement::bind_text(int index, std::string_view value, detail::lifetime keep) {
  const auto release = keep == detail::lifetime::borrow ? SQLITE_STATIC : SQLITE_TRANSIENT;
  const char* data = value.data() != nullptr ? value.data() : "";  // a null pointer would store NULL
  if (const int code = sqlite3_bind_text64(handle_.get(), index, data, value.size(), release, SQLITE_UTF8);
      code != SQLITE_OK)
    fail(code);
}
void statement::bind_blob(int index, std::span<const std::byte> value, detail::lifetime keep) {
  const auto release = keep == detail::lifetime::borrow ? SQLITE_STATIC : SQLITE_TRANSIENT;
  const void* data = value.data() != nullptr ? static_cast<const void*>(value.data()) : "";
  if (const int code = sqlite3_bind_blob64(handle_.get(), index, data, value.size(), release); code != SQLITE_OK)
    fail(code);
}

void statement::refuse_range(int index) const {
  throw sql_error(
      SQLITE_RANGE, errc::bad_input,
      fmt::format("{}: parameter {} is larger than 2^63-1 (in `{}`)", *file_, index, gist(text_of(handle_.get()))), {});
}

void statement::fail(int code) const {
  sqlite3* connection = sqlite3_db_handle(handle_.get());
  const std::string file = *file_;
  try {
    throw_sql(code, connection, file, text_of(handle_.get()));
  } catch (...) {
    // The message was taken; now the statement must not keep a lock or borrowed values.
    sqlite3_reset(handle_.get());
    sqlite3_clear_bindings(handle_.get());
    throw;
  }
}

int statement::parameter_count() const noexcept {
  return sqlite3_bind_parameter_count(handle_.get());
}
std::string_view statement::parameter_name(int number) const noexcept {
  const char* const name = sqlite3_bind_parameter_name(handle_.get(), number);
  return name != nullptr ? std::string_view(name) : std::string_view();
}
int statement::column_count() const noexcept {
  return sqlite3_column_count(handle_.get());
}
bool statement::is_null(int column) const noexcept {
  return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}
std::int64_t statement::integer(int column) const noexcept {
  return sqlite3_column_int64(handle_.get(), column);
}
double statement::real(int column) const noexcept {
  return sqlite3_column_double(handle_.get(), column);
}

std::string_view statement::text(int column) const noexcept {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

std::span<const std::byte> statement::blob(int column) const noexcept {
  const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(handle_.get(), column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

// ---- database

database::database(const std::filesystem::path& file, const open_options& options)
    : file_(std::make_shared<const std::string>(file.string())) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(file_->c_str(), &opened, open_flags(options.mode_), nullptr);
  handle_.reset(opened);  // even a failed open may leave a handle, which carries the message
  if (code != SQLITE_OK) throw_sql(code, opened, *file_, {});

  sqlite3_busy_timeout(opened, static_cast<int>(options.busy_timeout_.count()));
  sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, options.trust_schema_ ? 1 : 0, nullptr);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  if (options.page_size_) run_script(fmt::format("PRAGMA page_size={}", *options.page_size_).c_str());
  if (options.cache_kib_) run_script(fmt::format("PRAGMA cache_size=-{}", std::max(1, *options.cache_kib_)).c_str());
  if (options.memory_map_) run_script(fmt::format("PRAGMA mmap_size={}", *options.memory_map_).c_str());
  run_script("SELECT count(*) FROM sqlite_schema");  // reads the header
  if (options.wal_) run_script("PRAGMA journal_mode=WAL");
  if (options.wal_autocheckpoint_)
    run_script(fmt::format("PRAGMA wal_autocheckpoint={}", *options.wal_autocheckpoint_).c_str());
  run_script("PRAGMA foreign_keys=ON");
  if (options.synchronous_) run_script(pragma_for(*options.synchronous_));
}

void database::run_script(const char* script) {
  if (const int code = sqlite3_exec(handle_.get(), script, nullptr, nullptr, nullptr); code != SQLITE_OK) {
    throw_sql(code, handle_.get(), *file_, script);
  }
}

void database::execute(sql_text script) {
  run_script(script.view().data());
}

statement database::prepare(sql_text text) {
  sqlite3_stmt* made = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), text.view().data(), static_cast<int>(text.view().size()) + 1,
                                      SQLITE_PREPARE_PERSISTENT, &made, nullptr);
  std::unique_ptr<sqlite3_stmt, detail::finalize_statement> handle(made);
  if (code != SQLITE_OK) throw_sql(code, handle_.get(), *file_, text.view());
  return {std::move(handle), file_};
}

statement database::prepare(const written_query& text) {
  const auto refuse = [&](const std::string& why) -> sql_error {
    return {SQLITE_AUTH, errc::bad_input, fmt::format("{}: {} (in `{}`)", *file_, why, gist(text.text())),
            "write one SELECT"};
  };
  const auto compile = [&](std::string_view one, const char** rest) {
    sqlite3_stmt* made = nullptr;
    const int code = sqlite3_prepare_v3(handle_.get(), one.data(), static_cast<int>(one.size()), 0, &made, rest);
    std::unique_ptr<sqlite3_stmt, detail::finalize_statement> handle(made);
    if (primary(code) == SQLITE_AUTH) throw refuse("a query may only read");
    if (code != SQLITE_OK) throw_sql(code, handle_.get(), *file_, text.text());
    return handle;
  };
  if (text.text().size() > 1'000'000) throw refuse("a query of more than a million characters");
  if (text.text().find('\0') != std::string::npos) throw refuse("a query with a NUL in it");
  // SQLite asks of every part of the statement whether it may be.
  struct only_reading {
    explicit only_reading(sqlite3* to) : connection(to) {
      sqlite3_set_authorizer(
          to,
          [](void*, int action, const char*, const char*, const char*, const char*) {
            const bool reads = action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_FUNCTION ||
                               action == SQLITE_RECURSIVE;
            return reads ? SQLITE_OK : SQLITE_DENY;
          },
          nullptr);
    }
    only_reading(const only_reading&) = delete;
    only_reading& operator=(const only_reading&) = delete;
    ~only_reading() { sqlite3_set_authorizer(connection, nullptr, nullptr); }
    sqlite3* connection;
  };
  const only_reading meanwhile(handle_.get());
  const char* rest = nullptr;
  auto handle = compile(text.text(), &rest);
  if (!handle || sqlite3_column_count(handle.get()) == 0 || sqlite3_stmt_readonly(handle.get()) == 0)
    throw refuse("this is no query");
  for (const char* end = text.text().data() + text.text().size(); rest != end;)
    if (compile(std::string_view(rest, static_cast<std::size_t>(end - rest)), &rest))
      throw refuse("more than one statement");
  return {std::move(handle), file_};
}

void database::set_synchronous(sync_level level) {
  if (in_transaction()) {
    throw sql_error(SQLITE_MISUSE, errc::storage_failure, *file_ + ": synchronous cannot change inside a transaction",
                    {});
  }
  run_script(pragma_for(level));
}

bool database::checkpoint() {
  const int code = sqlite3_wal_checkpoint_v2(handle_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (code == SQLITE_OK) return true;
  if (primary(code) == SQLITE_BUSY || primary(code) == SQLITE_LOCKED) return false;
  throw_sql(code, handle_.get(), *file_, "checkpoint");
}

bool database::leave_wal() {
  const int code = sqlite3_exec(handle_.get(), "PRAGMA journal_mode=DELETE", nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return true;
  if (primary(code) == SQLITE_BUSY || primary(code) == SQLITE_LOCKED) return false;
  throw_sql(code, handle_.get(), *file_, "PRAGMA journal_mode=DELETE");
}

std::int64_t database::changes() const noexcept {
  return sqlite3_changes64(handle_.get());
}
std::int64_t database::last_insert_id() const noexcept {
  return sqlite3_last_insert_rowid(handle_.get());
}
bool database::in_transaction() const noexcept {
  return sqlite3_get_autocommit(handle_.get()) == 0;
}

// ---- transaction

transaction::transaction(database& db, transaction_kind kind) : db_(&db) {
  if (kind == transaction_kind::immediate) {
    db.execute("BEGIN IMMEDIATE");
  } else {
    db.execute("BEGIN");
  }
}

transaction::~transaction() {
  rollback();
}

void transaction::commit() {
  if (db_ == nullptr) throw sql_error(SQLITE_MISUSE, errc::storage_failure, "the transaction has already ended", {});
  db_->execute("COMMIT");
  db_ = nullptr;
}

void transaction::rollback() noexcept {
  database* db = std::exchange(db_, nullptr);
  if (db == nullptr || !db->in_transaction()) return;  // SQLite itself rolls back after a full disk or an I/O error
  try {
    db->execute("ROLLBACK");
  } catch (const error&) {
    // Nothing was committed either way: an open transaction ends with its connection.
  }
}

}  // namespace lakh::sql
