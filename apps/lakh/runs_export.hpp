// The items of a run for a spreadsheet or a program: what became of each, and what was sent for it, so that a person
// can settle by hand what the machine could not.
#pragma once

#include <lakh/load/ledger_reader.hpp>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

namespace lakh::cli {

enum class export_format : unsigned char {
  csv,         // RFC 4180, with a header; UTF-8
  json_lines,  // an object on each line
};

class items_writer {
 public:
  items_writer(std::ostream& out, export_format format);

  // `started_at` is RFC 3339 or empty; `request` is what was sent, empty if that cannot be told.
  void outcome(const load::outcome_record& record, std::string_view started_at, std::string_view request);
  // An item that was claimed, and of which nothing is known.
  void in_doubt(std::uint64_t item, std::string_view request);

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  void row(std::uint64_t item, std::string_view state, const load::outcome_record& record, std::string_view started_at,
           std::string_view request);

  std::ostream& out_;
  export_format format_;
  std::string line_;
  std::uint64_t count_ = 0;
};

}  // namespace lakh::cli
