#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>
#include <lakh/core/unique_fd.hpp>
#include <lakh/load/feed_file.hpp>

#include <algorithm>
#include <cerrno>
#include <limits>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lakh::load {
namespace {

constexpr std::size_t held_in_memory = 64U << 20;

[[noreturn]] void fail_to_read(const std::filesystem::path& path) {
  throw storage_error(std::error_code(errno, std::system_category()), "cannot read the feed '" + path.string() + "'");
}

}  // namespace

// A file that the user named and that cannot be read is the user's input, not our storage.
feed_bytes feed_bytes::open(const std::filesystem::path& path) try {
  const unique_fd fd = open_file(path, O_RDONLY);
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) fail_to_read(path);
  if (S_ISDIR(status.st_mode)) {
    errno = EISDIR;
    fail_to_read(path);
  }
  const auto size = static_cast<std::uint64_t>(std::max<off_t>(status.st_size, 0));
  if (S_ISREG(status.st_mode) && size > held_in_memory) {
    void* const address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
    if (address == MAP_FAILED) fail_to_read(path);
    feed_bytes bytes{std::string()};
    bytes.mapped_ = static_cast<const char*>(address);
    bytes.mapped_size_ = size;
    return bytes;
  }
  std::string text;
  std::size_t have = 0;
  for (;;) {
    if (have == text.size())
      text.resize(std::max<std::size_t>(have * 2, S_ISREG(status.st_mode) ? size + 1 : 1U << 16));
    const ssize_t got = ::read(fd.get(), text.data() + have, text.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_to_read(path);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
    if (have > held_in_memory) {
      throw storage_error(errc::too_large, "the feed '" + path.string() + "' is larger than 64 MiB",
                          "write it to a regular file first: only those may be larger");
    }
  }
  text.resize(have);
  text.shrink_to_fit();
  return feed_bytes(std::move(text));
} catch (const storage_error& e) {
  throw input_error(e.what(), e.hint());
}

feed_bytes::feed_bytes(feed_bytes&& other) noexcept
    : held_(std::move(other.held_)),
      mapped_(std::exchange(other.mapped_, nullptr)),
      mapped_size_(std::exchange(other.mapped_size_, 0)) {}

feed_bytes::~feed_bytes() {
  if (mapped_ != nullptr) ::munmap(const_cast<char*>(mapped_), mapped_size_);
}

bool row_index::add(std::uint64_t offset) {
  if (distances_.size() % per_base == 0) bases_.push_back(offset);
  const std::uint64_t distance = offset - bases_.back();
  if (distance > std::numeric_limits<std::uint32_t>::max()) return false;
  distances_.push_back(static_cast<std::uint32_t>(distance));
  return true;
}

void fail_feed(const feed_content& content, std::size_t offset, const std::string& what, std::string hint,
               bool with_column) {
  const auto position = position_of(content.bytes.view(), offset);
  throw input_error(input_place(content.file, position.line, with_column ? position.column : 0), what, std::move(hint));
}

void add_feed_row(feed_content& content, std::size_t offset) {
  if (!content.rows.add(offset)) fail_feed(content, offset, "64 rows take more than 4 GiB: too many empty lines");
}

void add_feed_column(feed_content& content, std::string name, std::size_t offset) {
  const std::string number = std::to_string(content.columns.size() + 1);
  if (name.empty())
    fail_feed(content, offset, "column " + number + " has no name", "every column needs a name in the header");
  if (std::ranges::find(content.columns, name) != content.columns.end())
    fail_feed(content, offset, "there are two columns '" + name + "'", "every column needs a name of its own");
  if (content.columns.size() == feed_column_limit)
    fail_feed(content, offset, "more than " + std::to_string(feed_column_limit) + " columns");
  content.columns.push_back(std::move(name));
}

}  // namespace lakh::load
