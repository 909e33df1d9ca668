// A feed's bytes and where its rows begin. For the feed sources only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::load {

// Longest row, and most columns.
inline constexpr std::size_t feed_row_limit = 1U << 20;
inline constexpr std::size_t feed_column_limit = 1000;

class feed_bytes {
 public:
  // Throws storage_error. What is no regular file (a pipe) must fit in 64 MiB.
  static feed_bytes open(const std::filesystem::path& path);
  explicit feed_bytes(std::string text) : held_(std::move(text)) {}
  feed_bytes(feed_bytes&& other) noexcept;
  feed_bytes& operator=(feed_bytes&&) = delete;
  ~feed_bytes();

  [[nodiscard]] std::string_view view() const noexcept {
    return mapped_ != nullptr ? std::string_view(mapped_, mapped_size_) : std::string_view(held_);
  }

 private:
  std::string held_;
  const char* mapped_ = nullptr;
  std::size_t mapped_size_ = 0;
};

// Offsets in ascending order: one whole per 64 rows, and for each row 4 bytes of distance from it.
class row_index {
 public:
  // False where the row lies more than 4 GiB behind the first of its 64.
  bool add(std::uint64_t offset);
  [[nodiscard]] std::uint64_t at(std::uint64_t row) const noexcept { return bases_[row / per_base] + distances_[row]; }
  [[nodiscard]] std::uint64_t size() const noexcept { return distances_.size(); }
  void finish() {
    bases_.shrink_to_fit();
    distances_.shrink_to_fit();
  }

 private:
  static constexpr std::uint64_t per_base = 64;
  std::vector<std::uint64_t> bases_;
  std::vector<std::uint32_t> distances_;
};

struct feed_content {
  explicit feed_content(feed_bytes b) : bytes(std::move(b)) {}
  feed_bytes bytes;
  std::string file;
  std::string sha256;
  std::vector<std::string> columns;
  row_index rows;
  std::size_t scratch = 0;  // bytes that the values of one row need at most when they cannot be used where they lie
};

// Each checks the whole text and fills columns, rows and scratch. Throw input_error.
void index_csv(feed_content& content);
void index_json_lines(feed_content& content);

// Each reads a row that was checked. `scratch` has room for content.scratch bytes.
void read_csv(const feed_content& content, std::uint64_t row, std::string_view* cells, std::string& scratch);
void read_json_line(const feed_content& content, std::uint64_t row, std::string_view* cells, std::string& scratch);

// For both: complains at a byte offset of the text.
[[noreturn]] void fail_feed(const feed_content& content, std::size_t offset, const std::string& what,
                            std::string hint = {}, bool with_column = true);
void add_feed_row(feed_content& content, std::size_t offset);
void add_feed_column(feed_content& content, std::string name, std::size_t offset);

}  // namespace lakh::load
