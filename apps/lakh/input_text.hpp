// Text that a person gives inline, in a file, or through standard input.
#pragma once

#include "environment.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace lakh::cli {

inline constexpr std::uint64_t most_input_bytes = 64ULL << 20;

// The content of a file; "-" is standard input. Throws input_error, which names the option, where it cannot be read or
// is larger than most_input_bytes.
std::string read_text(environment& env, std::string_view option_name, const std::string& file);

// "@FILE" gives the file's content, "@-" or "-" standard input, all else itself.
std::string text_or_file(environment& env, std::string_view option_name, const std::string& written);

}  // namespace lakh::cli
