#include <lakh/load/item_set.hpp>

#include <bit>

namespace lakh::load {

std::optional<std::uint64_t> item_set::next(std::uint64_t from) const noexcept {
  if (from >= size_) return std::nullopt;
  std::uint64_t at = from / 64;
  std::uint64_t word = words_[at] & (~std::uint64_t{0} << (from % 64));
  while (word == 0) {
    if (++at == words_.size()) return std::nullopt;
    word = words_[at];
  }
  return at * 64 + static_cast<unsigned>(std::countr_zero(word));
}

}  // namespace lakh::load
