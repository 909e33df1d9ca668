// Feeds: a file is refused with an input_error or read; what was read and is written down again is read as the same.
// Input: one byte for the format (even: CSV, odd: JSON Lines) and the file.
#include "expect.hpp"

#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>
#include <lakh/load/feed.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using lakh::fuzz::expect;
using lakh::fuzz::expect_equal;
using namespace lakh::load;

void append_csv_field(std::string& out, std::string_view value) {
  out += '"';
  for (const char c : value) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > (1U << 16)) return 0;
  const auto format = data[0] % 2 == 0 ? feed_format::csv : feed_format::json_lines;
  std::shared_ptr<const feed> read;
  try {
    read = feed::from_text(std::string(reinterpret_cast<const char*>(data) + 1, size - 1), format, "f");
  } catch (const lakh::input_error&) {
    return 0;
  }
  expect(read->rows() > 0 && !read->columns().empty(), "a feed has a row and a column");
  std::string copy;
  for (const auto& column : read->columns()) {
    if (!copy.empty()) copy += ',';
    append_csv_field(copy, column);
  }
  std::vector<std::string_view> cells(read->columns().size());
  std::string scratch;
  for (std::uint64_t row = 0; row < read->rows(); ++row) {
    read->read(row, cells, scratch);
    copy += "\r\n";
    for (std::size_t i = 0; i < cells.size(); ++i) {
      expect(lakh::is_utf8(cells[i]), "a cell is UTF-8");
      if (i != 0) copy += ',';
      append_csv_field(copy, cells[i]);
    }
  }
  // White space around a column's name is taken off in CSV and kept in JSON, where a name may be white space only.
  if (format == feed_format::json_lines) return 0;
  const auto again = feed::from_text(copy, feed_format::csv, "again");
  expect(again->rows() == read->rows() && again->columns() == read->columns(), "a copy has the same form");
  std::vector<std::string_view> copied(cells.size());
  std::string other_scratch;
  for (std::uint64_t row = 0; row < read->rows(); ++row) {
    read->read(row, cells, scratch);
    again->read(row, copied, other_scratch);
    for (std::size_t i = 0; i < cells.size(); ++i) expect_equal(cells[i], copied[i], "a copy has the same cells");
  }
  return 0;
}
