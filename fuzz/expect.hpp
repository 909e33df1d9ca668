// For fuzzers: a property that does not hold is a crash, with what differed on stderr.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace lakh::fuzz {

inline void expect_equal(std::string_view a, std::string_view b, const char* property) {
  if (a == b) return;
  std::fprintf(stderr, "%s\n--- one\n%.*s\n--- other\n%.*s\n", property, static_cast<int>(a.size()), a.data(),
               static_cast<int>(b.size()), b.data());
  std::abort();
}

inline void expect(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", property);
  std::abort();
}

}  // namespace lakh::fuzz
