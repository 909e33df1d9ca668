// A program at work for one item: what lakh::process does, cut to what the exec action needs of it, a thousand times a
// second. Internal to the room.
//
//   exec_child child(most);
//   if (const auto begun = child.start(what); !begun.error) {
//     if (!co_await child.ended_by(due)) child.signal_all(SIGTERM);
//     …
//     const exec_end end = child.finish();        // child.output(), child.errors()
//   }
//
// 1. It leads a session of its own: a terminal's Ctrl-C does not reach it, it finds no terminal to ask on, and
//    signal_all() reaches everything that it has started and that has not left its session.
// 2. It has three descriptors and no other, no signal blocked and none ignored.
// 3. The kernel kills it (SIGKILL) when the thread that started it dies, however that comes about; not what it has
//    started itself.
// 4. What it writes is captured up to a bound; beyond that it is read and thrown away, so that nothing holds it up.
// 5. It has ended when the program has, whoever still holds its streams.
// 6. The object may be used again for the next item, on the same loop. One that is destroyed, or that a cancelled wait
//    leaves, kills everything in the session, and reaps.
// Started by vfork: the child shares this program's memory until it becomes the other program, so nothing of the size
// of this program costs anything.
#pragma once

#include <lakh/async/loop.hpp>
#include <lakh/async/readiness.hpp>
#include <lakh/async/task.hpp>
#include <lakh/core/unique_fd.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>

#include <sys/types.h>

namespace lakh::actions {

// Everything by pointers that live until start() returns.
struct exec_order {
  const char* path = nullptr;          // no search in PATH
  char* const* words = nullptr;        // null-terminated
  char* const* environment = nullptr;  // null-terminated
  const char* directory = nullptr;     // null: where this program is
  std::string_view input;              // empty: /dev/null
  bool captured = true;                // else output and errors go to /dev/null
};

struct exec_begun {
  std::error_code error;
  bool maybe = false;  // with an error: it may have run for a moment
};

// How it ended: by itself with a code, or by a signal; lost where somebody else has taken its exit status.
struct exec_end {
  int code = 0;
  int signal = 0;
  bool lost = false;
};

class exec_child {
 public:
  using listener = std::function<void(std::string_view bytes)>;

  // Keeps at most so many bytes of each stream.
  explicit exec_child(std::size_t most) noexcept : out_(*this, most), err_(*this, most) {}
  exec_child(const exec_child&) = delete;
  exec_child& operator=(const exec_child&) = delete;
  ~exec_child() { abandon(); }

  // Hears everything as it comes, beyond the bound too.
  void listen(listener to_output, listener to_errors) {
    out_.heard = std::move(to_output);
    err_.heard = std::move(to_errors);
  }

  // Blocks until the program is in place, some 100 µs.
  exec_begun start(const exec_order& what);
  // True once it has ended; false where the time came before. May be awaited again. Throws cancelled: then all of it
  // has been killed.
  task<bool> ended_by(time_point until);
  // To everything in its session (exec_session.hpp says how). Only between start() and finish().
  void signal_all(int signal) noexcept;
  // After it has ended: takes the rest of its output and its exit status.
  exec_end finish();
  // SIGKILL to everything, and reaps. Nothing happens where nothing runs.
  void abandon() noexcept;

  [[nodiscard]] pid_t id() const noexcept { return id_; }

  // Of the last one that was started, once it is finished.
  [[nodiscard]] const std::string& output() const noexcept { return out_.kept; }
  [[nodiscard]] const std::string& errors() const noexcept { return err_.kept; }
  // How much there was in all.
  [[nodiscard]] std::uint64_t output_size() const noexcept { return out_.seen; }
  [[nodiscard]] std::uint64_t errors_size() const noexcept { return err_.seen; }

 private:
  struct stream final : socket_watcher {
    stream(exec_child& of, std::size_t bound) noexcept : owner(of), most(bound) {}
    void on_ready(std::uint32_t events) override;
    // Reads at most so many chunks of what is there. True if there may be more.
    bool take(int chunks);
    void close() noexcept;
    exec_child& owner;
    std::size_t most;
    unique_fd fd;
    std::string kept;
    std::uint64_t seen = 0;
    listener heard;
  };
  struct death final : socket_watcher {
    explicit death(exec_child& of) noexcept : owner(of) {}
    void on_ready(std::uint32_t events) override;
    exec_child& owner;
  };
  class wait_operation;

  [[nodiscard]] bool is_dead() const noexcept;
  unique_fd open_capture(stream& into);
  void close_all() noexcept;

  loop* home_ = nullptr;
  stream out_;
  stream err_;
  death death_{*this};
  unique_fd pidfd_;
  wait_operation* waiting_ = nullptr;
  pid_t id_ = 0;  // 0: nothing runs
  bool ended_ = false;
};

}  // namespace lakh::actions
