// A file that a plan names: beside the plan, if its name is not absolute. Internal to the room.
#pragma once

#include <lakh/core/config.hpp>

#include <filesystem>
#include <string>

namespace lakh::actions {

// Its content, at most 64 MiB. `name` is what the setting is called ("exec.stdin_file"). Throws input_error at the
// setting's place.
std::string read_file_beside(const std::filesystem::path& folder, const config& setting, const std::string& name);

struct frozen_file {
  std::string content;
  config frozen;  // to be put over the settings: with it they find this content again, or are refused
};

// The file that the setting `key` names, which is there. If the settings have `KEY_sha256` too, as those of a run that
// has begun do, it must have that digest: a resume under the same keys sends the same bytes. Throws input_error.
frozen_file read_frozen_file(const std::filesystem::path& folder, config_reader& settings, const std::string& key);

}  // namespace lakh::actions
