// JSON Lines: one object per line, each with the names of the first, in any order.
#include <lakh/core/error.hpp>
#include <lakh/core/json_text.hpp>
#include <lakh/core/text.hpp>
#include <lakh/load/feed_file.hpp>

#include <algorithm>

namespace lakh::load {
namespace {

// Calls member(name, raw) for each member of the object; true if the line was one whole object.
template <typename Member> bool each_member(json_cursor& cursor, Member&& member) {
  cursor.skip_space();
  if (!cursor.take('{')) return false;
  cursor.skip_space();
  if (!cursor.take('}')) {
    for (;;) {
      std::string_view name;
      std::string_view raw;
      cursor.skip_space();
      if (cursor.string(name) != json_status::ok) return false;
      cursor.skip_space();
      if (!cursor.take(':')) return false;
      cursor.skip_space();
      if (cursor.value(raw) != json_status::ok) return false;
      member(name, raw);
      cursor.skip_space();
      if (cursor.take('}')) break;
      if (!cursor.take(',')) return false;
    }
  }
  cursor.skip_space();
  return cursor.at_end();
}

bool is_string(std::string_view raw) noexcept {
  return raw.starts_with('"');
}

bool has_escape(std::string_view raw) noexcept {
  return is_string(raw) && raw.find('\\') != std::string_view::npos;
}

// The column of a name, tried first where it stands in the first line.
std::size_t column_of(const feed_content& content, std::string_view name, std::size_t position) noexcept {
  const auto& columns = content.columns;
  if (position < columns.size() && json_string_equals(name, columns[position])) return position;
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (json_string_equals(name, columns[i])) return i;
  return columns.size();
}

std::string_view line_at(std::string_view text, std::size_t at) noexcept {
  return text.substr(at, std::min(text.find('\n', at), text.size()) - at);
}

}  // namespace

void index_json_lines(feed_content& content) {
  const std::string_view text = content.bytes.view();
  std::size_t at = text.starts_with("\xef\xbb\xbf") ? 3 : 0;
  std::vector<bool> seen;
  std::string unescaped;
  for (; at < text.size(); ++at) {
    const std::string_view line = line_at(text, at);
    const std::size_t row = at;
    at += line.size();
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (line.size() > feed_row_limit) fail_feed(content, row, "the line is longer than 1 MiB", {}, false);
    const bool first = content.rows.size() == 0;
    seen.assign(content.columns.size(), false);
    std::size_t position = 0;
    std::size_t scratch = 0;
    json_cursor cursor(line);
    const auto text_of = [&](std::string_view raw) {
      unescaped.clear();
      if (!append_json_text(unescaped, raw))
        fail_feed(content, row + static_cast<std::size_t>(raw.data() - line.data()), "half of a surrogate pair");
      return unescaped;
    };
    const bool whole = each_member(cursor, [&](std::string_view name, std::string_view raw) {
      const std::size_t where = row + static_cast<std::size_t>(name.data() - line.data()) - 1;
      if (has_escape(raw)) {
        static_cast<void>(text_of(raw));
        scratch += raw.size();
      }
      if (first) {
        unescaped.clear();
        if (!append_json_unescaped(unescaped, name)) fail_feed(content, where, "half of a surrogate pair");
        add_feed_column(content, unescaped, where);
        return;
      }
      const std::size_t column = column_of(content, name, position++);
      if (column == content.columns.size())
        fail_feed(content, where, "the first line has no '" + std::string(name.substr(0, 60)) + "'",
                  "every line needs the names of the first line");
      if (seen[column]) fail_feed(content, where, "'" + content.columns[column] + "' stands twice in this line");
      seen[column] = true;
    });
    if (!whole) {
      const bool object =
          line.find_first_not_of(" \t\r") != std::string_view::npos && line[line.find_first_not_of(" \t\r")] == '{';
      fail_feed(content, row + cursor.offset(),
                object ? "this is not JSON" : "a line must be a JSON object, such as {\"name\":\"Zoë\"}");
    }
    if (first && content.columns.empty())
      fail_feed(content, row, "the object is empty", "a feed needs at least one value per line", false);
    if (!first) {
      const auto missing = std::ranges::find(seen, false);
      if (missing != seen.end()) {
        fail_feed(content, row,
                  "'" + content.columns[static_cast<std::size_t>(missing - seen.begin())] + "' is missing",
                  "every line needs the names of the first line", false);
      }
    }
    add_feed_row(content, row);
    content.scratch = std::max(content.scratch, scratch);
  }
  if (content.rows.size() == 0)
    throw input_error(input_place(content.file), "the file is empty", "a feed needs at least one row");
}

void read_json_line(const feed_content& content, std::uint64_t row, std::string_view* cells, std::string& scratch) {
  json_cursor cursor(line_at(content.bytes.view(), content.rows.at(row)));
  std::size_t position = 0;
  each_member(cursor, [&](std::string_view name, std::string_view raw) {
    const std::size_t column = column_of(content, name, position++);
    if (column == content.columns.size()) return;
    if (has_escape(raw)) {
      const std::size_t begin = scratch.size();
      append_json_text(scratch, raw);
      cells[column] = std::string_view(scratch).substr(begin);
    } else {
      cells[column] = is_string(raw) ? raw.substr(1, raw.size() - 2) : raw;
    }
  });
}

}  // namespace lakh::load
