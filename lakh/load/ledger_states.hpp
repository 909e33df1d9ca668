// One state for each item of a run, four bits each: ten million items take 5 MB, once they are written.
#pragma once

#include <lakh/load/outcome.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

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

// Words that are zero until they are written, and take memory only then: a number of items that is far too large costs
// addresses, not memory.
class sparse_words {
 public:
  sparse_words() = default;
  explicit sparse_words(std::uint64_t size) { grow(size); }
  sparse_words(const sparse_words& other);
  sparse_words& operator=(const sparse_words& other) { return *this = sparse_words(other); }
  sparse_words(sparse_words&& other) noexcept
      : words_(std::move(other.words_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  sparse_words& operator=(sparse_words&& other) noexcept {
    words_ = std::move(other.words_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }
  ~sparse_words() = default;

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  void grow(std::uint64_t size);  // never shrinks; throws std::bad_alloc
  [[nodiscard]] std::uint64_t& operator[](std::uint64_t index) noexcept { return words_[index]; }
  [[nodiscard]] std::uint64_t operator[](std::uint64_t index) const noexcept { return words_[index]; }

 private:
  struct release {
    void operator()(std::uint64_t* words) const noexcept;
  };
  std::unique_ptr<std::uint64_t[], release> words_;
  std::uint64_t size_ = 0;
  std::uint64_t capacity_ = 0;
};

// A bit for each item. Bits beyond what was ever set are clear.
class item_bits {
 public:
  item_bits() = default;
  explicit item_bits(std::uint64_t items) : words_(items / 64 + 1) {}  // grows beyond that if need be

  [[nodiscard]] bool get(std::uint64_t item) const noexcept {
    return item / 64 < words_.size() && (words_[item / 64] >> item % 64 & 1U) != 0;
  }
  void set(std::uint64_t item) {
    if (item / 64 >= words_.size()) [[unlikely]]
      words_.grow(item / 64 + 1);
    words_[item / 64] |= std::uint64_t{1} << item % 64;
  }
  void set(std::uint64_t first, std::uint64_t count);
  void clear(std::uint64_t item) noexcept {
    if (item / 64 < words_.size()) words_[item / 64] &= ~(std::uint64_t{1} << item % 64);
  }
  // Bits 64 * index … 64 * index + 63.
  [[nodiscard]] std::uint64_t word(std::uint64_t index) const noexcept {
    return index < words_.size() ? words_[index] : 0;
  }

 private:
  sparse_words words_;
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
  sparse_words words_;
  std::uint64_t size_ = 0;
  std::array<std::uint64_t, 16> counts_{};  // sixteen, so that no bit pattern can index beyond it
};

}  // namespace lakh::load
