// What the tests of process pools let their workers do.
#pragma once

#include <unistd.h>

namespace lakh::testing {

inline int square(int n) {
  return n * n;
}
[[noreturn]] inline void hang() {
  while (true) ::pause();
}

}  // namespace lakh::testing
