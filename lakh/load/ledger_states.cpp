#include <lakh/load/ledger_states.hpp>

namespace lakh::load {

void item_states::grow(std::uint64_t size) {
  if (size <= size_) return;
  words_.resize((size + 15) / 16);
  counts_[static_cast<std::size_t>(item_state::unclaimed)] += size - size_;
  size_ = size;
}

std::optional<std::uint64_t> item_states::next(std::uint64_t from, state_set wanted) const noexcept {
  for (; from < size_; ++from) {
    if (wanted.contains(get(from))) return from;
  }
  return std::nullopt;
}

std::uint64_t item_states::end_of_run(std::uint64_t from, std::uint64_t limit, state_set wanted) const noexcept {
  while (from < limit && wanted.contains(get(from))) ++from;
  return from;
}

}  // namespace lakh::load
