#include <lakh/actions/exec_child.hpp>
#include <lakh/async/waiter.hpp>
#include <lakh/core/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lakh::actions {
namespace {

constexpr std::size_t chunk = 65536;  // what a pipe holds by default
constexpr int chunks_a_turn = 16;     // then others have their turn on the loop
constexpr int chunks_at_the_end = 32;
constexpr int reaping_patience_ms = 2000;  // for one that was killed; longer only in the middle of a broken disk

std::error_code last_error() noexcept {
  return {errno, std::system_category()};
}

// Not 0, 1 or 2, which the child's own streams become, also where this program has closed its own.
unique_fd above_streams(int fd) noexcept {
  unique_fd original(fd);
  if (!original || original.get() > STDERR_FILENO) return original;
  return unique_fd(::fcntl(original.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

// Open for as long as the program runs: programs that get no input and no capture share it.
int null_device() {
  static const unique_fd null = above_streams(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) throw_error(last_error(), "open /dev/null");
  return null.get();
}

// The input as a file in memory: nobody has to feed it, and the child may stop reading whenever it likes.
unique_fd input_file(std::string_view bytes) {
  unique_fd file = above_streams(::memfd_create("lakh input", MFD_CLOEXEC));
  if (!file) throw_error(last_error(), "make a file in memory");
  write_all(file, bytes, "the input of a program");
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw_error(last_error(), "rewind a file in memory");
  return file;
}

// All that the child needs, made before it is there: it shares this program's memory, and must not allocate.
struct instructions {
  const exec_order* what;
  std::array<int, 3> streams;
  pid_t parent;
  int tell;  // a pipe for the error, closed by exec: memory is not shared where the thread sanitizer makes vfork a fork
};

[[noreturn]] void give_up(const instructions& my) noexcept {
  const int error = errno;
  (void)!::write(my.tell, &error, sizeof error);
  ::_exit(127);
}

// In the child. System calls only.
[[noreturn]] void become(const instructions& my) noexcept {
  // Handlers of this program must not run in it, nor what it ignores be ignored there.
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < 32; ++signal) ::sigaction(signal, &standard, nullptr);
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != my.parent) ::_exit(127);  // it has ended already
  for (int target = 0; target < 3; ++target) {
    if (::dup2(my.streams[static_cast<std::size_t>(target)], target) < 0) give_up(my);
  }
  if (my.what->directory != nullptr && ::chdir(my.what->directory) != 0) give_up(my);
  // Whatever this program opened without close-on-exec stays here. Kernels before 5.11 cannot do that at once.
  ::syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(my.what->path, my.what->words, my.what->environment);
  give_up(my);
}

pid_t spawn(const instructions& my) noexcept {
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

void reap_at_once(pid_t id) noexcept {
  while (::waitpid(id, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

// Waits until the program has ended, or a time.
class exec_child::wait_operation final : public waiter, private timer_node {
 public:
  wait_operation(exec_child& of, time_point until) noexcept : of_(of), until_(until) {}
  template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) {
    if (!begin(self)) return false;
    if (of_.ended_) {
      leave();
      return false;
    }
    if (until_ != time_point::max()) home().arm(*this, until_);
    of_.waiting_ = this;
    return true;
  }
  bool await_resume() const {
    throw_if_failed("wait for a program");
    return of_.ended_;
  }
  void it_has_ended() {
    abandon();
    wake();
  }

 private:
  void on_timer() noexcept override {
    of_.waiting_ = nullptr;
    wake();
  }
  void abandon() noexcept override {
    if (armed()) home().disarm(*this);
    of_.waiting_ = nullptr;
  }
  exec_child& of_;
  time_point until_;
};

bool exec_child::stream::take(int chunks) {
  static thread_local std::array<char, chunk> bytes;
  for (int i = 0; i < chunks; ++i) {
    const ssize_t got = ::read(fd.get(), bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return false;
    if (got <= 0) {
      close();
      return false;
    }
    const std::string_view come(bytes.data(), static_cast<std::size_t>(got));
    seen += come.size();
    kept.append(come.substr(0, most - kept.size()));
    if (heard) heard(come);
  }
  return true;
}

void exec_child::stream::on_ready(std::uint32_t /*events*/) {
  if (take(chunks_a_turn)) owner.home_->sockets().remind(fd.get(), *this);
}

void exec_child::stream::close() noexcept {
  if (!fd) return;
  owner.home_->sockets().remove(fd.get(), *this);
  fd.reset();
}

void exec_child::death::on_ready(std::uint32_t /*events*/) {
  owner.ended_ = true;
  if (owner.waiting_ != nullptr) owner.waiting_->it_has_ended();
}

// The child's end. Ours is watched from the beginning.
unique_fd exec_child::open_capture(stream& into) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_error(last_error(), "make a pipe");
  unique_fd ours = above_streams(ends[0]);
  unique_fd theirs = above_streams(ends[1]);
  if (!ours || !theirs || ::fcntl(ours.get(), F_SETFL, O_NONBLOCK) != 0) throw_error(last_error(), "make a pipe");
  home_->sockets().add(ours.get(), into);
  into.fd = std::move(ours);
  return theirs;
}

exec_begun exec_child::start(const exec_order& what) {
  home_ = &loop::current();
  ended_ = false;
  for (stream* each : {&out_, &err_}) {
    each->kept.clear();
    each->seen = 0;
  }
  exec_begun begun;
  try {
    unique_fd input;
    if (!what.input.empty()) input = input_file(what.input);
    unique_fd out;
    unique_fd err;
    if (what.captured) {
      out = open_capture(out_);
      err = open_capture(err_);
    }
    const int null = null_device();
    const auto or_null = [&](const unique_fd& fd) { return fd ? fd.get() : null; };
    std::array<int, 2> report{-1, -1};
    if (::pipe2(report.data(), O_CLOEXEC) != 0) throw_error(last_error(), "make a pipe");
    const unique_fd told = above_streams(report[0]);
    unique_fd tell = above_streams(report[1]);
    if (!told || !tell) throw_error(last_error(), "make a pipe");
    id_ = spawn({&what, {or_null(input), or_null(out), or_null(err)}, ::getpid(), tell.get()});
    if (id_ < 0) begun.error = last_error();
    tell.reset();
    int error = 0;
    ssize_t got = 0;
    while (id_ > 0 && (got = ::read(told.get(), &error, sizeof error)) < 0 && errno == EINTR) {
    }
    if (got == static_cast<ssize_t>(sizeof error)) {
      begun.error = {error, std::system_category()};
      reap_at_once(id_);
    }
    if (begun.error) {
      id_ = 0;
      close_all();
      return begun;
    }
    begun.maybe = true;
    pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, id_, 0)));
    if (!pidfd_) throw_error(last_error(), "watch a program");
    home_->sockets().add(pidfd_.get(), death_);
  } catch (const error& caught) {
    begun.error = caught.code();
    abandon();
    close_all();
  }
  return begun;
}

task<bool> exec_child::ended_by(time_point until) {
  try {
    co_return co_await wait_operation(*this, until);
  } catch (...) {
    abandon();
    throw;
  }
}

void exec_child::signal_all(int signal) noexcept {
  // Its number is nobody else's as long as it is not reaped.
  if (id_ > 0) ::kill(-id_, signal);
}

exec_end exec_child::finish() {
  exec_end end;
  for (stream* each : {&out_, &err_})
    if (each->fd) (void)each->take(chunks_at_the_end);
  siginfo_t info{};
  int result = 0;
  while ((result = ::waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED)) < 0 && errno == EINTR) {
  }
  if (result < 0)
    end.lost = true;
  else if (info.si_code == CLD_EXITED)
    end.code = info.si_status;
  else
    end.signal = info.si_status;
  id_ = 0;
  close_all();
  return end;
}

void exec_child::abandon() noexcept {
  if (id_ <= 0) return;
  signal_all(SIGKILL);
  pollfd death{pidfd_.get(), POLLIN, 0};
  if (pidfd_)
    while (::poll(&death, 1, reaping_patience_ms) < 0 && errno == EINTR) {
    }
  ::waitpid(id_, nullptr, pidfd_ ? WNOHANG : 0);
  id_ = 0;
  close_all();
}

void exec_child::close_all() noexcept {
  out_.close();
  err_.close();
  if (!pidfd_) return;
  home_->sockets().remove(pidfd_.get(), death_);
  pidfd_.reset();
}

}  // namespace lakh::actions
