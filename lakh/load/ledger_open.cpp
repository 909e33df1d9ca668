#include <lakh/load/ledger_open.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <set>
#include <utility>

namespace lakh::load {
namespace {

constexpr const char* damage_hint =
    "the file was changed or damaged: restore it from a copy; what it still says cannot be trusted";

sql::open_options reading() {
  return sql::open_options().mode(sql::open_mode::read_only).cache_kib(4096);
}

std::string schema_of(sql::database& db) {
  auto select = db.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name");
  select.start();
  std::string text;
  while (select.step())
    text += fmt::format("{} {} {}\n{}\n", select.text(0), select.text(1), select.text(2), select.text(3));
  return text;
}

const std::string& known_schema() {
  static const std::string known = [] {
    sql::database db(":memory:");
    create_ledger_schema(db);
    return schema_of(db);
  }();
  return known;
}

// A folder that goes with everything in it.
std::shared_ptr<void> private_folder(std::filesystem::path& folder) {
  std::string pattern = (std::filesystem::temp_directory_path() / "lakh-ledger-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    throw storage_error(std::error_code(errno, std::generic_category()), pattern + ": cannot make a folder",
                        "set TMPDIR to a folder where you may write");
  folder = pattern;
  return {nullptr, [pattern](void*) {
            std::error_code code;
            std::filesystem::remove_all(pattern, code);
          }};
}

bool is_hex(std::string_view text) noexcept {
  return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

void refuse_ledger(const std::filesystem::path& file, const std::string& what, std::optional<std::string> hint) {
  throw storage_error(errc::storage_failure, file.string() + ": " + what, hint ? *std::move(hint) : damage_hint);
}

opened_ledger::opened_ledger(const std::filesystem::path& file) {
  try {
    db_.emplace(file, reading());
    return;
  } catch (const sql::sql_error& caught) {
    // Nobody who may not write can read a write-ahead log without its index, nor take a half-made change back.
    const bool may_be_readable = caught.needs_recovery() || (caught.extended_code() & 0xff) == 14 /* CANTOPEN */ ||
                                 (caught.extended_code() & 0xff) == 8 /* READONLY */;
    if (!may_be_readable) throw;
    if (caught.needs_recovery()) {
      try {
        // Its writer was killed while it made or closed the file: SQLite takes the half-made change back, nothing of
        // ours is in it.
        (void)sql::database(file, sql::open_options().mode(sql::open_mode::read_write));
        db_.emplace(file, reading());
        return;
      } catch (const sql::sql_error&) {
        db_.reset();  // not allowed here
      }
    }
    std::error_code code;
    if (!std::filesystem::is_regular_file(file, code)) throw;
  }
  open_copy(file);
}

void opened_ledger::open_copy(const std::filesystem::path& file) {
  std::filesystem::path folder;
  copy_ = private_folder(folder);
  const std::filesystem::path copy = folder / file.filename();
  for (const char* suffix : {"", "-wal", "-journal"}) {
    const std::filesystem::path part = file.string() + suffix;
    std::error_code code;
    if (!std::filesystem::exists(part, code)) continue;
    std::filesystem::copy_file(part, copy.string() + suffix, code);
    if (code)
      throw storage_error(code, part.string() + ": cannot be copied to be read: " + code.message(),
                          "its writer was killed, and here nobody may write: copy the run's folder to where you may");
    std::filesystem::permissions(copy.string() + suffix, std::filesystem::perms::owner_all, code);
  }
  db_.emplace(copy, sql::open_options().mode(sql::open_mode::read_write).cache_kib(4096));
}

ledger_meta read_ledger_meta(const std::filesystem::path& file, sql::database& db) {
  static const std::set<std::string, std::less<>> known{"format",     "run_id",  "plan_digest", "session", "writer",
                                                        "created_at", "flushes", "entries",     "head",    "closed_at"};
  ledger_meta meta;
  const std::string schema = schema_of(db);
  if (schema.empty()) return meta;
  auto select = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'meta'");
  select.start();
  if (!select.step()) refuse_ledger(file, "this is not a ledger: it has no table `meta`");
  select.reset();

  auto entries = db.prepare("SELECT key, value, typeof(key) = 'text' AND typeof(value) = 'text' FROM meta");
  entries.start();
  while (entries.step()) {
    if (entries.integer(2) == 0) refuse_ledger(file, "an entry of meta is not a text");
    meta.emplace(entries.text(0), entries.text(1));
  }
  const int format = required_number<int>(file, meta, "format");
  if (format != ledger_format_version) {
    refuse_ledger(file, fmt::format("ledger format {} is not known here (this is {})", format, ledger_format_version),
                  "read it with the version of lakh that wrote it");
  }
  for (const auto& [key, value] : meta)
    if (!known.contains(key)) refuse_ledger(file, "meta has an entry that no writer makes");
  const auto closing = meta.contains("closed_at") + meta.contains("entries") + meta.contains("head");
  if (closing != 0 && closing != 3) refuse_ledger(file, "its closing entry is not complete");
  if (schema != known_schema()) refuse_ledger(file, "its tables or views are not those of a ledger");
  return meta;
}

const std::string& required_meta(const std::filesystem::path& file, const ledger_meta& meta, std::string_view key) {
  const auto found = meta.find(key);
  if (found == meta.end()) refuse_ledger(file, fmt::format("meta has no `{}`", key));
  return found->second;
}

ledger_identity ledger_identity_of(const std::filesystem::path& file, const ledger_meta& meta) {
  ledger_identity identity(required_meta(file, meta, "run_id"), required_meta(file, meta, "plan_digest"),
                           required_number<std::uint32_t>(file, meta, "session"),
                           required_number<std::uint32_t>(file, meta, "writer"));
  identity.created_at = required_meta(file, meta, "created_at");
  // What goes into the chain's beginning, a line each, must not have lines of its own.
  if (identity.run_id.find('\n') != std::string::npos || !is_hex(identity.plan_digest) ||
      !is_ledger_time(identity.created_at))
    refuse_ledger(file, "meta does not say which run this is");
  if (ledger_file_name(identity.writer) != file.filename())
    refuse_ledger(file, "the file has the name of another writer");
  return identity;
}

bool is_ledger_time(std::string_view text) noexcept {
  constexpr std::string_view form = "0000-00-00T00:00:00.000Z";
  if (text.size() != form.size()) return false;
  for (std::size_t at = 0; at < form.size(); ++at) {
    const bool digit = text[at] >= '0' && text[at] <= '9';
    if (form[at] == '0' ? !digit : text[at] != form[at]) return false;
  }
  return true;
}

}  // namespace lakh::load
