// What a disk may hold when the power goes: the memory of a file system in which nothing is durable before its sync.
//
// 1. A write dirties pages of 4096 bytes. Until a sync of the file, each of their sectors may be on the disk in any
//    version that it had since the last one: the first, one in between, the latest. So writes are lost, torn and
//    reordered.
// 2. The size of a file is kept apart from its bytes, and may be any that it had. Bytes that were never written are
//    zeros.
// 3. A name that was created or deleted may be there or not until its folder is synced, each name by itself.
// 4. After a failed sync the pages count as clean, as in Linux: what did not reach the disk then, a later sync does not
//    bring.
//
// Not thread-safe.
#pragma once

#include <lakh/core/random.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace lakh::chaos {

// How much of what was not synced reaches the disk.
enum class survival : std::uint8_t { nothing, everything, some };

class power_loss {
 public:
  power_loss() = default;
  power_loss(survival how, std::uint64_t random_seed, std::size_t sector_bytes = 512)
      : survives(how), seed(random_seed), sector(sector_bytes) {}

  survival survives = survival::some;
  std::uint64_t seed = 0;
  std::size_t sector = 512;  // what a disk writes whole or not at all: 512 or 4096
};

class simulated_disk {
 public:
  class file;
  using file_ref = std::shared_ptr<file>;

  // The file of that name; made empty if there is none, which no sync has made durable yet.
  file_ref create(const std::string& name);
  // A file that was there, with these bytes, before anybody looked: all of it durable.
  file_ref adopt(const std::string& name, std::vector<std::byte> content);
  [[nodiscard]] file_ref find(const std::string& name) const;  // nothing if there is none
  void remove(const std::string& name);

  void write(file& into, std::uint64_t offset, std::span<const std::byte> data);
  void truncate(file& which, std::uint64_t size);
  void sync(file& which);
  void fail_to_sync(file& which, random_sequence& luck);  // rule 4
  void sync_folder(const std::string& folder);

  // Writes into the (existing, empty) folder what the disk may hold, by the names below `root`.
  void leave(const std::string& root, const std::filesystem::path& folder, const power_loss& how) const;

 private:
  // What a name meant since its folder was synced, oldest first; null where there was no such file.
  std::map<std::string, std::vector<file_ref>> names_;
};

}  // namespace lakh::chaos
