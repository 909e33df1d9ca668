// A name as a template argument: http::path<"id">.
#pragma once

#include <cstddef>
#include <string_view>

namespace lakh::http {

template <std::size_t Size> struct name_literal {
  consteval name_literal(const char (&literal)[Size]) {  // NOLINT(google-explicit-constructor): a literal stands for it
    for (std::size_t i = 0; i < Size; ++i) text[i] = literal[i];
  }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {text, Size - 1}; }
  char text[Size] = {};
};

}  // namespace lakh::http
