#include "simulated_disk.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace lakh::chaos {
namespace {

constexpr std::size_t page = 4096;

using bytes = std::vector<std::byte>;

// Which version of `count` is on the disk, where 0 is the one that was synced. Evenly drawn, a disk on which nearly
// everything or nearly nothing arrived would never come up, and those are the ones that look whole.
class chooser {
 public:
  explicit chooser(std::uint64_t seed) : luck_(seed), mood_(luck_.below(4)) {}
  std::size_t pick(std::size_t count) {
    const std::size_t even = luck_.below(count);
    const std::size_t often = mood_ == 3 ? 0 : count - 1;
    const std::uint64_t strays = mood_ == 0 ? 1 : mood_ == 1 ? 100 : 10;
    return luck_.below(strays) == 0 ? even : often;
  }

 private:
  random_sequence luck_;
  std::uint64_t mood_;
};

void copy_page(const bytes& from, std::uint64_t number, bytes& to) {
  to.assign(page, std::byte{0});
  const std::uint64_t first = number * page;
  if (first < from.size())
    std::memcpy(to.data(), from.data() + first, std::min<std::size_t>(page, from.size() - first));
}

}  // namespace

class simulated_disk::file {
 public:
  void adopt(bytes content) {
    durable_ = content;
    latest_ = std::move(content);
  }

  void write(std::uint64_t offset, std::span<const std::byte> data) {
    if (data.empty()) return;
    if (offset + data.size() > latest_.size()) resize(offset + data.size());
    std::memcpy(latest_.data() + offset, data.data(), data.size());
    dirty(offset / page, (offset + data.size() - 1) / page);
  }

  void truncate(std::uint64_t size) {
    const std::uint64_t before = latest_.size();
    if (size == before) return;
    resize(size);
    // Should the file grow again, what was cut off is zeros.
    if (size < before) dirty(size / page, (before - 1) / page);
  }

  // Only the pages that are dirty: what an earlier sync lost stays lost.
  void sync() {
    durable_.resize(latest_.size());
    for (const auto& [number, versions] : versions_) {
      const std::uint64_t first = number * page;
      if (first >= durable_.size()) continue;
      std::memcpy(durable_.data() + first, versions.back().data(),
                  std::min<std::size_t>(page, durable_.size() - first));
    }
    versions_.clear();
    sizes_.clear();
  }

  void fail_to_sync(random_sequence& luck) {
    durable_ = image(power_loss(survival::some, luck.next()));
    versions_.clear();
    sizes_.clear();
  }

  [[nodiscard]] bytes image(const power_loss& how) const {
    if (how.survives == survival::everything) return latest_;
    if (how.survives == survival::nothing) return durable_;
    chooser luck(how.seed);
    bytes left = durable_;
    std::size_t size = durable_.size();
    if (const std::size_t chosen = luck.pick(sizes_.size() + 1); chosen > 0) size = sizes_[chosen - 1];
    left.resize(size);
    for (const auto& [number, versions] : versions_) {
      for (std::size_t sector = 0; sector < page; sector += how.sector) {
        const std::size_t chosen = luck.pick(versions.size() + 1);
        const std::uint64_t first = number * page + sector;
        if (chosen == 0 || first >= size) continue;
        std::memcpy(left.data() + first, versions[chosen - 1].data() + sector,
                    std::min<std::size_t>(how.sector, size - first));
      }
    }
    return left;
  }

 private:
  void resize(std::uint64_t size) {
    latest_.resize(size);
    sizes_.push_back(size);
  }

  void dirty(std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t number = first; number <= last; ++number)
      copy_page(latest_, number, versions_[number].emplace_back());
  }

  bytes durable_;
  bytes latest_;
  std::map<std::uint64_t, std::vector<bytes>> versions_;  // of each page since the last sync
  std::vector<std::uint64_t> sizes_;
};

simulated_disk::file_ref simulated_disk::find(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : found->second.back();
}

simulated_disk::file_ref simulated_disk::create(const std::string& name) {
  if (file_ref there = find(name)) return there;
  auto& history = names_[name];
  if (history.empty()) history.push_back(nullptr);
  return history.emplace_back(std::make_shared<file>());
}

simulated_disk::file_ref simulated_disk::adopt(const std::string& name, std::vector<std::byte> content) {
  const auto made = std::make_shared<file>();
  made->adopt(std::move(content));
  names_[name] = {made};
  return made;
}

void simulated_disk::remove(const std::string& name) {
  if (find(name)) names_[name].push_back(nullptr);
}

void simulated_disk::write(file& into, std::uint64_t offset, std::span<const std::byte> data) {
  into.write(offset, data);
}
void simulated_disk::truncate(file& which, std::uint64_t size) {
  which.truncate(size);
}
void simulated_disk::sync(file& which) {
  which.sync();
}
void simulated_disk::fail_to_sync(file& which, random_sequence& luck) {
  which.fail_to_sync(luck);
}

void simulated_disk::sync_folder(const std::string& folder) {
  for (auto& [name, history] : names_) {
    if (std::filesystem::path(name).parent_path() == folder) history.erase(history.begin(), history.end() - 1);
  }
}

void simulated_disk::leave(const std::string& root, const std::filesystem::path& folder, const power_loss& how) const {
  random_sequence luck(mix(how.seed, std::uint64_t{1}));
  for (const auto& [name, history] : names_) {
    const std::size_t chosen = how.survives == survival::nothing      ? 0
                               : how.survives == survival::everything ? history.size() - 1
                                                                      : luck.below(history.size());
    power_loss own = how;
    own.seed = luck.next();
    if (!history[chosen]) continue;
    const bytes left = history[chosen]->image(own);
    const std::filesystem::path file = folder / std::filesystem::path(name).lexically_relative(root);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream to(file, std::ios::binary);
    to.write(reinterpret_cast<const char*>(left.data()), static_cast<std::streamsize>(left.size()));
    if (!to.flush()) throw std::runtime_error("cannot write the image of a disk into " + folder.string());
  }
}

}  // namespace lakh::chaos
