#include <lakh/core/error.hpp>
#include <lakh/parallel/child_streams.hpp>
#include <lakh/parallel/descriptor_io.hpp>
#include <lakh/parallel/fork_server.hpp>
#include <lakh/parallel/spawn.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <map>
#include <memory>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
#define LAKH_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LAKH_THREAD_SANITIZER 1
#endif
#endif

namespace lakh {

using detail::last_error;

namespace {

// 1. A request is one message on the server's socket: `request`, then the argument if it is not large. Descriptors come
//    with it in this order: the server's end of the child's status socket, those for its streams, the memory with the
//    argument if it is large, and those that the caller gave.
// 2. Over the status socket the server answers with `answer` and the child's pidfd, and when the child has ended and is
//    reaped with its wait status, an int (process.cpp). So answers find their askers without a lock, and the socket's
//    end, which comes without a message, says that the server died.
// 3. The server trusts what it is told: only this program has the other end.
struct request {
  fork_server::entry what = nullptr;
  std::size_t argument = 0;
  std::array<bool, 3> streams{};
  bool large = false;
  std::array<char, 16> name{};
};

struct answer {
  pid_t process = 0;
  int error = 0;
};

// As much as a message may have under every kernel's default limits, and some to spare.
constexpr std::size_t most_inline = 65536;
// Milliseconds within which the descriptors of a process that was killed are closed, one after the other.
constexpr int time_to_fall_apart = 100;
// The kernel's own (SCM_MAX_FD).
constexpr std::size_t most_passed = 253;

[[noreturn]] void throw_gone() {
  throw closed_error(make_error_code(errc::connection_lost), "the fork server is gone",
                     "it ends when somebody kills it; make a new one before other threads begin");
}

union control_buffer {
  cmsghdr header;
  std::array<char, CMSG_SPACE(most_passed * sizeof(int))> room;
};

// Blocks. The number of bytes, or -1 with errno.
ssize_t send_message(int socket, std::span<iovec> parts, std::span<const int> descriptors) noexcept {
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  control_buffer control;
  if (!descriptors.empty()) {
    message.msg_control = control.room.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  ssize_t sent = 0;
  while ((sent = ::sendmsg(socket, &message, MSG_NOSIGNAL)) < 0 && errno == EINTR) {
  }
  return sent;
}

// Blocks. The number of bytes, 0 at the end, -1 with errno. `cut`: there was no room in this process for all of the
// descriptors.
ssize_t receive_message(int socket, std::span<iovec> parts, std::vector<unique_fd>& descriptors, bool& cut) {
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  control_buffer control;
  message.msg_control = control.room.data();
  message.msg_controllen = sizeof control.room;
  ssize_t got = 0;
  while ((got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  if (got < 0) return got;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      descriptors.emplace_back(fd);
    }
  }
  cut = (static_cast<unsigned>(message.msg_flags) & static_cast<unsigned>(MSG_CTRUNC)) != 0;
  return got;
}

// An exception's words where nobody can catch it.
int tell(const char* what, const std::string& hint) noexcept {
  std::fprintf(stderr, "a forked function failed: %s\n", what);
  if (!hint.empty()) std::fprintf(stderr, "%s\n", hint.c_str());
  return fork_server::uncaught;
}

int call(fork_server::entry what, std::string_view argument, std::span<unique_fd> descriptors) noexcept {
  try {
    return what(argument, descriptors);
  } catch (const lakh::error& failed) {
    return tell(failed.what(), failed.hint());
  } catch (const std::exception& failed) {
    return tell(failed.what(), {});
  } catch (...) {
    return tell("an exception of an unknown type", {});
  }
}

class server {
 public:
  server(unique_fd requests, pid_t parent) : requests_(std::move(requests)) {
    sigset_t ended;
    ::sigemptyset(&ended);
    ::sigaddset(&ended, SIGCHLD);
    // Where SIGCHLD is ignored the kernel reaps children and forgets how they ended.
    ::signal(SIGCHLD, SIG_DFL);
    signals_.reset(::signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK));
    // The end of the socket tells of the parent's death, unless a process that it forked by other means has a copy.
    parent_ = detail::open_pidfd(parent);
    if (!signals_ || !parent_ || !make_spare() || ::getppid() != parent) ::_exit(1);
  }

  [[noreturn]] void serve() {
    while (true) {
      std::array<pollfd, 3> news{
          {{requests_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}, {parent_.get(), POLLIN, 0}}};
      if (::poll(news.data(), news.size(), -1) < 0) continue;
      if (news[1].revents != 0) reap();
      if (news[2].revents != 0 || (news[0].revents != 0 && !take_request())) stop();
    }
  }

 private:
  // False at the end.
  bool take_request() {
    request asked;
    std::array<iovec, 2> parts{{{&asked, sizeof asked}, {argument_.data(), argument_.size()}}};
    std::vector<unique_fd> descriptors;
    bool cut = false;
    // So there is room for the first at least, by which the asker is told that there is none for the rest.
    spare_.reset();
    const ssize_t got = receive_message(requests_.get(), parts, descriptors, cut);
    if (got < static_cast<ssize_t>(sizeof asked)) return false;
    if (descriptors.empty()) {  // somebody has lowered the limit: its end tells the asker
      make_spare();
      return true;
    }
    unique_fd status = std::move(descriptors.front());
    descriptors.erase(descriptors.begin());
    if (cut || !make_spare()) {
      tell_start(status, -1, EMFILE);
      status.reset();
      descriptors.clear();
      make_spare();
      return true;
    }
    const pid_t child = ::fork();
    if (child == 0) become_child(asked, std::move(status), std::move(descriptors));
    tell_start(status, child, errno);
    if (child > 0) children_.emplace(child, std::move(status));
    return true;
  }

  bool make_spare() {
    spare_.reset(::fcntl(requests_.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    return static_cast<bool>(spare_);
  }

  static void tell_start(const unique_fd& status, pid_t child, int error) {
    answer told{child, child > 0 ? 0 : error};
    unique_fd pidfd;
    if (child > 0) {
      // It cannot be reaped before this, so its number is its own.
      pidfd = detail::open_pidfd(child);
      if (!pidfd) {
        told = {-1, errno};
        ::kill(child, SIGKILL);
      }
    }
    std::array<iovec, 1> parts{{{&told, sizeof told}}};
    const int fd = pidfd.get();
    // Nobody may be there to hear it: the asker was killed.
    send_message(status.get(), parts, std::span(&fd, pidfd ? 1U : 0U));
  }

  void reap() {
    signalfd_siginfo info;
    while (::read(signals_.get(), &info, sizeof info) > 0) {
    }
    int status = 0;
    for (pid_t child = 0; (child = ::waitpid(-1, &status, WNOHANG)) > 0;) tell_end(child, status);
  }

  void tell_end(pid_t child, int status) {
    const auto known = children_.find(child);
    if (known == children_.end()) return;
    ::send(known->second.get(), &status, sizeof status, MSG_NOSIGNAL | MSG_DONTWAIT);
    children_.erase(known);
  }

  [[noreturn]] void stop() {
    for (const auto& [child, status] : children_) ::kill(child, SIGKILL);
    while (!children_.empty()) {
      int status = 0;
      const pid_t child = ::waitpid(-1, &status, 0);
      if (child < 0 && errno != EINTR) break;
      if (child > 0) tell_end(child, status);
    }
    ::_exit(0);
  }

  [[noreturn]] void become_child(const request& asked, unique_fd status, std::vector<unique_fd> descriptors) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != server_) ::_exit(1);
    status.reset();
    children_.clear();
    requests_.reset();
    signals_.reset();
    parent_.reset();
    spare_.reset();

    auto next = descriptors.begin();
    for (int stream = 0; stream < 3; ++stream)
      if (asked.streams[static_cast<std::size_t>(stream)] && ::dup2((next++)->get(), stream) < 0)
        ::_exit(tell(std::strerror(errno), {}));
    std::string_view argument(argument_.data(), asked.argument);
    if (asked.large) {
      void* const mapped = ::mmap(nullptr, asked.argument, PROT_READ, MAP_PRIVATE, (next++)->get(), 0);
      if (mapped == MAP_FAILED) ::_exit(tell(std::strerror(errno), {}));
      argument = {static_cast<const char*>(mapped), asked.argument};
    }
    descriptors.erase(descriptors.begin(), next);
    if (asked.name.front() != '\0') ::prctl(PR_SET_NAME, asked.name.data());

    struct sigaction standard{};
    standard.sa_handler = SIG_DFL;
    for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);

    const int code = call(asked.what, argument, descriptors);
    std::fflush(nullptr);
    ::_exit(code);
  }

  unique_fd requests_;
  unique_fd signals_;
  unique_fd parent_;
  unique_fd spare_;  // between two requests
  pid_t server_ = ::getpid();
  std::map<pid_t, unique_fd> children_;
  std::array<char, most_inline> argument_;
};

[[noreturn]] void serve(unique_fd requests, pid_t parent) noexcept {
  ::prctl(PR_SET_NAME, "fork server");
  // Descriptors that are passed must not become the streams of children, in a program that has closed its own.
  while (true) {
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) ::_exit(1);
    if (null > STDERR_FILENO) {
      ::close(null);
      break;
    }
  }
  // Not on the stack, which is the children's too.
  std::make_unique<server>(std::move(requests), parent)->serve();
}

void refuse_threads() {
#ifdef LAKH_THREAD_SANITIZER
  constexpr std::ptrdiff_t own = 2;  // it has one of its own
#else
  constexpr std::ptrdiff_t own = 1;
#endif
  std::ptrdiff_t threads = 0;
  // One that was joined just now may still be seen for a moment.
  for (int tries = 0; tries < 50; ++tries) {
    std::error_code failed;
    const std::filesystem::directory_iterator all("/proc/self/task", failed);
    if (failed) throw_error(failed, "count this program's threads");
    threads = std::distance(begin(all), end(all));
    if (threads <= own) return;
    const timespec moment{0, 1'000'000};
    ::nanosleep(&moment, nullptr);
  }
  throw lakh::error(
      error_kind::internal, std::make_error_code(std::errc::operation_not_permitted),
      "a fork server cannot be made in a program that has " + std::to_string(threads) + " threads",
      "make it first thing in main, before thread pools, loops with threads, and libraries that have some");
}

// The argument where it is too large for a message: memory that the child maps.
unique_fd make_memory(std::string_view argument) {
  unique_fd memory(::memfd_create("lakh argument", MFD_CLOEXEC));
  if (!memory) throw_error(last_error(), "make memory for the argument of a process");
  write_all(memory, argument, "the argument of a process");
  return memory;
}

}  // namespace

fork_server::fork_server() {
  refuse_threads();
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw_error(last_error(), "make a socket for a fork server");
  socket_.reset(ends[0]);
  unique_fd theirs(ends[1]);
  // What stands in a buffer would be written once by each process.
  std::fflush(nullptr);
  // Signals stay blocked in the server for ever: no handler of this program runs there.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t parent = ::getpid();
  id_ = ::fork();
  if (id_ == 0) {
    socket_.reset();
    serve(std::move(theirs), parent);
  }
  const std::error_code failed = id_ < 0 ? last_error() : std::error_code();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (failed) throw_error(failed, "fork a fork server");
}

fork_server::~fork_server() {
  // Not only closed: a process that this program forked may have a copy.
  ::shutdown(socket_.get(), SHUT_RDWR);
  while (::waitpid(id_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

process fork_server::start(entry what, std::string_view argument, std::span<const int> descriptors,
                           const child_options& how) {
  if (descriptors.size() > most_descriptors)
    throw input_error("a process cannot be given " + std::to_string(descriptors.size()) + " descriptors",
                      "at most " + std::to_string(most_descriptors) + "; others can be passed later over a socket");
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw_error(last_error(), "make a socket for a process");
  process child;
  child.status_.reset(ends[0]);
  unique_fd theirs(ends[1]);
  child.name_ = how.name_;

  request asked;
  asked.what = what;
  asked.argument = argument.size();
  asked.large = argument.size() > most_inline;
  std::ranges::copy_n(how.name_.begin(), static_cast<std::ptrdiff_t>(std::min(how.name_.size(), asked.name.size() - 1)),
                      asked.name.begin());
  const std::array<unique_fd, 3> streams{detail::open_stream(how.input_, true, child.input_),
                                         detail::open_stream(how.output_, false, child.output_),
                                         detail::open_stream(how.errors_, false, child.errors_)};
  const unique_fd memory = asked.large ? make_memory(argument) : unique_fd();
  std::vector<int> passed{theirs.get()};
  for (std::size_t i = 0; i < streams.size(); ++i) {
    asked.streams[i] = static_cast<bool>(streams[i]);
    if (streams[i]) passed.push_back(streams[i].get());
  }
  if (memory) passed.push_back(memory.get());
  passed.insert(passed.end(), descriptors.begin(), descriptors.end());

  // iovec has no const; the kernel only reads.
  std::array<iovec, 2> parts{
      {{&asked, sizeof asked}, {const_cast<char*>(argument.data()), asked.large ? 0 : argument.size()}}};
  if (send_message(socket_.get(), parts, passed) < 0) {
    if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN || errno == EBADF) throw_gone();
    throw_error(last_error(), "ask the fork server for a process");
  }
  theirs.reset();

  answer told;
  std::array<iovec, 1> room{{{&told, sizeof told}}};
  std::vector<unique_fd> pidfd;
  bool cut = false;
  const ssize_t got = receive_message(child.status_.get(), room, pidfd, cut);
  if (got != static_cast<ssize_t>(sizeof told)) {
    // A server that is there had no room for the descriptor over which it answers.
    pollfd server{socket_.get(), 0, 0};
    if (::poll(&server, 1, time_to_fall_apart) != 0) throw_gone();
    throw_error({EMFILE, std::system_category()}, "start a process");
  }
  if (told.error != 0) throw_error({told.error, std::system_category()}, "start a process");
  if (pidfd.size() != 1) {
    // No room for it here. As long as its end was not told its number is its own.
    char any = 0;
    if (::recv(child.status_.get(), &any, 1, MSG_PEEK | MSG_DONTWAIT) < 0) ::kill(told.process, SIGKILL);
    throw_error({EMFILE, std::system_category()}, "start a process");
  }
  child.id_ = told.process;
  child.pidfd_ = std::move(pidfd.front());
  return child;
}

}  // namespace lakh
