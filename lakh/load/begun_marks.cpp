#include <lakh/core/unique_fd.hpp>
#include <lakh/load/begun_marks.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <new>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/mman.h>

namespace lakh::load {
namespace {

constexpr std::size_t header_size = 4096;
constexpr std::size_t slot_count = 1024;
constexpr std::size_t file_size = header_size + slot_count * sizeof(begun_marks::slot);
constexpr std::string_view file_stem = "begun-";

std::filesystem::path file_of(const std::filesystem::path& folder, const ledger_identity& writer) {
  return folder / (std::string(file_stem) + std::to_string(writer.writer));
}

// Another one with each start of the machine.
std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string text;
  std::getline(file, text);
  return text;
}

// The file's first bytes; empty if this machine does not say which boot it is in.
std::string header_of(const ledger_identity& writer) {
  const std::string boot = boot_id();
  if (boot.empty()) return {};
  std::string text = "lakh begun\n2\n" + boot + "\n" + writer.run_id + "\n" + std::to_string(writer.session) + "\n" +
                     std::to_string(writer.writer) + "\n";
  if (text.size() >= header_size) return {};
  text.resize(header_size, '\0');
  return text;
}

}  // namespace

begun_marks::begun_marks(const std::filesystem::path& folder, const ledger_identity& writer)
    : file_(file_of(folder, writer)) {
  const std::string header = header_of(writer);
  if (header.empty()) return;
  const unique_fd file(::open(file_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  // Room for all of it now: a full disk must not be noticed by a store into memory.
  if (!file || ::posix_fallocate(file.get(), 0, file_size) != 0) return;
  void* memory = ::mmap(nullptr, file_size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (memory == MAP_FAILED) return;
  memory_ = memory;
  slots_ = reinterpret_cast<slot*>(static_cast<char*>(memory) + header_size);
  for (std::size_t i = slot_count; i-- > 0;) free_.push_back(new (slots_ + i) slot{});
  std::memcpy(memory, header.data(), header.size());  // last: from here on the file says something
}

begun_marks::~begun_marks() {
  if (memory_ != nullptr) ::munmap(memory_, file_size);
}

begun_marks::slot* begun_marks::open(const item_range& items) {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) return nullptr;
  slot* claim = free_.back();
  free_.pop_back();
  claim->first.store(items.first);
  claim->begun.store(0);
  claim->count.store(items.count);  // last: a process may die between any two stores
  return claim;
}

void begun_marks::begin_one(slot& claim) {
  if (claim.begun.fetch_add(1) + 1 != claim.count.load()) return;
  claim.count.store(0);
  const std::lock_guard lock(mutex_);
  free_.push_back(&claim);
}

void begun_marks::forget() noexcept {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

std::vector<item_range> never_begun(const std::filesystem::path& folder, const ledger_identity& writer) {
  std::ifstream file(file_of(folder, writer), std::ios::binary);
  std::string bytes(file_size + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  const std::string header = header_of(writer);
  if (header.empty() || bytes.size() != file_size || !bytes.starts_with(header)) return {};
  std::vector<item_range> ranges;
  for (std::size_t at = header_size; at < file_size; at += sizeof(begun_marks::slot)) {
    std::array<std::uint64_t, 3> words{};
    std::memcpy(words.data(), bytes.data() + at, sizeof words);
    const auto [first, count, begun] = words;
    constexpr std::uint64_t most = std::uint64_t{1} << 62U;
    if (count == 0 || begun >= count || first > most || count > most_in_a_claim) continue;
    ranges.emplace_back(first + begun, count - begun);
  }
  return ranges;
}

void forget_begun_marks(const std::filesystem::path& folder) noexcept {
  std::error_code code;
  std::vector<std::filesystem::path> files;
  for (std::filesystem::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code))
    if (entry->path().filename().string().starts_with(file_stem)) files.push_back(entry->path());
  for (const auto& file : files) std::filesystem::remove(file, code);
}

}  // namespace lakh::load
