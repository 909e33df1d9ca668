#include "input_text.hpp"

#include <lakh/core/error.hpp>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <istream>
#include <ostream>
#include <system_error>

namespace lakh::cli {
namespace {

std::string read_all(std::istream& from, std::string_view option_name, const std::string& called) {
  std::string text;
  char buffer[65536];
  while (from.read(buffer, sizeof buffer) || from.gcount() > 0) {
    text.append(buffer, static_cast<std::size_t>(from.gcount()));
    if (text.size() > most_input_bytes)
      throw input_error(std::string(option_name) + ": " + called + " has more than 64 MiB");
  }
  if (from.bad()) throw input_error(std::string(option_name) + ": " + called + " could not be read to its end");
  return text;
}

}  // namespace

std::string read_text(environment& env, std::string_view option_name, const std::string& file) {
  if (file == "-") {
    if (env.in_is_terminal) *env.err << "reading standard input; end it with Ctrl-D\n";
    return read_all(*env.in, option_name, "standard input");
  }
  const std::string called = "'" + file + "'";
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored))
    throw input_error(std::string(option_name) + ": " + called + " is a folder", "name a file in it");
  std::ifstream from(file, std::ios::binary);
  if (!from) {
    const std::error_code why(errno, std::generic_category());
    throw input_error(std::string(option_name) + ": cannot read " + called + ": " + why.message(),
                      file.empty() ? "a file name follows the '@'" : "");
  }
  return read_all(from, option_name, called);
}

std::string text_or_file(environment& env, std::string_view option_name, const std::string& written) {
  if (written == "-") return read_text(env, option_name, "-");
  if (written.starts_with('@')) return read_text(env, option_name, written.substr(1));
  return written;
}

}  // namespace lakh::cli
