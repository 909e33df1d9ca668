#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace lakh::load {

// SHA-256 in hexadecimal: what `sha256sum` prints, so that anyone can check a receipt with the tools at hand.
std::string digest_of(std::string_view bytes);

// The same of a file, however large. Throws storage_error.
std::string digest_of_file(const std::filesystem::path& file);

}  // namespace lakh::load
