// The files that a run leaves behind for people and for CI.
#pragma once

#include "environment.hpp"
#include "words.hpp"

#include <lakh/load/run_report.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace lakh::cli {

// Writes a file whole, by way of another name in the same folder: nobody finds half of it. Throws storage_error.
void write_whole(const std::filesystem::path& file, std::string_view text);

}  // namespace lakh::cli
