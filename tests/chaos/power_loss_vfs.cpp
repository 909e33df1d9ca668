#include "power_loss_vfs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace lakh::chaos {

struct power_loss_vfs::state {
  sqlite3_vfs shape{};  // what SQLite knows us by
  sqlite3_vfs* below = nullptr;
  std::string folder;
  watcher before;

  std::mutex watching;  // rule 3; never held together with a call of SQLite's but those of the watcher
  mutable std::mutex mutex;
  simulated_disk disk;  // all below under the mutex
  std::uint64_t changes = 0;
  random_sequence luck{20261122};

  [[nodiscard]] bool follows(const char* name) const {
    return name != nullptr && std::string_view(name).starts_with(folder + "/");
  }

  int ask(change_kind kind, const std::string& name) {
    change next{0, kind, name.substr(folder.size() + 1)};
    {
      const std::lock_guard lock(mutex);
      next.number = ++changes;
    }
    if (!before) return SQLITE_OK;
    const std::lock_guard one_at_a_time(watching);
    return before(next);
  }
};

namespace {

using state = power_loss_vfs::state;

// A file as SQLite holds it: ours, and right behind it the one of the VFS below.
struct open_file {
  sqlite3_file base;
  struct facts {
    state* vfs = nullptr;
    std::string name;
    simulated_disk::file_ref node;
    bool folder_unsynced = false;  // a new journal: its first sync also syncs the folder, as SQLite does on Unix
  };
  facts* known;
};

open_file* ours(sqlite3_file* file) {
  return reinterpret_cast<open_file*>(file);
}
open_file::facts& known(sqlite3_file* file) {
  return *ours(file)->known;
}
sqlite3_file* below(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(ours(file) + 1);
}

int close_file(sqlite3_file* file) {
  const int code = below(file)->pMethods->xClose(below(file));
  delete ours(file)->known;
  ours(file)->known = nullptr;
  return code;
}

int read_file(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
  return below(file)->pMethods->xRead(below(file), into, size, offset);
}

int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  open_file::facts& facts = known(file);
  const int verdict = facts.vfs->ask(change_kind::write, facts.name);
  if (verdict != SQLITE_OK) size /= 2;
  if (const int code = below(file)->pMethods->xWrite(below(file), from, size, offset); code != SQLITE_OK) return code;
  const std::lock_guard lock(facts.vfs->mutex);
  facts.vfs->disk.write(*facts.node, static_cast<std::uint64_t>(offset),
                        std::span(static_cast<const std::byte*>(from), static_cast<std::size_t>(size)));
  return verdict;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  open_file::facts& facts = known(file);
  if (const int verdict = facts.vfs->ask(change_kind::truncate, facts.name); verdict != SQLITE_OK) return verdict;
  if (const int code = below(file)->pMethods->xTruncate(below(file), size); code != SQLITE_OK) return code;
  const std::lock_guard lock(facts.vfs->mutex);
  facts.vfs->disk.truncate(*facts.node, static_cast<std::uint64_t>(size));
  return SQLITE_OK;
}

// The disk below is not waited for: only the simulated one loses its power.
int sync_file(sqlite3_file* file, int /*flags*/) {
  open_file::facts& facts = known(file);
  const int verdict = facts.vfs->ask(change_kind::sync, facts.name);
  const std::lock_guard lock(facts.vfs->mutex);
  if (verdict != SQLITE_OK) {
    facts.vfs->disk.fail_to_sync(*facts.node, facts.vfs->luck);
    return verdict;
  }
  facts.vfs->disk.sync(*facts.node);
  if (std::exchange(facts.folder_unsynced, false))
    facts.vfs->disk.sync_folder(std::filesystem::path(facts.name).parent_path());
  return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return below(file)->pMethods->xFileSize(below(file), size);
}
int lock_file(sqlite3_file* file, int level) {
  return below(file)->pMethods->xLock(below(file), level);
}
int unlock_file(sqlite3_file* file, int level) {
  return below(file)->pMethods->xUnlock(below(file), level);
}
int check_lock(sqlite3_file* file, int* held) {
  return below(file)->pMethods->xCheckReservedLock(below(file), held);
}
int control_file(sqlite3_file* file, int what, void* argument) {
  return below(file)->pMethods->xFileControl(below(file), what, argument);
}
int sector_size(sqlite3_file* file) {
  return below(file)->pMethods->xSectorSize(below(file));
}
int device_characteristics(sqlite3_file* file) {
  return below(file)->pMethods->xDeviceCharacteristics(below(file));
}
int map_shared(sqlite3_file* file, int region, int size, int extend, void volatile** at) {
  return below(file)->pMethods->xShmMap(below(file), region, size, extend, at);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  return below(file)->pMethods->xShmLock(below(file), offset, count, flags);
}
void barrier_shared(sqlite3_file* file) {
  below(file)->pMethods->xShmBarrier(below(file));
}
int unmap_shared(sqlite3_file* file, int remove) {
  return below(file)->pMethods->xShmUnmap(below(file), remove);
}
int fetch(sqlite3_file* file, sqlite3_int64 offset, int size, void** at) {
  return below(file)->pMethods->xFetch(below(file), offset, size, at);
}
int unfetch(sqlite3_file* file, sqlite3_int64 offset, void* at) {
  return below(file)->pMethods->xUnfetch(below(file), offset, at);
}

constexpr sqlite3_io_methods methods = {3,
                                        close_file,
                                        read_file,
                                        write_file,
                                        truncate_file,
                                        sync_file,
                                        file_size,
                                        lock_file,
                                        unlock_file,
                                        check_lock,
                                        control_file,
                                        sector_size,
                                        device_characteristics,
                                        map_shared,
                                        lock_shared,
                                        barrier_shared,
                                        unmap_shared,
                                        fetch,
                                        unfetch};

state& state_of(sqlite3_vfs* vfs) {
  return *static_cast<state*>(vfs->pAppData);
}

std::vector<std::byte> content_of(const char* name) {
  std::ifstream from(name, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(from)), {});
  std::vector<std::byte> content(text.size());
  std::ranges::transform(text, content.begin(), [](char one) { return static_cast<std::byte>(one); });
  return content;
}

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  state& self = state_of(vfs);
  if (!self.follows(name)) return self.below->xOpen(self.below, name, file, flags, flags_out);
  ours(file)->base.pMethods = nullptr;
  ours(file)->known = nullptr;
  simulated_disk::file_ref node;
  {
    const std::lock_guard lock(self.mutex);
    node = self.disk.find(name);
    if (!node && std::filesystem::exists(name)) node = self.disk.adopt(name, content_of(name));
  }
  if (!node && (flags & SQLITE_OPEN_CREATE) != 0) {
    if (const int verdict = self.ask(change_kind::create, name); verdict != SQLITE_OK) return verdict;
  }
  if (const int code = self.below->xOpen(self.below, name, below(file), flags, flags_out); code != SQLITE_OK)
    return code;
  {
    const std::lock_guard lock(self.mutex);
    if (!node) node = self.disk.create(name);
  }
  constexpr int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
  ours(file)->known =
      new open_file::facts{&self, name, std::move(node), (flags & SQLITE_OPEN_CREATE) != 0 && (flags & journals) != 0};
  ours(file)->base.pMethods = &methods;
  return SQLITE_OK;
}

int remove(sqlite3_vfs* vfs, const char* name, int sync) {
  state& self = state_of(vfs);
  if (!self.follows(name)) return self.below->xDelete(self.below, name, sync);
  if (const int verdict = self.ask(change_kind::remove, name); verdict != SQLITE_OK) return verdict;
  const int code = self.below->xDelete(self.below, name, 0);
  if (code != SQLITE_OK) return code;
  const std::lock_guard lock(self.mutex);
  self.disk.remove(name);
  if (sync != 0) self.disk.sync_folder(std::filesystem::path(name).parent_path());
  return SQLITE_OK;
}

int access(sqlite3_vfs* vfs, const char* name, int flags, int* result) {
  return state_of(vfs).below->xAccess(state_of(vfs).below, name, flags, result);
}
int full_name(sqlite3_vfs* vfs, const char* name, int size, char* into) {
  return state_of(vfs).below->xFullPathname(state_of(vfs).below, name, size, into);
}
int randomness(sqlite3_vfs* vfs, int size, char* into) {
  return state_of(vfs).below->xRandomness(state_of(vfs).below, size, into);
}
int sleep(sqlite3_vfs* vfs, int microseconds) {
  return state_of(vfs).below->xSleep(state_of(vfs).below, microseconds);
}
int current_time(sqlite3_vfs* vfs, sqlite3_int64* into) {
  return state_of(vfs).below->xCurrentTimeInt64(state_of(vfs).below, into);
}
int last_error(sqlite3_vfs* vfs, int size, char* into) {
  return state_of(vfs).below->xGetLastError(state_of(vfs).below, size, into);
}

}  // namespace

power_loss_vfs::power_loss_vfs(const std::filesystem::path& folder, watcher before_each_change)
    : state_(std::make_unique<state>()) {
  state_->folder = std::filesystem::canonical(folder);
  state_->before = std::move(before_each_change);
  state_->below = sqlite3_vfs_find(nullptr);
  if (state_->below == nullptr) throw std::runtime_error("SQLite has no VFS");
  sqlite3_vfs& shape = state_->shape;
  shape.iVersion = 2;
  shape.szOsFile = static_cast<int>(sizeof(open_file)) + state_->below->szOsFile;
  shape.mxPathname = state_->below->mxPathname;
  shape.zName = "lakh_power_loss";
  shape.pAppData = state_.get();
  shape.xOpen = open;
  shape.xDelete = remove;
  shape.xAccess = access;
  shape.xFullPathname = full_name;
  shape.xRandomness = randomness;
  shape.xSleep = sleep;
  shape.xGetLastError = last_error;
  shape.xCurrentTimeInt64 = current_time;
  if (sqlite3_vfs_register(&shape, 1) != SQLITE_OK) throw std::runtime_error("SQLite refuses the VFS");
}

power_loss_vfs::~power_loss_vfs() {
  sqlite3_vfs_unregister(&state_->shape);
  sqlite3_vfs_register(state_->below, 1);
}

void power_loss_vfs::leave(const std::filesystem::path& image, const power_loss& how) const {
  const std::lock_guard lock(state_->mutex);
  state_->disk.leave(state_->folder, image, how);
}

std::uint64_t power_loss_vfs::changes() const {
  const std::lock_guard lock(state_->mutex);
  return state_->changes;
}

}  // namespace lakh::chaos
