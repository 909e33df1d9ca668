// `lakh runs output`: what the programs of a run have written, each by itself and in the order of the items.
#pragma once

#include "environment.hpp"
#include "words.hpp"

#include <filesystem>

namespace lakh::cli {

// `given` says which items, and how. Returns an exit_code; throws storage_error.
int show_output(environment& env, const words& given, const std::filesystem::path& folder);

}  // namespace lakh::cli
