// What a command line lives in. Everything that it touches besides files and sockets is here, so that tests run the
// whole of it in their own process: words in; exit code, stdout and stderr out.
#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace lakh::cli {

struct environment {
  std::vector<std::string> args;           // without the program's own name
  std::string program = "/proc/self/exe";  // this program, for verbs that start it again
  std::istream* in = nullptr;
  std::ostream* out = nullptr;
  std::ostream* err = nullptr;
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  std::function<std::optional<std::string>(const std::string&)> getenv = [](const std::string&) {
    return std::optional<std::string>();
  };
  // Columns of the terminal now; asked for each time, because windows change.
  std::function<unsigned()> width = [] { return 80U; };

  // Colours only where a person looks, and not against his wish (https://no-color.org).
  [[nodiscard]] bool out_in_colour() const { return out_is_terminal && colours_wanted(); }
  [[nodiscard]] bool err_in_colour() const { return err_is_terminal && colours_wanted(); }

 private:
  [[nodiscard]] bool colours_wanted() const;
};

}  // namespace lakh::cli
