#include <lakh/actions/exec_child.hpp>
#include <lakh/actions/exec_session.hpp>
#include <lakh/async/waiter.hpp>
#include <lakh/core/error.hpp>
#include <lakh/parallel/child_streams.hpp>
#include <lakh/parallel/spawn.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
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

// Open for as long as the program runs: programs that get no input and no capture share it.
int null_device() {
  static const unique_fd null = detail::above_streams(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) throw_error(last_error(), "open /dev/null");
  return null.get();
}

// The input as a file in memory: nobody has to feed it, and the child may stop reading whenever it likes.
unique_fd input_file(std::string_view bytes) {
  unique_fd file = detail::above_streams(::memfd_create("lakh input", MFD_CLOEXEC));
  if (!file) throw_error(last_error(), "make a file in memory");
  write_all(file, bytes, "the input of a program");
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw_error(last_error(), "rewind a file in memory");
  return file;
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
  detail::pipe_ends ends = detail::make_pipe();
  if (::fcntl(ends.read.get(), F_SETFL, O_NONBLOCK) != 0) throw_error(last_error(), "make a pipe");
  home_->sockets().add(ends.read.get(), into);
  into.fd = std::move(ends.read);
  return std::move(ends.write);
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
    detail::spawn_order order;
    order.path = what.path;
    order.words = what.words;
    order.environment = what.environment;
    order.directory = what.directory;
    order.streams = {or_null(input), or_null(out), or_null(err)};
    order.session = true;
    order.dies_with_parent = true;
    const detail::spawned spawned = detail::spawn(order);
    if (spawned.error) {
      begun.error = spawned.error;
      close_all();
      return begun;
    }
    id_ = spawned.id;
    begun.maybe = true;
    pidfd_ = detail::open_pidfd(id_);
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
    const bool heard = co_await wait_operation(*this, until);
    // A loop that was held up may come to the time before it comes to the death that lay before it.
    if (!heard) ended_ = is_dead();
    co_return ended_;
  } catch (...) {
    abandon();
    throw;
  }
}

bool exec_child::is_dead() const noexcept {
  siginfo_t info{};
  return ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid != 0;
}

void exec_child::signal_all(int signal) noexcept {
  if (id_ > 0) signal_session(id_, signal);
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
