// One state for each item of a run, four bits each: ten million items take 5 MB.
#pragma once

#include <lakh/load/outcome.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

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

// Items beyond size() are unclaimed.
class item_states {
 public:
  item_states() = default;
  explicit item_states(std::uint64_t size) { grow(size); }

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  void grow(std::uint64_t size);  // never shrinks

  [[nodiscard]] item_state get(std::uint64_t item) const noexcept {
    if (item >= size_) return item_state::unclaimed;
    return static_cast<item_state>(words_[item / 16] >> (item % 16 * 4) & 15U);
  }
  void set(std::uint64_t item, item_state state) noexcept {  // item < size()
    std::uint64_t& word = words_[item / 16];
    const auto shift = item % 16 * 4;
    --counts_[word >> shift & 15U];
    ++counts_[static_cast<std::size_t>(state)];
    word = (word & ~(std::uint64_t{15} << shift)) | static_cast<std::uint64_t>(state) << shift;
  }

  // How many of the items below size() are in the state.
  [[nodiscard]] std::uint64_t count(item_state state) const noexcept {
    return counts_[static_cast<std::size_t>(state)];
  }

  // The first item from `from` on whose state is in the set, or none below size().
  [[nodiscard]] std::optional<std::uint64_t> next(std::uint64_t from, state_set wanted) const noexcept;

  // The end of the run of items from `from` on whose states are all in the set, at most `limit`.
  [[nodiscard]] std::uint64_t end_of_run(std::uint64_t from, std::uint64_t limit, state_set wanted) const noexcept;

 private:
  std::vector<std::uint64_t> words_;
  std::uint64_t size_ = 0;
  std::array<std::uint64_t, 16> counts_{};  // sixteen, so that no bit pattern can index beyond it
};

}  // namespace lakh::load
