// Another program in a child of this one: vfork, a few system calls, exec. Safe in a program that has threads.
// Below process.hpp and daemon.hpp, and for whoever starts a thousand programs a second.
#pragma once

#include <lakh/core/unique_fd.hpp>

#include <array>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include <sys/types.h>

namespace lakh {

class program;

namespace detail {

// All that the child needs, made before it is there: it shares this program's memory, and must not allocate. What is
// pointed to lives until spawn() returns.
struct spawn_order {
  const char* path = nullptr;              // the program; null: the first word, looked for in PATH if it has no slash
  char* const* words = nullptr;            // null-terminated
  char* const* environment = nullptr;      // null-terminated
  const char* directory = nullptr;         // null: where this program is
  std::array<int, 3> streams{-1, -1, -1};  // above 2 each (child_streams.hpp); -1: as this program's own
  std::span<const int> kept_open;          // above 2
  bool dies_with_parent = false;
  bool session = false;  // it leads a session of its own
  bool daemon = false;   // in a session of its own, and not a child of this program
};

// Where it fails nothing is left behind. Otherwise the program is in place; unless it is a daemon, it is a child that
// is to be waited for.
struct spawned {
  pid_t id = -1;
  std::error_code error;
};
spawned spawn(const spawn_order& what);

// None where it fails; errno says why. The process is there as long as nobody has reaped it.
unique_fd open_pidfd(pid_t process) noexcept;

// A program's words, environment, folder and descriptors, in the form that exec wants, as long as the program lives.
// Throws input_error for a word with a NUL byte in it.
class program_words {
 public:
  explicit program_words(const program& what);
  [[nodiscard]] char* const* words() const noexcept { return words_.data(); }
  [[nodiscard]] char* const* environment() const noexcept { return environment_.data(); }
  [[nodiscard]] const char* directory() const noexcept { return directory_.empty() ? nullptr : directory_.c_str(); }
  [[nodiscard]] std::span<const int> kept_open() const noexcept { return kept_open_; }

 private:
  std::string directory_;
  std::vector<int> kept_open_;
  std::vector<std::string> texts_;
  std::vector<char*> words_;
  std::vector<char*> environment_;
};

// Says what went wrong, to whom, and what can be done.
[[noreturn]] void throw_spawn_error(const std::error_code& code, const program& what);

}  // namespace detail
}  // namespace lakh
