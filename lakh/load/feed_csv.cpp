// CSV by RFC 4180, strictly: a quotation mark has its meaning at the start of a field only, and must be closed.
#include <lakh/core/error.hpp>
#include <lakh/load/feed_file.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

namespace lakh::load {
namespace {

struct csv_field {
  std::size_t begin = 0;  // of the value, without quotation marks
  std::size_t end = 0;
  bool doubled = false;  // holds "" for "
};

struct csv_fault {
  std::size_t offset = 0;
  const char* what = nullptr;
};

// The first byte from `at` on that means something in an unquoted field: comma, quotation mark, CR or LF; else the
// size.
std::size_t find_meaning(std::string_view text, std::size_t at) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    constexpr std::uint64_t ones = 0x0101010101010101ULL;
    constexpr std::uint64_t highs = 0x8080808080808080ULL;
    // Marks the bytes of that value; the lowest mark is exact, which is all that is asked.
    const auto equal = [](std::uint64_t word, unsigned char value) noexcept {
      const std::uint64_t x = word ^ (ones * value);
      return (x - ones) & ~x & highs;
    };
    for (; at + 8 <= text.size(); at += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + at, 8);
      const std::uint64_t hit = equal(word, ',') | equal(word, '\n') | equal(word, '\r') | equal(word, '"');
      if (hit != 0) return at + static_cast<std::size_t>(std::countr_zero(hit)) / 8;
    }
  }
  for (; at < text.size(); ++at)
    if (text[at] == ',' || text[at] == '\n' || text[at] == '\r' || text[at] == '"') break;
  return at;
}

// Reads the field at `at` and stops at the comma or line end behind it.
csv_fault read_field(std::string_view text, std::size_t& at, csv_field& field) noexcept {
  if (at < text.size() && text[at] == '"') {
    const std::size_t open = at++;
    field = {at, at, false};
    for (;;) {
      at = text.find('"', at);
      if (at == std::string_view::npos) {
        at = text.size();
        return {open, "this quotation mark is not closed"};
      }
      field.end = at++;
      if (at == text.size() || text[at] != '"') break;
      field.doubled = true;
      ++at;
    }
    if (at < text.size() && text[at] != ',' && text[at] != '\n' && !text.substr(at).starts_with("\r\n"))
      return {at, "a comma is missing after the closing quotation mark"};
    return {};
  }
  field = {at, at, false};
  at = find_meaning(text, at);
  if (at < text.size() && text[at] == '"') return {at, "a quotation mark inside an unquoted field"};
  if (at < text.size() && text[at] == '\r' && (at + 1 == text.size() || text[at + 1] != '\n'))
    return {at, "a carriage return without a line feed"};
  field.end = at;
  return {};
}

// Steps over the line's end, if there is one.
bool take_line_end(std::string_view text, std::size_t& at) noexcept {
  if (at < text.size() && text[at] == '\n') {
    ++at;
    return true;
  }
  if (text.substr(at).starts_with("\r\n")) {
    at += 2;
    return true;
  }
  return at == text.size();
}

void append_undoubled(std::string& out, std::string_view value) {
  std::size_t at = 0;
  for (;;) {
    const std::size_t mark = value.find("\"\"", at);
    if (mark == std::string_view::npos) break;
    out.append(value, at, mark + 1 - at);
    at = mark + 2;
  }
  out.append(value, at);
}

// A column's name, without the white space that people leave around it.
std::string name_of(std::string_view text, const csv_field& field) {
  std::string name;
  const std::string_view value = text.substr(field.begin, field.end - field.begin);
  field.doubled ? append_undoubled(name, value) : void(name = value);
  constexpr std::string_view blank = " \t";
  name.erase(0, name.find_first_not_of(blank));
  name.resize(name.find_last_not_of(blank) + 1);
  return name;
}

std::string hint_for(std::string_view what) {
  if (what.find("inside an unquoted") == std::string_view::npos) return {};
  return "put the field in quotation marks and double those inside it";
}

}  // namespace

void index_csv(feed_content& content) {
  const std::string_view text = content.bytes.view();
  std::size_t at = text.starts_with("\xef\xbb\xbf") ? 3 : 0;
  bool header = true;
  while (at < text.size()) {
    if (take_line_end(text, at)) continue;
    const std::size_t row = at;
    std::size_t fields = 0;
    std::size_t scratch = 0;
    for (;;) {
      const std::size_t begin = at;
      csv_field field;
      if (const auto fault = read_field(text, at, field); fault.what != nullptr)
        fail_feed(content, fault.offset, fault.what, hint_for(fault.what));
      if (header) add_feed_column(content, name_of(text, field), begin);
      ++fields;
      if (field.doubled) scratch += field.end - field.begin;
      if (take_line_end(text, at)) break;
      ++at;  // the comma
    }
    if (at - row > feed_row_limit)
      fail_feed(content, row, "the row is longer than 1 MiB", "is a quotation mark missing?", false);
    if (!header) {
      if (fields != content.columns.size()) {
        fail_feed(content, row,
                  "the row has " + std::to_string(fields) + (fields == 1 ? " field" : " fields") +
                      ", but the header has " + std::to_string(content.columns.size()),
                  "a comma or line break inside a field needs quotation marks around the field", false);
      }
      add_feed_row(content, row);
      content.scratch = std::max(content.scratch, scratch);
    }
    header = false;
  }
  if (header) throw input_error(input_place(content.file), "the file is empty", "a feed needs a header and a row");
  if (content.rows.size() == 0)
    throw input_error(input_place(content.file), "the file has a header but no rows", "a feed needs at least one row");
}

void read_csv(const feed_content& content, std::uint64_t row, std::string_view* cells, std::string& scratch) {
  const std::string_view text = content.bytes.view();
  std::size_t at = content.rows.at(row);
  for (std::size_t i = 0; i < content.columns.size(); ++i, ++at) {
    csv_field field;
    read_field(text, at, field);
    const std::string_view value = text.substr(field.begin, field.end - field.begin);
    if (!field.doubled) {
      cells[i] = value;
      continue;
    }
    const std::size_t begin = scratch.size();
    append_undoubled(scratch, value);
    cells[i] = std::string_view(scratch).substr(begin);
  }
}

}  // namespace lakh::load
