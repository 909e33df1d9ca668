#include <lakh/core/error.hpp>
#include <lakh/core/unique_fd.hpp>
#include <lakh/load/begun_marks.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <iterator>
#include <new>

#include <fcntl.h>
#include <sys/mman.h>

namespace lakh::load {
namespace {

constexpr std::size_t header_size = 4096;
constexpr std::size_t slot_count = 1024;
constexpr std::size_t file_size = header_size + slot_count * sizeof(begun_marks::slot);
constexpr const char* file_name = "begun";

// Another one with each start of the machine.
std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string text;
  std::getline(file, text);
  return text;
}

// The file's first bytes; empty if this machine does not say which boot it is in.
std::string header_of(std::string_view run_id, std::uint32_t session) {
  const std::string boot = boot_id();
  if (boot.empty()) return {};
  std::string text = "lakh begun\n1\n" + boot + "\n" + std::string(run_id) + "\n" + std::to_string(session) + "\n";
  if (text.size() >= header_size) return {};
  text.resize(header_size, '\0');
  return text;
}

}  // namespace

begun_marks::begun_marks(const std::filesystem::path& folder, std::string_view run_id, std::uint32_t session)
    : file_(folder / file_name) {
  const std::string header = header_of(run_id, session);
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
  if (memory_ == nullptr) return;
  ::munmap(memory_, file_size);
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
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
  if (claim.begun.fetch_add(1) + 1 == claim.count.load()) close(claim);
}

void begun_marks::close(slot& claim) {
  claim.count.store(0);
  const std::lock_guard lock(mutex_);
  free_.push_back(&claim);
}

std::vector<item_range> never_begun(const std::filesystem::path& folder, std::string_view run_id,
                                    std::uint32_t session) {
  std::ifstream file(folder / file_name, std::ios::binary);
  std::string bytes(file_size + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  const std::string header = header_of(run_id, session);
  if (header.empty() || bytes.size() != file_size || !bytes.starts_with(header)) return {};
  std::vector<item_range> ranges;
  for (std::size_t at = header_size; at < file_size; at += sizeof(begun_marks::slot)) {
    std::array<std::uint64_t, 3> words{};
    std::memcpy(words.data(), bytes.data() + at, sizeof words);
    const auto [first, count, begun] = words;
    constexpr std::uint64_t most = std::uint64_t{1} << 62U;
    if (count == 0 || begun >= count || first > most || count > most) continue;
    ranges.emplace_back(first + begun, count - begun);
  }
  return ranges;
}

void remove_begun_marks(const std::filesystem::path& folder) {
  std::error_code code;
  std::filesystem::remove(folder / file_name, code);
  if (code)
    throw storage_error(code, (folder / file_name).string() + ": cannot be removed: " + code.message(),
                        "may you write in the run's folder?");
}

}  // namespace lakh::load
