#include <lakh/load/folded_words.hpp>

#include <algorithm>

namespace lakh::load {

folded_words::folded_words(const folded_words& other) : size_(other.size_) {
  blocks_.reserve(other.blocks_.size());
  for (const block& there : other.blocks_) {
    block& here = blocks_.emplace_back();
    here.pattern = there.pattern;
    here.alike = there.alike;
    if (!there.words) continue;
    here.words = std::make_unique_for_overwrite<std::uint64_t[]>(block_size);
    std::copy_n(there.words.get(), block_size, here.words.get());
  }
}

void folded_words::grow(std::uint64_t size) {
  if (size <= size_) return;
  blocks_.resize((size + block_size - 1) / block_size);
  size_ = size;
}

std::size_t folded_words::memory() const noexcept {
  const auto unfolded = std::ranges::count_if(blocks_, [](const block& each) { return each.words != nullptr; });
  return static_cast<std::size_t>(unfolded) * block_size * sizeof(std::uint64_t);
}

void folded_words::unfold(block& here) {
  here.words = std::make_unique_for_overwrite<std::uint64_t[]>(block_size);
  std::fill_n(here.words.get(), block_size, here.pattern);
  here.alike = 0;  // whichever pattern comes first is what it may become
}

}  // namespace lakh::load
