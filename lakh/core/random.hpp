// Random values that are computed, not drawn: each is a pure function of the numbers that name it, nothing is stored,
// and so any lane, process or machine, and any later attempt, computes the same. Not for secrets.
#pragma once

#include <cstdint>
#include <string_view>

namespace lakh {

// A bijection of 64 bits in which every output bit depends on every input bit (the finaliser of SplitMix64, Stafford's
// variant 13).
constexpr std::uint64_t mix(std::uint64_t value) noexcept {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

// Joins a key with a number (an item, an ordinal) to a new key. The order of joining matters.
constexpr std::uint64_t mix(std::uint64_t key, std::uint64_t number) noexcept {
  return mix(mix(number + 0x9e3779b97f4a7c15ULL) ^ (key + 0x632be59bd9b4e019ULL));
}

// Joins a key with a name (a run, a feed, the place of a template).
constexpr std::uint64_t mix(std::uint64_t key, std::string_view name) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a, finished by mix()
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return mix(mix(key, hash), name.size());
}

// A short sequence of values under one key. Copying it copies the position.
class random_sequence {
 public:
  explicit constexpr random_sequence(std::uint64_t key) noexcept : state_(key) {}

  constexpr std::uint64_t next() noexcept { return mix(state_ += 0x9e3779b97f4a7c15ULL); }

  // Uniform in 0 … bound-1, without bias (Lemire's multiplication with rejection); 0 for bound 0.
  constexpr std::uint64_t below(std::uint64_t bound) noexcept {
    __extension__ using wide = unsigned __int128;
    auto product = static_cast<wide>(next()) * bound;
    if (static_cast<std::uint64_t>(product) < bound) {
      const std::uint64_t threshold = (0 - bound) % bound;
      while (static_cast<std::uint64_t>(product) < threshold) product = static_cast<wide>(next()) * bound;
    }
    return static_cast<std::uint64_t>(product >> 64);
  }

  // Uniform in low … high, both included; low where high < low.
  constexpr std::int64_t between(std::int64_t low, std::int64_t high) noexcept {
    if (high <= low) return low;
    const std::uint64_t width = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
    const std::uint64_t offset = width == 0 ? next() : below(width);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
  }

  // Uniform in [0, 1), a multiple of 2^-53.
  constexpr double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

// The number that stands at `position` in a random order of 0 … count-1 that the key chooses: a permutation, so each
// position has another number. Nothing is stored; constant expected time. position < count.
std::uint64_t permute(std::uint64_t position, std::uint64_t count, std::uint64_t key) noexcept;

}  // namespace lakh
