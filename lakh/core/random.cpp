#include <lakh/core/random.hpp>

#include <bit>

namespace lakh {

std::uint64_t permute(std::uint64_t position, std::uint64_t count, std::uint64_t key) noexcept {
  if (count < 2) return 0;
  // A balanced Feistel network over the next even power of two (less than 4 × count), walked along until it lands in
  // range: being a bijection of the larger domain, the walk is one of the smaller.
  const unsigned half = static_cast<unsigned>(std::bit_width(count - 1) + 1) / 2;
  const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
  std::uint64_t value = position;
  do {
    std::uint64_t left = value >> half;
    std::uint64_t right = value & mask;
    for (std::uint64_t round = 0; round < 6; ++round) {
      const std::uint64_t swapped = left ^ (mix(right ^ mix(key + round)) & mask);
      left = right;
      right = swapped;
    }
    value = (left << half) | right;
  } while (value >= count);
  return value;
}

}  // namespace lakh
