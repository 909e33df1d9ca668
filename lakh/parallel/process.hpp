// Other programs: start one, talk to it, wait for its end without blocking the loop.
//
//   lakh::process child = lakh::process::start(lakh::program("sort").arg("-n").input(lakh::stream_to::pipe));
//   co_await child.write("3\n1\n");
//   child.close_input();
//   lakh::exit_status end = co_await child.async_wait();
//
//   auto result = co_await lakh::run_program(lakh::program("git").arg("log")).timeout(5s);      // run_program.hpp
//
// 1. Started by vfork and exec: safe in a program that has threads; no code of this program runs in the child but a few
//    system calls. The child gets no descriptor but its three streams, and signals unblocked with their default
//    handlers.
// 2. A process object owns its child. When it dies before the child, the child is killed (SIGKILL) and reaped: no
//    zombies, no strays. Whoever else reaps children of any number, as with wait(2), or ignores SIGCHLD, takes the exit
//    status away: asking for it then throws.
// 3. The child is known by a pidfd: a signal never hits another process that got its number.
// 4. What the child itself starts is its own affair: it is not killed with it.
// A process object belongs to one thread or loop at a time.
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/core/unique_fd.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace lakh {

namespace detail {
class program_words;
}

// Where a stream of the child leads.
enum class stream_to : std::uint8_t {
  inherit,  // where this program's own leads
  nothing,  // /dev/null
  pipe,     // to this program
};

// What to start, and how.
class program {
 public:
  // A name without a slash is looked for in this program's PATH.
  explicit program(std::string name) { words_.push_back(std::move(name)); }

  program& arg(std::string word) &;
  program&& arg(std::string word) && { return std::move(arg(std::move(word))); }
  // Where it runs, and from where a name with a slash that is relative is meant.
  program& directory(std::filesystem::path folder) &;
  program&& directory(std::filesystem::path folder) && { return std::move(directory(std::move(folder))); }
  // Over what this program's environment says.
  program& variable(std::string name, std::string value) &;
  program&& variable(std::string name, std::string value) && {
    return std::move(variable(std::move(name), std::move(value)));
  }
  // Nothing of this program's environment but what `variable` sets.
  program& clean_environment() &;
  program&& clean_environment() && { return std::move(clean_environment()); }
  // The kernel kills it (SIGKILL) when the thread that started it ends, however that comes about.
  program& dies_with_parent() &;
  program&& dies_with_parent() && { return std::move(dies_with_parent()); }
  // In a session of its own: signals that a terminal sends to who stands in front of it do not reach the program.
  program& own_session() &;
  program&& own_session() && { return std::move(own_session()); }

  // The program gets this descriptor too, under the same number, whatever is said of closing it on exec; all others
  // stay here. It must be open when the program is started, and above 2: those are its streams.
  program& keep_open(int descriptor) &;
  program&& keep_open(int descriptor) && { return std::move(keep_open(descriptor)); }

  program& input(stream_to where) &;
  program&& input(stream_to where) && { return std::move(input(where)); }
  program& output(stream_to where) &;
  program&& output(stream_to where) && { return std::move(output(where)); }
  program& errors(stream_to where) &;
  program&& errors(stream_to where) && { return std::move(errors(where)); }

  [[nodiscard]] const std::string& name() const noexcept { return words_.front(); }

 private:
  friend class process;
  friend class detail::program_words;
  std::vector<std::string> words_;
  std::map<std::string, std::string> variables_;
  std::vector<int> kept_open_;
  std::filesystem::path directory_;
  stream_to input_ = stream_to::inherit;
  stream_to output_ = stream_to::inherit;
  stream_to errors_ = stream_to::inherit;
  bool clean_environment_ = false;
  bool dies_with_parent_ = false;
  bool own_session_ = false;
};

// How a process ended: with an exit code, or by a signal.
class exit_status {
 public:
  exit_status() = default;
  exit_status(int code, int signal) noexcept : code_(code), signal_(signal) {}
  [[nodiscard]] bool success() const noexcept { return signal_ == 0 && code_ == 0; }
  // 0 … 255; as a shell shows it, 128 + signal, where a signal ended it.
  [[nodiscard]] int code() const noexcept { return signal_ != 0 ? 128 + signal_ : code_; }
  // 0 if it ended by itself.
  [[nodiscard]] int signal() const noexcept { return signal_; }

 private:
  int code_ = 0;
  int signal_ = 0;
};

class process {
 public:
  // Throws error if it cannot be started: no such program, no such folder, no room.
  static process start(const program& what);

  process(process&& other) noexcept;
  process& operator=(process&& other) noexcept;
  ~process();

  [[nodiscard]] pid_t id() const noexcept { return id_; }
  // The program's, or what its starter called it.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  // Waits for the end: a thread, or any number of coroutines. May be called again. With a deadline: wait_for, and
  // `co_await with_timeout(5s, child.async_wait())`.
  exit_status wait();
  task<exit_status> async_wait();
  // Nothing if it still runs when the time is over.
  std::optional<exit_status> wait_for(std::chrono::nanoseconds limit);
  // Nothing while it runs.
  std::optional<exit_status> poll();
  [[nodiscard]] bool is_alive() { return !poll(); }
  // A descriptor that is readable from its end on, for an event loop of one's own; stays the process object's.
  [[nodiscard]] int sentinel() const noexcept { return news().get(); }

  // Nothing happens to one that has ended.
  void send_signal(int signal) noexcept;
  void terminate() noexcept;  // SIGTERM
  void kill() noexcept;       // SIGKILL

  // For streams that lead to pipes.
  // Throws closed_error if the child has closed its input, or ended. `bytes` lives until it is done.
  task<void> write(std::string_view bytes);
  void close_input() noexcept { input_.reset(); }
  // Some bytes, at most `most`; none at the end.
  task<std::string> read_output(std::size_t most = 65536) { return read(output_, most); }
  task<std::string> read_errors(std::size_t most = 65536) { return read(errors_, most); }
  // What is there now, without waiting: nothing where there is nothing, or the end was reached.
  std::string take_output(std::size_t most) { return take(output_, most); }
  std::string take_errors(std::size_t most) { return take(errors_, most); }

 private:
  friend class fork_server;
  process() = default;
  [[nodiscard]] const unique_fd& news() const noexcept { return status_ ? status_ : pidfd_; }
  [[nodiscard]] std::optional<exit_status> ask_kernel() const;
  [[nodiscard]] std::optional<exit_status> ask_server() const;
  static task<std::string> read(const unique_fd& from, std::size_t most);
  static std::string take(const unique_fd& from, std::size_t most);
  void end() noexcept;

  unique_fd pidfd_;
  unique_fd status_;  // where a fork server tells how its child ended; none if it is our own
  unique_fd input_;
  unique_fd output_;
  unique_fd errors_;
  std::string name_;
  std::optional<exit_status> ended_;
  pid_t id_ = 0;
};

}  // namespace lakh
