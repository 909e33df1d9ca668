// A child process for tests: forked, so that it has the test's own variables; killed and reaped when it goes.
#pragma once

#include <cerrno>
#include <csignal>
#include <utility>

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lakh {

class forked {
 public:
  // `work` runs in the child; its exit code is what it returns, 99 if it throws. Nothing of the test runs after it.
  template <class F> explicit forked(F&& work) : id_(::fork()) {
    if (id_ != 0) return;
    int code = 99;
    try {
      code = std::forward<F>(work)();
    } catch (...) {
      code = 99;
    }
    ::_exit(code);
  }
  forked(forked&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  forked& operator=(forked&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  ~forked() { kill(); }

  [[nodiscard]] pid_t id() const noexcept { return id_; }
  // Somebody else has waited for it.
  void forget() noexcept { id_ = -1; }
  // Exit code; 128 + signal where one ended it; -1 if it has been waited for.
  int wait() {
    if (id_ <= 0) return -1;
    int status = 0;
    while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  void kill() {
    if (id_ <= 0) return;
    ::kill(id_, SIGKILL);
    wait();
  }

 private:
  pid_t id_;
};

}  // namespace lakh
