// What the number of an answer is.
#pragma once

#include <cstdint>
#include <string_view>

namespace lakh::load {

enum class code_kind : std::uint8_t {
  status,     // as HTTP's
  exit_code,  // of a program: 0 says that all is well
};

// As it stands in run.json.
constexpr std::string_view name(code_kind kind) noexcept {
  return kind == code_kind::exit_code ? "exit code" : "status";
}

}  // namespace lakh::load
