// The idempotency keys whose first request has not been answered yet. From any thread.
#pragma once

#include <array>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace lakh::shop {

class keys_in_progress {
 public:
  // Holds a key until it dies. Must not outlive the set.
  class claim {
   public:
    claim() = default;
    claim(claim&& other) noexcept : set_(std::exchange(other.set_, nullptr)), key_(std::move(other.key_)) {}
    claim& operator=(claim&& other) noexcept {
      std::swap(set_, other.set_);
      key_.swap(other.key_);
      return *this;
    }
    ~claim() { release(); }

    void release() noexcept {
      if (auto* const set = std::exchange(set_, nullptr)) set->forget(key_);
    }
    // Empty where nothing is claimed, and after release().
    [[nodiscard]] std::string_view key() const noexcept { return set_ != nullptr ? std::string_view(key_) : ""; }

   private:
    friend class keys_in_progress;
    claim(keys_in_progress& set, std::string key) noexcept : set_(&set), key_(std::move(key)) {}
    keys_in_progress* set_ = nullptr;
    std::string key_;
  };

  // Nothing where another request holds the key.
  [[nodiscard]] std::optional<claim> try_claim(std::string key) {
    shard& home = shard_of(key);
    {
      const std::lock_guard lock(home.mutex);
      if (!home.keys.insert(key).second) return std::nullopt;
    }
    return claim(*this, std::move(key));
  }

 private:
  struct shard {
    std::mutex mutex;
    std::unordered_set<std::string> keys;
  };
  shard& shard_of(const std::string& key) noexcept {
    return shards_[std::hash<std::string_view>()(key) % shards_.size()];
  }
  void forget(const std::string& key) noexcept {
    shard& home = shard_of(key);
    const std::lock_guard lock(home.mutex);
    home.keys.erase(key);
  }

  // Enough that two loops and the writer seldom meet at one lock.
  std::array<shard, 31> shards_;
};

}  // namespace lakh::shop
