// What a program is found by, and what it finds: the file behind its name, the environment, and its words as a person
// would type them. Internal to the room.
#pragma once

#include <expected>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::actions {

// The file that a shell in `directory` would run for this name: a name with a slash is a path, any other is looked for
// in `path` (a value of PATH). The error is a sentence.
std::expected<std::string, std::string> find_program(std::string_view name, const std::filesystem::path& directory,
                                                     std::string_view path);

// This process's environment as "NAME=value", without the names given.
std::vector<std::string> environment_without(const std::set<std::string, std::less<>>& names);

// As a shell reads it back, without what looks like a secret.
std::string command_line_of(std::span<const std::string> words);

}  // namespace lakh::actions
