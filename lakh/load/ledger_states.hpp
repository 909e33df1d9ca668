// One state for each item of a run: four bits where neighbours differ, next to nothing where long stretches are alike.
#pragma once

#include <lakh/load/folded_words.hpp>
#include <lakh/load/outcome.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace lakh::load {

enum class item_state : std::uint8_t {
  unclaimed,  // never sent
  claimed,    // doubtful: it may have been sent, and no outcome is known
  confirmed,
  failed,
  unknown,
};

constexpr item_state to_item_state(outcome_state state) noexcept {
  return static_cast<item_state>(static_cast<std::uint8_t>(item_state::confirmed) + static_cast<std::uint8_t>(state));
}

// A set of states.
class state_set {
 public:
  constexpr state_set() noexcept = default;
  // NOLINTNEXTLINE(google-explicit-constructor): one state is a set of one
  constexpr state_set(item_state state) noexcept
      : bits_(static_cast<std::uint8_t>(1U << static_cast<unsigned>(state))) {}
  [[nodiscard]] constexpr bool contains(item_state state) const noexcept {
    return (bits_ >> static_cast<unsigned>(state) & 1U) != 0;
  }
  friend constexpr state_set operator|(state_set left, state_set right) noexcept {
    state_set both;
    both.bits_ = static_cast<std::uint8_t>(left.bits_ | right.bits_);
    return both;
  }

 private:
  std::uint8_t bits_ = 0;
};
constexpr state_set operator|(item_state left, item_state right) noexcept {
  return state_set(left) | state_set(right);
}

// A bit for each item. Bits beyond what was ever set are clear.
class item_bits {
 public:
  item_bits() = default;
  explicit item_bits(std::uint64_t items) : words_(items / 64 + 1) {}  // grows beyond that if need be

  [[nodiscard]] bool get(std::uint64_t item) const noexcept {
    return item / 64 < words_.size() && (words_.get(item / 64) >> item % 64 & 1U) != 0;
  }
  void set(std::uint64_t item) {
    if (item / 64 >= words_.size()) [[unlikely]]
      words_.grow(item / 64 + 1);
    words_.set(item / 64, words_.get(item / 64) | std::uint64_t{1} << item % 64);
  }
  void set(std::uint64_t first, std::uint64_t count);
  void clear(std::uint64_t item) {
    if (get(item)) words_.set(item / 64, words_.get(item / 64) & ~(std::uint64_t{1} << item % 64));
  }
  // Bits 64 * index … 64 * index + 63.
  [[nodiscard]] std::uint64_t word(std::uint64_t index) const noexcept {
    return index < words_.size() ? words_.get(index) : 0;
  }

 private:
  folded_words words_;
};

// Items beyond size() are unclaimed.
class item_states {
 public:
  item_states() = default;
  explicit item_states(std::uint64_t size) { grow(size); }

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  void grow(std::uint64_t size);  // never shrinks

  [[nodiscard]] item_state get(std::uint64_t item) const noexcept {
    if (item >= size_) return item_state::unclaimed;
    return static_cast<item_state>(words_.get(item / 16) >> (item % 16 * 4) & 15U);
  }
  void set(std::uint64_t item, item_state state) {  // item < size(); throws std::bad_alloc
    const std::uint64_t word = words_.get(item / 16);
    const auto shift = item % 16 * 4;
    --counts_[word >> shift & 15U];
    ++counts_[static_cast<std::size_t>(state)];
    words_.set(item / 16, (word & ~(std::uint64_t{15} << shift)) | static_cast<std::uint64_t>(state) << shift);
  }

  // How many of the items below size() are in the state.
  [[nodiscard]] std::uint64_t count(item_state state) const noexcept {
    return counts_[static_cast<std::size_t>(state)];
  }

  // Of the states themselves, in bytes: half a byte an item at most.
  [[nodiscard]] std::size_t memory() const noexcept { return words_.memory(); }

  // The first item from `from` on whose state is in the set, or none below size().
  [[nodiscard]] std::optional<std::uint64_t> next(std::uint64_t from, state_set wanted) const noexcept;

  // The end of the run of items from `from` on whose states are all in the set, at most `limit`.
  [[nodiscard]] std::uint64_t end_of_run(std::uint64_t from, std::uint64_t limit, state_set wanted) const noexcept;

 private:
  folded_words words_;
  std::uint64_t size_ = 0;
  std::array<std::uint64_t, 16> counts_{};  // sixteen, so that no bit pattern can index beyond it
};

}  // namespace lakh::load
