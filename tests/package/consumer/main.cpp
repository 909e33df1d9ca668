// What another project writes: nothing but the installed headers and libraries.
#include <lakh/core/error.hpp>

#include <cstdio>

int main() {
  const lakh::error_kind kind = lakh::kind_of(make_error_code(lakh::errc::timed_out));
  const std::string_view word = lakh::name(kind);
  std::printf("lakh says: %.*s\n", static_cast<int>(word.size()), word.data());
  return kind == lakh::error_kind::timeout ? 0 : 1;
}
