// A file that a plan names: beside the plan, if its name is not absolute. Internal to the room.
#pragma once

#include <lakh/core/config.hpp>

#include <filesystem>
#include <string>

namespace lakh::actions {

// Its content. `name` is what the setting is called ("exec.stdin_file"). Throws input_error at the setting's place.
std::string read_file_beside(const std::filesystem::path& folder, const config& setting, const std::string& name);

}  // namespace lakh::actions
