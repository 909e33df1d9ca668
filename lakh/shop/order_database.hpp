// The shop's database file: what is in it, and how it is opened.
//
//   orders     one row per order; `answer` is the JSON that was answered, the other columns are what is searched for
//   runs       how many orders each run has; '' counts those without one
//   totals     the same of all runs, one row
//   customers  by e-mail, as last seen
//   order_lines, order_addresses   views into the answers, for people who ask with SQL (`sqlite3 shop.db`; this
//   program's
//              own connections do not trust what a file's schema calls, so they cannot use them)
#pragma once

#include <lakh/sql/sqlite.hpp>

#include <filesystem>

namespace lakh::shop {

class database_tuning {
 public:
  database_tuning() = default;
  int page_size = 4096;  // of a file that is created
  int cache_kib = 64 * 1024;
};

// Opens the file for writing, creating it where there is none. Throws sql_error, or input_error where the file is some
// other program's database, or a later version's.
sql::database open_to_write(const std::filesystem::path& file, const database_tuning& tuning = {});

// Another view on a file that open_to_write has opened.
sql::database open_to_read(const std::filesystem::path& file);

}  // namespace lakh::shop
