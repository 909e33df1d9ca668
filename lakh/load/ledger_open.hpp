// Opens a ledger file for reading, in whatever state its writer left it, and makes sure that it is one.
//
// 1. The file is never written to, but for what SQLite itself must take back after a writer's death (a hot journal),
//    and only where that is allowed. Where it is not, on a read-only disk or in a folder of another user, a private
//    copy is read instead.
// 2. Tables and views are those of ledger_format.hpp to the letter: the view `outcome` that a person reads must not say
//    something else than the rows.
#pragma once

#include <lakh/load/ledger_format.hpp>
#include <lakh/sql/sqlite.hpp>

#include <charconv>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace lakh::load {

class opened_ledger {
 public:
  // Throws storage_error.
  explicit opened_ledger(const std::filesystem::path& file);

  [[nodiscard]] sql::database& db() noexcept { return *db_; }

 private:
  void open_copy(const std::filesystem::path& file);

  std::shared_ptr<void> copy_;  // the folder of a private copy: goes after the database
  std::optional<sql::database> db_;
};

using ledger_meta = std::map<std::string, std::string, std::less<>>;

// Checks rule 2, and reads the table `meta`. Empty if the writer was killed before it had made its tables. Throws
// storage_error, also for an entry that no writer makes.
ledger_meta read_ledger_meta(const std::filesystem::path& file, sql::database& db);

// Throws storage_error for another format, or where something is missing or not in the form in which it is written.
ledger_identity ledger_identity_of(const std::filesystem::path& file, const ledger_meta& meta);

const std::string& required_meta(const std::filesystem::path& file, const ledger_meta& meta, std::string_view key);

// Whether it is a time as lakh::rfc3339() writes it.
bool is_ledger_time(std::string_view text) noexcept;

// Throws storage_error with the file's name, `what`, and a hint; by default that the file was changed or damaged.
[[noreturn]] void refuse_ledger(const std::filesystem::path& file, const std::string& what,
                                std::optional<std::string> hint = std::nullopt);

// A number as std::to_string writes it.
template <typename Number>
Number required_number(const std::filesystem::path& file, const ledger_meta& meta, std::string_view key) {
  const std::string& text = required_meta(file, meta, key);
  Number value{};
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || std::to_string(value) != text)
    refuse_ledger(file, "meta `" + std::string(key) + "` is not a number");
  return value;
}

}  // namespace lakh::load
