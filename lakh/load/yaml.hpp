// YAML (and so JSON) text as configuration. What no configuration needs and an attacker likes is refused: more than 1
// MiB, depth over 64, aliases that multiply (over 100,000 nodes or 16 MiB of text in all), an alias inside its own
// anchor, repeated keys, several documents, tags that make types, keys that are no plain text.
#pragma once

#include <lakh/core/config.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace lakh::load {

// Throws input_error with file, line and column.
config parse_yaml(std::string_view text, const std::string& file_name);
// Also says why the file cannot be read.
config load_yaml(const std::filesystem::path& file);

}  // namespace lakh::load
