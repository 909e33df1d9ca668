// A set of a run's items: a bit each, so that ten million take 1.25 MB.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace lakh::load {

class item_set {
 public:
  item_set() = default;
  // Empty; can hold the items below `size`.
  explicit item_set(std::uint64_t size) : words_((size + 63) / 64), size_(size) {}

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

  [[nodiscard]] bool contains(std::uint64_t item) const noexcept {
    return item < size_ && (words_[item / 64] >> (item % 64) & 1U) != 0;
  }
  // item < size(). False if it was in the set already.
  bool insert(std::uint64_t item) noexcept {
    std::uint64_t& word = words_[item / 64];
    const std::uint64_t bit = std::uint64_t{1} << (item % 64);
    if ((word & bit) != 0) return false;
    word |= bit;
    ++count_;
    return true;
  }

  // The first item of the set from `from` on.
  [[nodiscard]] std::optional<std::uint64_t> next(std::uint64_t from) const noexcept;

 private:
  std::vector<std::uint64_t> words_;
  std::uint64_t size_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace lakh::load
