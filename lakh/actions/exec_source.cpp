#include <lakh/actions/exec_source.hpp>
#include <lakh/core/shell_word.hpp>
#include <lakh/load/run_folder.hpp>

#include <cerrno>
#include <cstring>

#include <unistd.h>

namespace lakh::actions {
namespace {

bool is_program(const std::filesystem::path& file) {
  std::error_code code;
  return std::filesystem::is_regular_file(file, code) && ::access(file.c_str(), X_OK) == 0;
}

}  // namespace

std::expected<std::string, std::string> find_program(std::string_view name, const std::filesystem::path& directory,
                                                     std::string_view path) {
  const std::string shown = "'" + std::string(name) + "'";
  if (name.empty()) return std::unexpected("the program's name is empty");
  if (name.find('\0') != std::string_view::npos) return std::unexpected("the program's name contains a NUL byte");
  if (name.find('/') != std::string_view::npos) {
    const std::filesystem::path file = directory / name;
    if (is_program(file)) return file.string();
    std::error_code code;
    if (!std::filesystem::exists(file, code)) return std::unexpected("there is no program " + shown);
    return std::unexpected(shown + " is not a program that may be run here");
  }
  bool found_other = false;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    // An empty entry means the current folder (POSIX, 8.3).
    const std::filesystem::path file = directory / path.substr(at, end - at) / name;
    if (is_program(file)) return file.string();
    std::error_code code;
    found_other = found_other || std::filesystem::is_regular_file(file, code);
    at = end + 1;
  }
  if (found_other) return std::unexpected(shown + " in PATH is not a program that may be run");
  return std::unexpected("there is no program " + shown + " in PATH");
}

std::vector<std::string> environment_without(const std::set<std::string, std::less<>>& names) {
  std::vector<std::string> settings;
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string_view setting(*one);
    if (!names.contains(setting.substr(0, setting.find('=')))) settings.emplace_back(setting);
  }
  return settings;
}

std::string command_line_of(std::span<const std::string> words) {
  std::string line;
  for (const std::string& word : load::without_secrets(words)) {
    if (!line.empty()) line += ' ';
    line += shell_word(word);
  }
  return line;
}

}  // namespace lakh::actions
