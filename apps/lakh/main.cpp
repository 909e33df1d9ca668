#include "environment.hpp"
#include "run_lakh.hpp"

#include <csignal>
#include <cstdlib>
#include <iostream>

#include <sys/ioctl.h>
#include <unistd.h>

namespace {

unsigned terminal_width() {
  winsize size{};
  for (const int fd : {STDERR_FILENO, STDOUT_FILENO})
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col != 0) return size.ws_col;
  return 80;
}

}  // namespace

int main(int count, char** words) {
  std::ios::sync_with_stdio(false);
  // A limit on file sizes (ulimit -f) is met as a full disk is: the write fails and is told, nobody is killed.
  std::signal(SIGXFSZ, SIG_IGN);
  lakh::cli::environment env;
  env.args.assign(words + (count > 0 ? 1 : 0), words + count);
  env.in = &std::cin;
  env.out = &std::cout;
  env.err = &std::cerr;
  env.in_is_terminal = isatty(STDIN_FILENO) != 0;
  env.out_is_terminal = isatty(STDOUT_FILENO) != 0;
  env.err_is_terminal = isatty(STDERR_FILENO) != 0;
  env.getenv = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets any
    if (value == nullptr) return std::nullopt;
    return value;
  };
  env.width = terminal_width;
  return lakh::cli::run_lakh(env);
}
