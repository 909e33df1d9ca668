#include <lakh/load/ledger_states.hpp>

#include <algorithm>

namespace lakh::load {

void item_bits::set(std::uint64_t first, std::uint64_t count) {
  if (count == 0) return;
  const std::uint64_t last = first + count - 1;
  if (last / 64 >= words_.size()) words_.grow(last / 64 + 1);
  constexpr std::uint64_t all = ~std::uint64_t{0};
  const std::uint64_t from = all << first % 64;
  const std::uint64_t to = all >> (63 - last % 64);
  if (first / 64 == last / 64) {
    words_.set(first / 64, words_.get(first / 64) | (from & to));
    return;
  }
  words_.set(first / 64, words_.get(first / 64) | from);
  for (std::uint64_t index = first / 64 + 1; index < last / 64; ++index) words_.set(index, all);
  words_.set(last / 64, words_.get(last / 64) | to);
}

void item_states::grow(std::uint64_t size) {
  if (size <= size_) return;
  words_.grow((size + 15) / 16);
  counts_[static_cast<std::size_t>(item_state::unclaimed)] += size - size_;
  size_ = size;
}

std::optional<std::uint64_t> item_states::next(std::uint64_t from, state_set wanted) const noexcept {
  while (from < size_) {
    if (from % 16 == 0) {  // sixteen of one state, as most are, or a whole folded block, are passed over at once
      const std::uint64_t word = words_.get(from / 16);
      if (word == (word & 15U) * 0x1111'1111'1111'1111U && !wanted.contains(static_cast<item_state>(word & 15U))) {
        from = std::max(from / 16 + 1, words_.end_of_fold(from / 16)) * 16;
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
