// A program from start to end: input given, output captured up to a bound.
//
//   auto sorted = co_await lakh::run_program(lakh::program("sort")).input("3\n1\n").timeout(5s);
//   if (sorted.status.success()) use(sorted.output);
//
// 1. Output beyond the bound is read and thrown away, and said to be cut: the program is not held up.
// 2. An exit code that is not 0 is a result, not an exception.
// 3. When the time is over, timeout_error; when the coroutine is cancelled, cancelled; both times the program has been
//    killed and reaped before.
// 4. Ends when the program does, even if something that it started still holds its streams.
#pragma once

#include <lakh/async/loop.hpp>
#include <lakh/async/task.hpp>
#include <lakh/parallel/process.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace lakh {

struct program_result {
  exit_status status;
  std::string output;
  std::string errors;
  bool output_cut = false;
  bool errors_cut = false;
};

class [[nodiscard]] program_run {
 public:
  explicit program_run(program what) : what_(std::move(what)) {}
  // Otherwise its input is empty.
  program_run&& input(std::string bytes) && {
    input_ = std::move(bytes);
    return std::move(*this);
  }
  // Of each, output and errors. 1 MiB unless told.
  program_run&& capture(std::size_t most) && {
    most_ = most;
    return std::move(*this);
  }
  program_run&& timeout(duration limit) && {
    limit_ = limit;
    return std::move(*this);
  }
  task<program_result>::awaiter operator co_await() && { return go(std::move(*this)).operator co_await(); }

 private:
  static task<program_result> go(program_run run);
  static task<program_result> attend(program what, std::string input, std::size_t most);

  program what_;
  std::string input_;
  std::size_t most_ = std::size_t{1} << 20U;
  std::optional<duration> limit_;
};

inline program_run run_program(program what) {
  return program_run(std::move(what));
}

}  // namespace lakh
