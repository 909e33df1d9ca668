#include <lakh/core/random.hpp>
#include <lakh/core/text.hpp>
#include <lakh/load/digest.hpp>
#include <lakh/load/feed.hpp>
#include <lakh/load/feed_file.hpp>
#include <lakh/load/template.hpp>

#include <algorithm>

namespace lakh::load {

struct feed::content : feed_content {
  using feed_content::feed_content;
  feed_format format = feed_format::csv;
};

std::string_view name(feed_format format) noexcept {
  return format == feed_format::csv ? "csv" : "jsonl";
}

std::string_view name(feed_order order) noexcept {
  switch (order) {
    case feed_order::once: return "once";
    case feed_order::cycle: return "cycle";
    case feed_order::random: return "random";
    case feed_order::shuffle: return "shuffle";
  }
  return "once";
}

std::uint64_t feed_row(feed_order order, std::uint64_t rows, std::uint64_t item, std::uint64_t random) noexcept {
  switch (order) {
    case feed_order::once: return item;
    case feed_order::cycle: return item % rows;
    case feed_order::random: return random_sequence(mix(random, item)).below(rows);
    case feed_order::shuffle: return permute(item, rows, random);
  }
  return item;
}

feed::feed(std::unique_ptr<const content> c) noexcept : content_(std::move(c)) {}
feed::~feed() = default;

namespace {

void check_encoding(const feed_content& content) {
  const std::string_view text = content.bytes.view();
  const std::size_t bad = find_bad_utf8(text);
  if (bad == std::string_view::npos) return;
  const bool utf16 = text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff");
  fail_feed(content, bad, "the text is not UTF-8 here",
            utf16 ? "the file is UTF-16; convert it: iconv -f UTF-16 -t UTF-8"
                  : "if the file is in another encoding, convert it: iconv -f WINDOWS-1252 -t UTF-8");
}

}  // namespace

std::shared_ptr<const feed> feed::open(const std::filesystem::path& path, feed_format format) {
  auto made = std::make_unique<content>(feed_bytes::open(path));
  made->file = path.string();
  made->format = format;
  check_encoding(*made);
  format == feed_format::csv ? index_csv(*made) : index_json_lines(*made);
  made->rows.finish();
  made->sha256 = digest_of(made->bytes.view());
  return std::shared_ptr<const feed>(new feed(std::move(made)));
}

std::shared_ptr<const feed> feed::from_text(std::string text, feed_format format, std::string file_name) {
  auto made = std::make_unique<content>(feed_bytes(std::move(text)));
  made->file = std::move(file_name);
  made->format = format;
  check_encoding(*made);
  format == feed_format::csv ? index_csv(*made) : index_json_lines(*made);
  made->rows.finish();
  made->sha256 = digest_of(made->bytes.view());
  return std::shared_ptr<const feed>(new feed(std::move(made)));
}

const std::vector<std::string>& feed::columns() const noexcept {
  return content_->columns;
}
std::uint64_t feed::rows() const noexcept {
  return content_->rows.size();
}
const std::string& feed::sha256() const noexcept {
  return content_->sha256;
}
const std::string& feed::file() const noexcept {
  return content_->file;
}

void feed::read(std::uint64_t row, std::span<std::string_view> cells, std::string& scratch) const {
  scratch.clear();
  scratch.reserve(content_->scratch);  // so that no value moves while the row is read
  content_->format == feed_format::csv ? read_csv(*content_, row, cells.data(), scratch)
                                       : read_json_line(*content_, row, cells.data(), scratch);
}

void feed_set::add(std::string name, std::shared_ptr<const feed> source, feed_order order) {
  entries_.push_back({std::move(name), std::move(source), order});
}

void feed_set::declare(template_scope& scope) const {
  for (const entry& e : entries_) scope.add_feed(e.name, e.source->columns(), input_place(e.source->file()));
}

std::optional<std::uint64_t> feed_set::capacity() const noexcept {
  std::optional<std::uint64_t> least;
  for (const entry& e : entries_)
    if (e.order == feed_order::once || e.order == feed_order::shuffle)
      least = std::min(least.value_or(e.source->rows()), e.source->rows());
  return least;
}

void feed_set::check(std::uint64_t items) const {
  for (const entry& e : entries_) {
    if ((e.order != feed_order::once && e.order != feed_order::shuffle) || e.source->rows() >= items) continue;
    throw input_error(input_place(e.source->file()),
                      "feed '" + e.name + "' has " + std::to_string(e.source->rows()) + " rows, but the plan has " +
                          std::to_string(items) +
                          " items and takes each row once (order: " + std::string(name(e.order)) + ")",
                      "take fewer items, or let rows come again: order: cycle");
  }
}

std::size_t feed_set::cell_count() const noexcept {
  std::size_t count = 0;
  for (const entry& e : entries_) count += e.source->columns().size();
  return count;
}

feed_reader::feed_reader(const feed_set& feeds, std::uint64_t run_random) : cells_(feeds.cell_count()) {
  for (const auto& e : feeds.entries())
    sources_.push_back({e.source.get(), e.order, mix(run_random, "feed." + e.name), std::string()});
}

std::span<const std::string_view> feed_reader::read(std::uint64_t item) {
  std::size_t first = 0;
  for (source& s : sources_) {
    const std::size_t columns = s.from->columns().size();
    s.from->read(feed_row(s.order, s.from->rows(), item, s.random), std::span(cells_).subspan(first, columns),
                 s.scratch);
    first += columns;
  }
  return cells_;
}

}  // namespace lakh::load
