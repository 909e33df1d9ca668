// The inner loops of the head parser: how far a run of permitted bytes goes. Sixteen bytes at a time where the
// processor has SSE2 (every x86-64), by table elsewhere and for the last few. All return `end` if nothing stops them.
#pragma once

#include <lakh/wire/ascii.hpp>

#include <bit>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace lakh::wire::scan {

inline const char* by_table(const char* p, const char* end, unsigned classes) noexcept {
  while (p != end && is(*p, classes)) ++p;
  return p;
}

#if defined(__SSE2__)

// Calls `stops` with blocks of 16 bytes until it answers a mask that is not zero; leaves p at that byte and says true.
template <typename Stops> inline bool in_blocks(const char*& p, const char* end, Stops stops) noexcept {
  for (; end - p >= 16; p += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(stops(block)));
    if (mask != 0) {
      p += std::countr_zero(mask);
      return true;
    }
  }
  return false;
}

inline __m128i at_most(__m128i x, char limit) noexcept {  // unsigned x <= limit
  return _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(limit)), x);
}

inline __m128i equal(__m128i x, char c) noexcept {
  return _mm_cmpeq_epi8(x, _mm_set1_epi8(c));
}

#endif

// The end of a field value or reason phrase: the first byte that is not class_value.
inline const char* value(const char* p, const char* end) noexcept {
#if defined(__SSE2__)
  if (in_blocks(p, end, [](__m128i x) {
        return _mm_or_si128(_mm_andnot_si128(equal(x, '\t'), at_most(x, 0x1f)), equal(x, 0x7f));
      }))
    return p;
#endif
  return by_table(p, end, class_value);
}

// The end of a request target: the first byte that is not class_target.
inline const char* target(const char* p, const char* end) noexcept {
#if defined(__SSE2__)
  if (in_blocks(p, end, [](__m128i x) {
        const __m128i outside = _mm_or_si128(at_most(x, ' '), _mm_cmpeq_epi8(_mm_max_epu8(x, _mm_set1_epi8(0x7f)), x));
        const __m128i quote_or_hash = equal(_mm_or_si128(x, _mm_set1_epi8(1)), '#');  // 0x22, 0x23
        const __m128i angle_bracket = equal(_mm_or_si128(x, _mm_set1_epi8(2)), '>');  // 0x3c, 0x3e
        return _mm_or_si128(outside, _mm_or_si128(quote_or_hash, angle_bracket));
      }))
    return p;
#endif
  return by_table(p, end, class_target);
}

// The end of a token. Field names are letters and hyphens nearly always: blocks look for those alone, the table goes on
// from there if something else stopped them.
inline const char* token(const char* p, const char* end) noexcept {
#if defined(__SSE2__)
  in_blocks(p, end, [](__m128i x) {
    const __m128i from_a = _mm_sub_epi8(_mm_or_si128(x, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
    const __m128i usual = _mm_or_si128(at_most(from_a, 'z' - 'a'), equal(x, '-'));
    return _mm_andnot_si128(usual, _mm_set1_epi8(-1));
  });
#endif
  return by_table(p, end, class_token);
}

}  // namespace lakh::wire::scan
