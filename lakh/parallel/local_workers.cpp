#include <lakh/async/loop.hpp>
#include <lakh/async/readiness.hpp>
#include <lakh/core/error.hpp>
#include <lakh/parallel/descriptor_io.hpp>
#include <lakh/parallel/local_workers.hpp>
#include <lakh/parallel/part_worker.hpp>
#include <lakh/parallel/remote_error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace lakh::detail {
namespace {

using namespace std::chrono_literals;

// In a row, before they were ready (contract 2).
constexpr int most_failed_unready = 3;
constexpr int most_killed_unready = 30;
// From then on there is a pause before the next.
constexpr int most_killed_at_once = 3;
constexpr duration between_tries = 100ms;
// How long the system may have no room for a single worker.
constexpr duration patience = 10s;

// What a crash of the process itself is told as, also where somebody else sent it.
bool is_own_fault(int signal) noexcept {
  constexpr std::array crashes{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGPIPE, SIGALRM};
  return std::ranges::find(crashes, signal) != crashes.end();
}

// In one turn of the loop, so that one worker does not keep the others waiting.
constexpr int most_reads = 16;
// More than a socket holds; not for ever, where something that a dead worker started writes on.
constexpr int most_last_reads = 1024;
constexpr std::size_t most_frames = 64;

}  // namespace

class local_worker final : public dispatcher::peer, private socket_watcher {
  // Its socket ends with its last copy, and something that the worker started may have one: so its end itself is
  // watched as well.
  class end_watch final : public socket_watcher {
   public:
    explicit end_watch(local_worker& of) : of_(of) { loop::current().sockets().add(of.process_.sentinel(), *this); }
    end_watch(const end_watch&) = delete;
    end_watch& operator=(const end_watch&) = delete;
    ~end_watch() { loop::current().sockets().remove(of_.process_.sentinel(), *this); }

   private:
    void on_ready(std::uint32_t /*events*/) override {
      if (!of_.has_ended()) return;
      (void)of_.hear(most_last_reads, true);  // its last words
      of_.group_.lost(of_);                   // which ends this object
    }
    local_worker& of_;
  };

 public:
  local_worker(local_workers& group, unique_fd socket, process child)
      : group_(group),
        socket_(std::move(socket)),
        process_(std::move(child)),
        in_(group.message_limit_ + answer_overhead),
        end_(*this) {
    loop::current().sockets().add(socket_.get(), *this);
  }
  local_worker(const local_worker&) = delete;
  local_worker& operator=(const local_worker&) = delete;
  ~local_worker() { loop::current().sockets().remove(socket_.get(), *this); }

  void retire() noexcept override { ::shutdown(socket_.get(), SHUT_WR); }
  [[nodiscard]] pid_t id() const noexcept { return process_.id(); }
  [[nodiscard]] bool is_ready() const noexcept { return ready_; }
  [[nodiscard]] std::string name() const {
    return "worker " + process_.name() + " (process " + std::to_string(id()) + ")";
  }

  void kill() noexcept { process_.kill(); }
  // Waits until it is gone. Nothing where the fork server is gone as well.
  std::optional<exit_status> reap() noexcept {
    try {
      process_.kill();  // without effect, unless the function has closed what does not belong to it
      return process_.wait();
    } catch (const error&) {  // the fork server was killed
      return std::nullopt;
    }
  }

 private:
  void send(std::span<const std::string_view> frames) noexcept override {
    const std::lock_guard<std::mutex> lock(sending_);
    std::size_t skip = 0;
    if (outgoing_.empty()) skip = send_now(frames);
    for (const std::string_view frame : frames) {
      const std::size_t sent = std::min(skip, frame.size());
      skip -= sent;
      outgoing_ += frame.substr(sent);
    }
  }
  // How many bytes went. A worker that is gone is noticed where its answers are read.
  std::size_t send_now(std::span<const std::string_view> frames) const noexcept {
    std::array<iovec, most_frames> parts;
    const std::size_t count = std::min(frames.size(), most_frames);
    for (std::size_t i = 0; i < count; ++i)
      parts[i] = {const_cast<char*>(frames[i].data()), frames[i].size()};  // NOLINT: not written through
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    ssize_t sent = 0;
    do sent = ::sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }
  void send_rest() noexcept {
    const std::lock_guard<std::mutex> lock(sending_);
    while (outgoing_begin_ < outgoing_.size()) {
      const std::string_view rest = std::string_view(outgoing_).substr(outgoing_begin_);
      const std::size_t sent = send_now({&rest, 1});
      if (sent == 0) return;
      outgoing_begin_ += sent;
    }
    outgoing_.clear();
    outgoing_begin_ = 0;
  }

  void on_ready(std::uint32_t events) override {
    if ((events & EPOLLOUT) != 0) send_rest();
    const bool ended = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if (!ended && (events & EPOLLIN) == 0) return;
    switch (hear(ended ? most_last_reads : most_reads, ended)) {
      case heard::all: return;
      case heard::some: loop::current().sockets().remind(socket_.get(), *this); return;
      case heard::end: group_.lost(*this);  // which ends this object
    }
  }
  [[nodiscard]] bool has_ended() noexcept {
    try {
      return !process_.is_alive();
    } catch (const error&) {  // the fork server was killed, and the worker with it
      return true;
    }
  }

  // Reads what is there. `end`: nothing more will come, or it has said what no worker says. `to_the_end`: nobody will
  // tell of the end again, so it is looked for.
  enum class heard : std::uint8_t { all, some, end };
  heard hear(int reads, bool to_the_end) {
    for (; reads > 0; --reads) {
      const std::span<char> room = in_.room();
      const ssize_t got = ::recv(socket_.get(), room.data(), room.size(), MSG_DONTWAIT);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return heard::all;
      if (got <= 0 || !take(static_cast<std::size_t>(got))) return heard::end;
      if (!to_the_end && static_cast<std::size_t>(got) < room.size()) return heard::all;  // more is another event
    }
    return heard::some;
  }

  // False if the worker has said what no worker says.
  bool take(std::size_t bytes) noexcept {
    try {
      in_.filled(bytes);
      while (const auto message = in_.next()) heed(*message);
      return true;
    } catch (const std::exception&) {  // of whatever type unpacking a result throws
      return false;
    }
  }
  void heed(std::string_view message) {
    if (message.empty()) throw protocol_error("a worker sends an empty message");
    const std::string_view rest = message.substr(1);
    if (message.front() == answer_message && ready_) {
      group_.parts_.answer(*this, rest);
    } else if (message.front() == ready_message && !ready_) {
      unpacker in(rest);
      if (in.next<bool>()) {
        in.finish();
        ready_ = true;
        group_.is_ready(*this);
      } else {
        group_.cannot(*this, unpack_exception(in));
      }
    } else {
      throw protocol_error("a worker sends a message of an unknown kind");
    }
  }

  local_workers& group_;
  unique_fd socket_;
  process process_;
  frame_decoder in_;
  end_watch end_;
  bool ready_ = false;

  std::mutex sending_;  // guards what follows
  std::string outgoing_;
  std::size_t outgoing_begin_ = 0;
};

local_workers::local_workers(fork_server& server, dispatcher& parts, std::string settings, std::size_t message_limit,
                             std::function<void(const std::exception_ptr&)> given_up)
    : server_(server),
      parts_(parts),
      settings_(std::move(settings)),
      message_limit_(message_limit),
      given_up_(std::move(given_up)) {}

local_workers::~local_workers() {
  kill_all();
}

void local_workers::start(std::size_t count) {
  for (; count > 0; --count, ++wanted_) start_one();
}

void local_workers::start_one() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw_error(last_error(), "make a socket for a worker");
  unique_fd ours(ends[0]);
  const unique_fd theirs(ends[1]);
  process child = server_.start(&work_over_descriptor, settings_, {ends.data() + 1, 1},
                                child_options().name("worker-" + std::to_string(next_name_)));
  ++next_name_;
  workers_.push_back(std::make_unique<local_worker>(*this, std::move(ours), std::move(child)));
}

void local_workers::is_ready(local_worker& worker) {
  failed_unready_ = killed_unready_ = 0;
  parts_.join(worker);
}

void local_workers::cannot(local_worker& worker, const std::exception_ptr& why) {
  worker.retire();
  give_up(why);
}

void local_workers::lost(local_worker& worker) {
  const auto at = std::ranges::find(workers_, &worker, &std::unique_ptr<local_worker>::get);
  const std::unique_ptr<local_worker> gone = std::move(*at);
  workers_.erase(at);
  const std::optional<exit_status> status = gone->reap();
  const auto died = [&](const std::string& with) {
    return std::make_exception_ptr(worker_died(gone->name(), with, status));
  };
  parts_.leave(*gone, [&](const part& had) { return died(had.text()); });
  if (!finishing_) {
    if (!gone->is_ready() && count_unready(status))
      give_up(died("its initializer"));
    else if (killed_unready_ >= most_killed_at_once)
      refill_later();
    else
      refill();
  }
  if (workers_.empty() && all_gone_) std::exchange(all_gone_, nullptr)();
}

bool local_workers::count_unready(const std::optional<exit_status>& status) {
  if (!status) return false;  // the fork server is gone: that is told when the next is to be made
  if (status->signal() == 0 || is_own_fault(status->signal())) return ++failed_unready_ >= most_failed_unready;
  return ++killed_unready_ >= most_killed_unready;
}

void local_workers::refill() noexcept {
  try {
    while (!finishing_ && workers_.size() < wanted_) start_one();
    without_any_.reset();
  } catch (const closed_error&) {  // the fork server is gone: its workers are on their way
    if (workers_.empty()) give_up(std::current_exception());
  } catch (...) {
    const time_point now = loop::current().now();
    if (!workers_.empty()) without_any_.reset();
    if (workers_.empty() && !without_any_) without_any_ = now;
    if (without_any_ && now - *without_any_ >= patience)
      give_up(std::current_exception());
    else
      refill_later();
  }
}

void local_workers::refill_later() {
  if (!armed()) loop::current().arm(*this, loop::current().now() + between_tries);
}

void local_workers::give_up(const std::exception_ptr& why) {
  if (std::exchange(finishing_, true)) return;
  if (armed()) loop::current().disarm(*this);
  given_up_(why);
}

void local_workers::finish(std::function<void()> all_gone) {
  finishing_ = true;
  if (armed()) loop::current().disarm(*this);
  all_gone_ = std::move(all_gone);
  for (const auto& one : workers_) one->retire();
  if (workers_.empty()) std::exchange(all_gone_, nullptr)();
}

void local_workers::kill_all() noexcept {
  finishing_ = true;
  if (armed()) loop::current().disarm(*this);
  for (const auto& one : workers_) one->kill();
  while (!workers_.empty()) lost(*workers_.front());
}

std::vector<pid_t> local_workers::ids() const {
  std::vector<pid_t> all;
  for (const auto& one : workers_) all.push_back(one->id());
  return all;
}

}  // namespace lakh::detail
