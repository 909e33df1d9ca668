#include <lakh/load/ledger_states.hpp>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

namespace lakh::load {

void sparse_words::release::operator()(std::uint64_t* words) const noexcept {
  std::free(words);
}

sparse_words::sparse_words(const sparse_words& other) {
  grow(other.size_);
  if (size_ != 0) std::memcpy(words_.get(), other.words_.get(), size_ * sizeof(std::uint64_t));
}

void sparse_words::grow(std::uint64_t size) {
  if (size <= size_) return;
  if (size > capacity_) {
    // Sized at once where the size is known beforehand; else half as much again each time.
    const std::uint64_t wanted = capacity_ == 0 ? size : std::max(size, capacity_ + capacity_ / 2);
    if (wanted > std::numeric_limits<std::size_t>::max() / sizeof(std::uint64_t)) throw std::bad_alloc();
    // From calloc, large blocks come as pages that are not there until they are touched.
    std::unique_ptr<std::uint64_t[], release> bigger(
        static_cast<std::uint64_t*>(std::calloc(wanted, sizeof(std::uint64_t))));
    if (!bigger) throw std::bad_alloc();
    if (size_ != 0) std::memcpy(bigger.get(), words_.get(), size_ * sizeof(std::uint64_t));
    words_ = std::move(bigger);
    capacity_ = wanted;
  }
  size_ = size;
}

void item_bits::set(std::uint64_t first, std::uint64_t count) {
  if (count == 0) return;
  const std::uint64_t last = first + count - 1;
  if (last / 64 >= words_.size()) words_.grow(last / 64 + 1);
  constexpr std::uint64_t all = ~std::uint64_t{0};
  const std::uint64_t from = all << first % 64;
  const std::uint64_t to = all >> (63 - last % 64);
  if (first / 64 == last / 64) {
    words_[first / 64] |= from & to;
    return;
  }
  words_[first / 64] |= from;
  for (std::uint64_t index = first / 64 + 1; index < last / 64; ++index) words_[index] = all;
  words_[last / 64] |= to;
}

void item_states::grow(std::uint64_t size) {
  if (size <= size_) return;
  words_.grow((size + 15) / 16);
  counts_[static_cast<std::size_t>(item_state::unclaimed)] += size - size_;
  size_ = size;
}

std::optional<std::uint64_t> item_states::next(std::uint64_t from, state_set wanted) const noexcept {
  while (from < size_) {
    if (from % 16 == 0) {  // sixteen of one state, as most are, are passed over at once
      const std::uint64_t word = words_[from / 16];
      if (word == (word & 15U) * 0x1111'1111'1111'1111U && !wanted.contains(static_cast<item_state>(word & 15U))) {
        from += 16;
        continue;
      }
    }
    if (wanted.contains(get(from))) return from;
    ++from;
  }
  return std::nullopt;
}

std::uint64_t item_states::end_of_run(std::uint64_t from, std::uint64_t limit, state_set wanted) const noexcept {
  while (from < limit && wanted.contains(get(from))) ++from;
  return from;
}

}  // namespace lakh::load
