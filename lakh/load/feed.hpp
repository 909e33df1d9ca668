// Feeds: rows of data from a CSV or JSON Lines file, each item's row decided by the item's number alone.
//
// A file is read through and checked once, when it is opened: after that reading a row cannot fail. Files up to 64 MiB
// are held in memory; larger ones are mapped, and must not be cut short while the run goes on. Besides the file the
// index takes a little over 4 bytes per row.
#pragma once

#include <lakh/core/error.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::load {

class template_scope;

enum class feed_format : std::uint8_t { csv, json_lines };

enum class feed_order : std::uint8_t {
  once,     // row i for item i; there must be a row for every item
  cycle,    // from the start again after the last row
  random,   // any row, chosen anew for each item
  shuffle,  // each row once, in an order that seed and run choose
};
std::string_view name(feed_format format) noexcept;
std::string_view name(feed_order order) noexcept;

// The row for an item; `random` is the run's, mixed with the feed's name. rows > 0; for `once` and `shuffle` item <
// rows.
std::uint64_t feed_row(feed_order order, std::uint64_t rows, std::uint64_t item, std::uint64_t random) noexcept;

// An opened file. Immutable, shared by threads.
//
// CSV is RFC 4180: comma, quotation marks doubled inside quoted fields, CRLF or LF, a header row, UTF-8 with or without
// a byte order mark; empty lines are passed over. JSON Lines: one object per line, each with the names of the first; a
// string gives its text, any other value its JSON text.
class feed {
 public:
  // Throws input_error that names file, line and column (bad UTF-8, a ragged row, an empty or repeated column name, no
  // row at all), or says why the file cannot be read.
  static std::shared_ptr<const feed> open(const std::filesystem::path& path, feed_format format);
  static std::shared_ptr<const feed> from_text(std::string text, feed_format format, std::string file_name);

  feed(const feed&) = delete;
  feed& operator=(const feed&) = delete;
  ~feed();

  [[nodiscard]] const std::vector<std::string>& columns() const noexcept;
  [[nodiscard]] std::uint64_t rows() const noexcept;
  // SHA-256 of the file's bytes in hexadecimal: what `sha256sum` prints, so that a receipt can be checked by hand.
  [[nodiscard]] const std::string& sha256() const noexcept;
  [[nodiscard]] const std::string& file() const noexcept;

  // Fills cells (columns().size() of them) with views of row `row` (< rows()); they point into the file or into
  // `scratch`, and hold until the scratch is used again.
  void read(std::uint64_t row, std::span<std::string_view> cells, std::string& scratch) const;

 private:
  struct content;
  explicit feed(std::unique_ptr<const content> c) noexcept;
  std::unique_ptr<const content> content_;
};

struct feed_spec;  // plan.hpp

// The opened feeds of a plan.
class feed_set {
 public:
  struct entry {
    std::string name;
    std::shared_ptr<const feed> source;
    feed_order order = feed_order::once;
  };

  feed_set() = default;
  void add(std::string name, std::shared_ptr<const feed> source, feed_order order);
  [[nodiscard]] const std::vector<entry>& entries() const noexcept { return entries_; }
  // In the order in which they were added.
  void declare(template_scope& scope) const;
  // The most items that the feeds have rows for; nothing where there is no bound.
  [[nodiscard]] std::optional<std::uint64_t> capacity() const noexcept;
  // Throws input_error that says how many rows there are where they are too few.
  void check(std::uint64_t items) const;
  [[nodiscard]] std::size_t cell_count() const noexcept;

 private:
  std::vector<entry> entries_;
};

// One lane's way to the rows of its item. Not shared between threads; the set must outlive it.
class feed_reader {
 public:
  feed_reader(const feed_set& feeds, std::uint64_t run_random);
  // All cells of the item's rows, for render_input::cells; they hold until the next call. item < capacity().
  std::span<const std::string_view> read(std::uint64_t item);

 private:
  struct source {
    const feed* from;
    feed_order order;
    std::uint64_t random;
    std::string scratch;
  };
  std::vector<source> sources_;
  std::vector<std::string_view> cells_;
};

}  // namespace lakh::load
