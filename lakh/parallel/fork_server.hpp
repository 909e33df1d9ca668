// Functions of this program as processes, also when it has threads.
//
//   int main() {
//     lakh::fork_server server;                                  // first thing, while there is one thread
//     ...
//     lakh::process child = server.start(count_words, "/etc/hosts");        // at any time, from any thread
//     const lakh::exit_status end = child.wait();
//   }
//   int count_words(std::string_view argument, std::span<lakh::unique_fd> descriptors) { ... return 0; }
//
// A fork copies one thread and the memory as it is at that moment, with every lock that another thread holds: locked
// for ever, the allocator's among them. So a program that has threads must not fork to run more code of its own. A fork
// server is a copy of the program made while it had a single thread; it does nothing but fork children when it is told.
//
// Contract
// 1. The constructor throws error where the program has threads already, and says so in a hint. Nothing of the program
//    but the server is ever forked by this class.
// 2. A child sees the program as it was when the server was made: its memory, its open descriptors, its folder and
//    environment. Later changes reach it through its argument and its descriptors alone. Addresses of functions and of
//    objects with static storage are the same in both.
// 3. A child begins with one thread, no signal blocked, every signal at its default, and none of the descriptors of the
//    server or of other children. It ends with what its function returns (0 … 255) as exit code; stdio is flushed,
//    destructors of static objects and handlers of atexit do not run. An exception that leaves the function is told on
//    standard error, and the exit code is `uncaught`.
// 4. The result is a lakh::process as any other: an object that dies before its child kills it. Its parent in the eyes
//    of the kernel is the server, which reaps it and passes the exit status on.
// 5. No child outlives the server, and the server does not outlive this program or this object: also when one of them
//    is killed by SIGKILL, children are killed. What the children started by themselves is their own affair.
// 6. If the server is killed, `start` throws closed_error, and so does asking for the exit status of a child whose
//    status was not told before; the child is dead by then.
// 7. Signals of the terminal (Ctrl-C) reach the children as they reach this program; the server takes no notice of
//    them.
#pragma once

#include <lakh/core/unique_fd.hpp>
#include <lakh/parallel/process.hpp>

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <sys/types.h>

namespace lakh {

// How a child is started, beyond what it does.
class child_options {
 public:
  // As `ps` shows it, cut to 15 bytes; process::name() has all of it.
  child_options&& name(std::string text) && {
    name_ = std::move(text);
    return std::move(*this);
  }
  // Otherwise its streams lead where the server's do, which is where this program's led when the server was made.
  child_options&& input(stream_to where) && {
    input_ = where;
    return std::move(*this);
  }
  child_options&& output(stream_to where) && {
    output_ = where;
    return std::move(*this);
  }
  child_options&& errors(stream_to where) && {
    errors_ = where;
    return std::move(*this);
  }

 private:
  friend class fork_server;
  std::string name_;
  stream_to input_ = stream_to::inherit;
  stream_to output_ = stream_to::inherit;
  stream_to errors_ = stream_to::inherit;
};

class fork_server {
 public:
  // What a child does: handed its own copies of the argument's bytes and of the descriptors, in the order in which they
  // were given. Returns its exit code.
  using entry = int (*)(std::string_view argument, std::span<unique_fd> descriptors);

  static constexpr std::size_t most_descriptors = 240;  // for one child; the kernel passes 253 at once
  static constexpr int uncaught = 70;                   // exit code where an exception left the entry

  // Throws error if this program has more than one thread, or the kernel has no room for another process.
  fork_server();
  fork_server(const fork_server&) = delete;
  fork_server& operator=(const fork_server&) = delete;
  // Kills the children that are left, and waits until they and the server are gone.
  ~fork_server();

  // Any thread; several at once. Returns when the child is there: about as long as a fork takes. `descriptors` are
  // duplicated, and stay the caller's; they are closed on exec in the child. `argument` may be of any size.
  // Throws closed_error if the server is gone, input_error for too many descriptors, error where the kernel refuses.
  process start(entry what, std::string_view argument, std::span<const int> descriptors = {},
                const child_options& how = {});

  // The server's own number, for looking at it from outside.
  [[nodiscard]] pid_t id() const noexcept { return id_; }

 private:
  unique_fd socket_;
  pid_t id_ = 0;
};

}  // namespace lakh
