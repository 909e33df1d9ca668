#include "harness.hpp"
#include "run_lakh.hpp"

#include <atomic>
#include <fstream>
#include <sstream>

#include <unistd.h>

namespace lakh::cli::test {

said say(std::vector<std::string> words, const surroundings& around) {
  std::istringstream in(around.input);
  std::ostringstream out;
  std::ostringstream err;
  environment env;
  env.args = std::move(words);
  env.program = LAKH_PROGRAM;
  env.in = &in;
  env.out = &out;
  env.err = &err;
  env.out_is_terminal = around.out_is_terminal;
  env.err_is_terminal = around.err_is_terminal;
  env.width = [&] { return around.width; };
  env.getenv = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = around.variables.find(name);
    if (found == around.variables.end()) return std::nullopt;
    return found->second;
  };
  said result;
  result.code = run_lakh(env);
  result.out = out.str();
  result.err = err.str();
  return result;
}

scratch_folder::scratch_folder() {
  static std::atomic<unsigned> count = 0;
  path_ = std::filesystem::temp_directory_path() /
          ("lakh-cli-test-" + std::to_string(::getpid()) + "-" + std::to_string(++count));
  std::filesystem::create_directories(path_);
}
scratch_folder::~scratch_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}
std::string scratch_folder::path(const std::string& name) const {
  return name.empty() ? path_.string() : (path_ / name).string();
}
std::string scratch_folder::write(const std::string& name, const std::string& text) const {
  std::ofstream(path_ / name, std::ios::binary) << text;
  return path(name);
}

std::string read_file(const std::string& path) {
  std::ifstream from(path, std::ios::binary);
  std::ostringstream text;
  text << from.rdbuf();
  return text.str();
}

}  // namespace lakh::cli::test
