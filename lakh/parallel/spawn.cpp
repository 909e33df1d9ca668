#include <lakh/core/error.hpp>
#include <lakh/core/open_files.hpp>
#include <lakh/parallel/child_streams.hpp>
#include <lakh/parallel/process.hpp>
#include <lakh/parallel/spawn.hpp>

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lakh::detail {
namespace {

// What the child tells through a pipe: an error; or, if it is to be a daemon, its number. The memory is shared where
// vfork is what it says, but the thread sanitizer makes it a fork.
struct report {
  pid_t id = -1;
  int error = 0;
};

struct child_orders {
  const spawn_order* what;
  pid_t parent;
  int tell;
};

[[noreturn]] void give_up(const child_orders& my) noexcept {
  const report said{-1, errno};
  (void)!::write(my.tell, &said, sizeof said);
  ::_exit(127);
}

// In the child. System calls only.
[[noreturn]] void become(const child_orders& my) noexcept {
  const spawn_order& what = *my.what;
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
  if (what.session) ::setsid();
  if (what.dies_with_parent) {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up(my);
    if (::getppid() != my.parent) ::_exit(127);  // it has ended already
  }
  for (int target = 0; target < 3; ++target) {
    const int stream = what.streams[static_cast<std::size_t>(target)];
    if (stream >= 0 && ::dup2(stream, target) < 0) give_up(my);
  }
  if (what.directory != nullptr && ::chdir(what.directory) != 0) give_up(my);
  if (what.daemon) {
    // A session of its own, so that no terminal's signals reach it; and it does not lead that session, so that no
    // terminal that it opens becomes its own. Its parent ends at once: init, or a subreaper, adopts it and reaps it.
    ::setsid();
    // Not vfork within vfork, which sanitizers lose their way in; and not fork, whose handlers may want a lock.
    const pid_t second = ::_Fork();
    if (second < 0) give_up(my);
    if (second > 0) {
      const report said{second, 0};
      (void)!::write(my.tell, &said, sizeof said);
      ::_exit(0);
    }
  }
  restore_open_files();
  // Whatever this program opened without close-on-exec stays here. Kernels before 5.11 cannot do that at once.
  ::syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  for (const int kept : what.kept_open)
    if (::fcntl(kept, F_SETFD, 0) != 0) give_up(my);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (what.path != nullptr)
    ::execve(what.path, what.words, what.environment);
  else
    ::execvpe(what.words[0], what.words, what.environment);
  give_up(my);
}

pid_t fork_child(const child_orders& my) noexcept {
  // No handler of this program may run in the child, which shares its memory.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t child = ::vfork();  // NOLINT(bugprone-unsafe-functions): posix_spawn sets no PR_SET_PDEATHSIG
  if (child == 0) become(my);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return child;
}

void reap(pid_t child) noexcept {
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

spawned spawn(const spawn_order& what) {
  pipe_ends ends = make_pipe();
  const pid_t child = fork_child({&what, ::getpid(), ends.write.get()});
  if (child < 0) return {-1, {errno, std::system_category()}};
  ends.write.reset();
  spawned result{child, {}};
  while (true) {
    report said;
    const ssize_t got = ::read(ends.read.get(), &said, sizeof said);
    if (got < 0 && errno == EINTR) continue;
    if (got != static_cast<ssize_t>(sizeof said)) break;  // the end: the pipe was closed by exec
    if (said.error != 0)
      result.error.assign(said.error, std::system_category());
    else
      result.id = said.id;
  }
  if (what.daemon || result.error) reap(child);
  // Killed before it could say what the daemon's number is: it may not even have forked it.
  if (what.daemon && result.id == child && !result.error)
    result.error = std::make_error_code(std::errc::no_child_process);
  return result;
}

// Not by <sys/pidfd.h>: glibc 2.36 forgot to declare its functions for C++.
unique_fd open_pidfd(pid_t process) noexcept {
  return unique_fd(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
}

program_words::program_words(const program& what) : directory_(what.directory_), kept_open_(what.kept_open_) {
  const auto refuse_nul = [&](const std::string& text) {
    if (text.find('\0') != std::string::npos) throw input_error("a word for " + what.name() + " contains a NUL byte");
  };
  // As many as there will be: pointers into the texts are taken before the last is there.
  std::size_t inherited = 0;
  if (!what.clean_environment_)
    for (char** one = environ; *one != nullptr; ++one) ++inherited;
  texts_.reserve(what.words_.size() + what.variables_.size());
  words_.reserve(what.words_.size() + 1);
  environment_.reserve(inherited + what.variables_.size() + 1);

  refuse_nul(directory_);
  for (const std::string& word : what.words_) {
    refuse_nul(word);
    words_.push_back(texts_.emplace_back(word).data());
  }
  for (const auto& [name, value] : what.variables_) {
    std::string& text = texts_.emplace_back(name + "=" + value);
    refuse_nul(text);
    environment_.push_back(text.data());
  }
  if (!what.clean_environment_)
    for (char** one = environ; *one != nullptr; ++one) {
      const std::string_view setting(*one);
      if (what.variables_.empty() || !what.variables_.contains(std::string(setting.substr(0, setting.find('=')))))
        environment_.push_back(*one);
    }
  words_.push_back(nullptr);
  environment_.push_back(nullptr);
}

void throw_spawn_error(const std::error_code& code, const program& what) {
  const std::string doing = "start " + what.name();
  if (code == std::errc::no_such_file_or_directory || code == std::errc::not_a_directory)
    throw input_error(doing + ": there is no such program, or no such folder to run it in");
  if (code == std::errc::permission_denied)
    throw input_error(doing + ": " + code.message(),
                      "the file must be a program (chmod +x), and its folder open to you");
  std::string hint;
  if (code == std::errc::argument_list_too_long) hint = "pass long data through its input or a file";
  if (code == std::errc::no_child_process) hint = "it was killed before it began";
  if (code == std::errc::resource_unavailable_try_again) hint = "raise the limit on processes (ulimit -u)";
  throw lakh::error(kind_of(code), code, doing + ": " + code.message(), hint);
}

}  // namespace lakh::detail
