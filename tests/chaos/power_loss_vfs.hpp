// A layer under SQLite that knows what is not synced yet, can lose it, and can fail.
//
//   power_loss_vfs vfs(folder, [&](const change& next) { ...; return SQLITE_OK; });
//   ...                                       // whatever opens an SQLite file in the folder is on it, without knowing
//   vfs.leave(image, power_loss(...));        // from anywhere, also inside the call-back: what the disk may hold now
//
// 1. While it lives it is the process's default VFS. Files in and below `folder` are followed; all others pass through
//    untouched, so an image can be opened and examined at any moment, and also meanwhile.
// 2. What the call-back does not allow (any result but SQLITE_OK) fails with that code: half of a write is written, a
//    sync loses pages (rule 4 of simulated_disk.hpp), a removal does not happen.
// 3. The call-back runs before the change, on the thread that makes it, one at a time. It may not use the connection
//    that made the change.
// 4. The shared-memory files of WAL mode are not followed: nothing in them outlives a power loss.
#pragma once

#include "simulated_disk.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace lakh::chaos {

enum class change_kind : std::uint8_t { create, write, truncate, sync, remove };

struct change {
  std::uint64_t number;  // counts from 1, all kinds together
  change_kind kind;
  std::string file;  // below the folder
};

class power_loss_vfs {
 public:
  using watcher = std::function<int(const change&)>;

  // The folder must be there. What it holds is durable.
  explicit power_loss_vfs(const std::filesystem::path& folder, watcher before_each_change = {});
  power_loss_vfs(const power_loss_vfs&) = delete;
  power_loss_vfs& operator=(const power_loss_vfs&) = delete;
  // All its files must be closed.
  ~power_loss_vfs();

  // Writes into `image`, which must be another folder, there and empty, what a disk may hold after a power loss now.
  void leave(const std::filesystem::path& image, const power_loss& how) const;

  [[nodiscard]] std::uint64_t changes() const;

  struct state;

 private:
  std::unique_ptr<state> state_;
};

}  // namespace lakh::chaos
