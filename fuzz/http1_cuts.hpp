// For the HTTP/1.1 fuzzers: bytes cut into pieces as the first byte of the input says.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace lakh::fuzz {

inline std::vector<std::string_view> cut(std::string_view bytes, std::uint8_t seed) {
  std::vector<std::string_view> pieces;
  std::uint32_t state = seed * 2654435761u + 1;
  while (!bytes.empty()) {
    state = state * 1664525u + 1013904223u;
    // Mostly small pieces, so that cuts fall inside lines; seed 0: byte by byte.
    const std::size_t size = seed == 0 ? 1 : 1 + (state >> 24) % (1 + seed % 32);
    pieces.push_back(bytes.substr(0, size));
    bytes.remove_prefix(pieces.back().size());
  }
  return pieces;
}

}  // namespace lakh::fuzz
