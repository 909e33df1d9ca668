#include <lakh/core/text.hpp>
#include <lakh/shop/digest.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>

namespace lakh::shop {

std::string digest_of(std::string_view bytes) {
  XXH64_canonical_t canonical{};
  XXH64_canonicalFromHash(&canonical, XXH3_64bits(bytes.data(), bytes.size()));
  std::string text;
  text.reserve(16);
  append_hex(text, canonical.digest);
  return text;
}

}  // namespace lakh::shop
