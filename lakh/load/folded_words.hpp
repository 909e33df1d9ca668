// Words of 64 bits that take memory only where they differ: a block of them that all hold one pattern (sixteen equal
// hexadecimal digits, as 0, ~0 or 0x2222…) is folded to that pattern. Items are settled roughly in order, so that of
// the states of a run, however long, only a few blocks are unfolded at a time. One word costs at most 8 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace lakh::load {

class folded_words {
 public:
  static constexpr std::uint64_t block_size = 4096;  // words

  folded_words() = default;
  explicit folded_words(std::uint64_t size) { grow(size); }
  folded_words(const folded_words& other);
  folded_words& operator=(const folded_words& other) { return *this = folded_words(other); }
  folded_words(folded_words&&) noexcept = default;
  folded_words& operator=(folded_words&&) noexcept = default;
  ~folded_words() = default;

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  // New words are zero. Never shrinks; throws std::bad_alloc.
  void grow(std::uint64_t size);

  [[nodiscard]] std::uint64_t get(std::uint64_t index) const noexcept {  // index < size()
    const block& here = blocks_[index / block_size];
    return here.words ? here.words[index % block_size] : here.pattern;
  }

  // Throws std::bad_alloc.
  void set(std::uint64_t index, std::uint64_t word) {  // index < size()
    block& here = blocks_[index / block_size];
    if (!here.words) {
      if (word == here.pattern) return;
      unfold(here);
    }
    std::uint64_t& there = here.words[index % block_size];
    if (there == here.pattern && here.alike != 0) --here.alike;
    there = word;
    if (word == (word & 15U) * 0x1111'1111'1111'1111U) count(here, word);
  }

  // Where the folded block of `index` ends; `index` itself if it is not folded.
  [[nodiscard]] std::uint64_t end_of_fold(std::uint64_t index) const noexcept {
    return blocks_[index / block_size].words ? index : (index / block_size + 1) * block_size;
  }

  // Of the words themselves, in bytes.
  [[nodiscard]] std::size_t memory() const noexcept;

 private:
  struct block {
    std::unique_ptr<std::uint64_t[]> words;  // null: folded, all are `pattern`
    std::uint64_t pattern = 0;               // or what they may become
    std::uint64_t alike = 0;                 // at least so many of the words are the pattern, while it is not folded
  };

  static void unfold(block& here);
  // While one word has the pattern, the block cannot be folded to any other.
  static void count(block& here, std::uint64_t word) noexcept {
    if (here.alike == 0) here.pattern = word;
    if (word == here.pattern && ++here.alike == block_size) here.words.reset();
  }

  std::vector<block> blocks_;
  std::uint64_t size_ = 0;
};

}  // namespace lakh::load
