#include <lakh/actions/exec_session.hpp>
#include <lakh/parallel/spawn.hpp>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <exception>
#include <string_view>
#include <unordered_set>

#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lakh::actions {
namespace {

// Each look goes on from what the last one killed; one that forks faster than it is killed must not hold us for ever.
constexpr int most_looks = 200;

class process_list {
 public:
  process_list() noexcept : folder_(::opendir("/proc")) {}
  process_list(const process_list&) = delete;
  process_list& operator=(const process_list&) = delete;
  ~process_list() {
    if (folder_ != nullptr) ::closedir(folder_);
  }
  // 0 at the end.
  pid_t next() noexcept {
    if (folder_ == nullptr) return 0;
    while (const dirent* entry = ::readdir(folder_)) {
      const std::string_view name(entry->d_name);
      pid_t id = 0;
      const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
      if (error == std::errc() && end == name.data() + name.size() && id > 0) return id;
    }
    return 0;
  }

 private:
  DIR* folder_;
};

bool belongs(pid_t process, pid_t leader) noexcept {
  return ::getsid(process) == leader;
}

void tell(pid_t process, pid_t leader, int signal) noexcept {
  const unique_fd which = detail::open_pidfd(process);
  if (!which && errno == ESRCH) return;
  if (!belongs(process, leader)) return;
  const auto send = [&](int number) {
    if (which)
      ::syscall(SYS_pidfd_send_signal, which.get(), number, nullptr, 0);
    else
      ::kill(process, number);  // no descriptor is left to have: it was there a moment ago
  };
  send(signal);
  if (signal != SIGKILL) send(SIGCONT);
}

}  // namespace

void signal_session(pid_t leader, int signal) noexcept {
  // At once for all who need not be looked for.
  ::kill(-leader, signal);
  if (signal != SIGKILL) ::kill(-leader, SIGCONT);
  try {
    std::unordered_set<pid_t> told;
    for (int look = 0; look < most_looks; ++look) {
      const std::size_t before = told.size();
      process_list all;
      while (const pid_t process = all.next()) {
        if (!belongs(process, leader) || !told.insert(process).second) continue;
        // To kill it twice does no harm, and it may have come to the leader's group after that was killed.
        if (signal == SIGKILL || ::getpgid(process) != leader) tell(process, leader, signal);
      }
      if (signal != SIGKILL || told.size() == before) return;
    }
  } catch (const std::exception&) {  // no memory: the leader's group has had its signal
  }
}

}  // namespace lakh::actions
