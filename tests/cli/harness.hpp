// The whole command line in the test's own process.
#pragma once

#include "environment.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace lakh::cli::test {

// What came of a command line.
struct said {
  int code = 0;
  std::string out;
  std::string err;
};

// A person's surroundings: what is a terminal, what stands in the environment, what is typed.
struct surroundings {
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  unsigned width = 80;
  std::map<std::string, std::string> variables;
  std::string input;
};

said say(std::vector<std::string> words, const surroundings& around = {});

// A folder of its own, removed at the end.
class scratch_folder {
 public:
  scratch_folder();
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder();
  [[nodiscard]] std::string path(const std::string& name = {}) const;
  // Writes a file, and gives its path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::string& path);

}  // namespace lakh::cli::test
