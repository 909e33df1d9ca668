// What goes on when this program has ended: a program or a function in the background.
//
//   const pid_t id = lakh::start_daemon(lakh::program("backup").arg("--nightly"), "backup.log");
//   const pid_t id = lakh::start_daemon(server, "backup.log", back_up, "/srv");     // a function, by a fork server
//
// 1. It is nobody's child but init's (or a subreaper's), leads no session, and has no terminal: neither the end of this
//    program nor Ctrl-C nor a closed terminal touches it.
// 2. It reads from /dev/null; what it writes is appended to the log, which is made if it is not there. It keeps this
//    program's folder unless it is told another, and has no other descriptor, but for a function those that were open
//    when the fork server was made.
// 3. This program has no hold on it but its number, which the system may give to another process once it has ended: for
//    a daemon that is to be stopped, let it write its number to a file that it locks (lakh::file_lock), or listen.
// For work that ends with this program use process.hpp: every process object kills its child.
#pragma once

#include <lakh/parallel/fork_server.hpp>
#include <lakh/parallel/start_process.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <sys/types.h>

namespace lakh {

namespace detail {
pid_t start_daemon(fork_server& server, const std::filesystem::path& log, fork_server::entry what,
                   std::string_view argument);
}

// Both return its number once it is there. Throw input_error where there is no such program, storage_error for the log,
// error where the kernel has no room. What `program` says of streams, and of dying with this program, is not heeded.
pid_t start_daemon(const program& what, const std::filesystem::path& log);
// Calls f(args...) there: functions and arguments as for start_process.
template <class F, class... A>
pid_t start_daemon(fork_server& server, const std::filesystem::path& log, F&& f, A&&... args) {
  const std::string call = detail::pack_call(f, std::forward<A>(args)...);
  return detail::start_daemon(server, log, detail::entry_for<F, A...>(), call);
}

}  // namespace lakh
