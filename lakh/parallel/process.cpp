#include <lakh/core/deadline.hpp>
#include <lakh/core/error.hpp>
#include <lakh/parallel/child_streams.hpp>
#include <lakh/parallel/descriptor_io.hpp>
#include <lakh/parallel/process.hpp>
#include <lakh/parallel/spawn.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <limits>
#include <utility>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lakh {

using detail::last_error;

namespace {

// Not by <sys/pidfd.h>: glibc 2.36 forgot to declare its functions for C++.
void signal_pidfd(int pidfd, int signal) noexcept {
  ::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0);
}

constexpr const char* taken_away = "something in this program reaps all children, or ignores SIGCHLD";
constexpr std::string_view waiting = "wait for a program";

// At most `most` bytes, as many as are there, and no more than a pipe holds by default. False if there are none yet.
bool read_now(int fd, std::size_t most, std::string& into) {
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t got = ::read(fd, buffer.data(), std::min(most, buffer.size()));
    if (got >= 0) {
      into.assign(buffer.data(), static_cast<std::size_t>(got));
      return true;
    }
    if (errno == EAGAIN) return false;
    if (errno != EINTR) throw_error(last_error(), "read from a program");
  }
}

// Milliseconds; -1: for ever. May return early, when a signal comes.
void wait_for_news(const unique_fd& fd, int limit) noexcept {
  pollfd one{fd.get(), POLLIN, 0};
  while (::poll(&one, 1, limit) < 0 && limit < 0 && errno == EINTR) {
  }
}

}  // namespace

program& program::arg(std::string word) & {
  words_.push_back(std::move(word));
  return *this;
}
program& program::directory(std::filesystem::path folder) & {
  directory_ = std::move(folder);
  return *this;
}
program& program::variable(std::string name, std::string value) & {
  if (name.empty() || name.find('=') != std::string::npos)
    throw input_error("\"" + name + "\" is no name of an environment variable");
  variables_.insert_or_assign(std::move(name), std::move(value));
  return *this;
}
program& program::clean_environment() & {
  clean_environment_ = true;
  return *this;
}
program& program::dies_with_parent() & {
  dies_with_parent_ = true;
  return *this;
}

program& program::own_session() & {
  own_session_ = true;
  return *this;
}
program& program::keep_open(int descriptor) & {
  if (descriptor <= STDERR_FILENO)
    throw input_error("descriptor " + std::to_string(descriptor) + " cannot be kept open for " + name(),
                      "0, 1 and 2 are its streams: input(), output(), errors()");
  kept_open_.push_back(descriptor);
  return *this;
}
program& program::input(stream_to where) & {
  input_ = where;
  return *this;
}
program& program::output(stream_to where) & {
  output_ = where;
  return *this;
}
program& program::errors(stream_to where) & {
  errors_ = where;
  return *this;
}

process process::start(const program& what) {
  const detail::program_words words(what);
  process child;
  child.name_ = what.name();
  const unique_fd in = detail::open_stream(what.input_, true, child.input_);
  const unique_fd out = detail::open_stream(what.output_, false, child.output_);
  const unique_fd err = detail::open_stream(what.errors_, false, child.errors_);
  detail::spawn_order order;
  order.words = words.words();
  order.environment = words.environment();
  order.directory = words.directory();
  order.streams = {in.get(), out.get(), err.get()};
  order.kept_open = words.kept_open();
  order.dies_with_parent = what.dies_with_parent_;
  order.session = what.own_session_;
  const detail::spawned result = detail::spawn(order);
  if (result.error) detail::throw_spawn_error(result.error, what);
  child.id_ = result.id;
  child.pidfd_ = detail::open_pidfd(child.id_);
  if (!child.pidfd_) {
    const std::error_code failed = last_error();
    // Where somebody else reaps, or the kernel itself, it may be gone already, and its number another's.
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(child.id_), &info, WEXITED | WNOHANG | WNOWAIT) != 0)
      throw lakh::error(error_kind::internal, std::make_error_code(std::errc::no_child_process),
                        "start " + what.name() + ": it has ended, and how is not known", taken_away);
    ::kill(child.id_, SIGKILL);
    while (::waitpid(child.id_, nullptr, 0) < 0 && errno == EINTR) {
    }
    detail::throw_spawn_error(failed, what);
  }
  return child;
}

process::process(process&& other) noexcept
    : pidfd_(std::move(other.pidfd_)),
      status_(std::move(other.status_)),
      input_(std::move(other.input_)),
      output_(std::move(other.output_)),
      errors_(std::move(other.errors_)),
      name_(std::move(other.name_)),
      ended_(other.ended_),
      id_(other.id_) {}

process& process::operator=(process&& other) noexcept {
  if (this == &other) return *this;
  end();
  pidfd_ = std::move(other.pidfd_);
  status_ = std::move(other.status_);
  input_ = std::move(other.input_);
  output_ = std::move(other.output_);
  errors_ = std::move(other.errors_);
  name_ = std::move(other.name_);
  ended_ = other.ended_;
  id_ = other.id_;
  return *this;
}

process::~process() {
  end();
}

void process::end() noexcept {
  if (!pidfd_ || ended_) return;
  kill();
  if (status_) {
    // Whatever comes, the status or the end of the server, it comes after the child is gone and reaped.
    wait_for_news(status_, -1);
    wait_for_news(pidfd_, -1);
    return;
  }
  siginfo_t info{};
  while (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info, WEXITED) < 0 &&
         errno == EINTR) {
  }
}

std::optional<exit_status> process::poll() {
  if (!ended_) ended_ = status_ ? ask_server() : ask_kernel();
  return ended_;
}

std::optional<exit_status> process::ask_kernel() const {
  siginfo_t info{};
  while (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG) < 0)
    if (errno != EINTR)
      throw lakh::error(error_kind::internal, last_error(), "ask how process " + std::to_string(id_) + " ended",
                        taken_away);
  if (info.si_pid == 0) return std::nullopt;
  return info.si_code == CLD_EXITED ? exit_status(info.si_status, 0) : exit_status(0, info.si_status);
}

std::optional<exit_status> process::ask_server() const {
  int status = 0;
  ssize_t told = 0;
  while ((told = ::recv(status_.get(), &status, sizeof status, MSG_DONTWAIT)) < 0 && errno == EINTR) {
  }
  if (told < 0 && errno == EAGAIN) return std::nullopt;
  if (told == sizeof status)
    return WIFEXITED(status) ? exit_status(WEXITSTATUS(status), 0) : exit_status(0, WTERMSIG(status));
  // The kernel kills the child when the server dies; this is for the one that has forbidden it to.
  signal_pidfd(pidfd_.get(), SIGKILL);
  wait_for_news(pidfd_, -1);
  throw closed_error(make_error_code(errc::connection_lost),
                     "how process " + std::to_string(id_) + " ended is not known: its fork server is gone",
                     "somebody killed the server, and with it its children; see the kernel's log if memory ran out");
}

exit_status process::wait() {
  while (!poll()) wait_for_news(news(), -1);
  return *ended_;
}

std::optional<exit_status> process::wait_for(std::chrono::nanoseconds limit) {
  const clock::time_point until = deadline_after(clock::now(), limit);
  while (!poll()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
    if (left.count() <= 0) return std::nullopt;
    wait_for_news(news(), static_cast<int>(std::min<std::int64_t>(left.count(), std::numeric_limits<int>::max())));
  }
  return ended_;
}

task<exit_status> process::async_wait() {
  std::optional<detail::descriptor_watch> watch;
  while (!poll()) {
    if (!watch) watch.emplace(sentinel(), EPOLLIN);
    co_await watch->news(waiting);
  }
  co_return *ended_;
}

void process::send_signal(int signal) noexcept {
  if (pidfd_ && !ended_) signal_pidfd(pidfd_.get(), signal);
}
void process::terminate() noexcept {
  send_signal(SIGTERM);
}
void process::kill() noexcept {
  send_signal(SIGKILL);
}

task<void> process::write(std::string_view bytes) {
  std::optional<detail::descriptor_watch> watch;
  while (!bytes.empty()) {
    const ssize_t written = detail::write_some(input_.get(), bytes, {});
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      if (!watch) watch.emplace(input_.get(), EPOLLOUT);
      co_await watch->news(waiting);
    } else if (errno != EINTR) {
      throw_error(last_error(), "write to a program");
    }
  }
}

task<std::string> process::read(const unique_fd& from, std::size_t most) {
  std::string bytes;
  std::optional<detail::descriptor_watch> watch;
  while (!read_now(from.get(), most, bytes)) {
    if (!watch) watch.emplace(from.get(), EPOLLIN);
    co_await watch->news(waiting);
  }
  co_return bytes;
}

std::string process::take(const unique_fd& from, std::size_t most) {
  std::string bytes;
  if (from) read_now(from.get(), most, bytes);
  return bytes;
}

}  // namespace lakh
