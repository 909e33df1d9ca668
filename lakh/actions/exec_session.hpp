// A signal for everything in a program's session, also for what stands in process groups of its own there: what
// `timeout`, a shell with `set -m` or another runner of programs has started. Internal to the room.
//
//   signal_session(leader, SIGKILL);
//
// 1. The leader is not reaped yet, so the session's number is nobody else's.
// 2. The kernel keeps no list of a session's members: all processes are looked through, some microseconds for each. It
//    is for what has to be ended, not for what ends by itself.
// 3. SIGKILL leaves nobody: it looks again until it finds no one new. What was there when such a look began has been
//    killed before it, so nobody can have started anything that it missed.
// 4. Each is signalled by a descriptor of it, so that a number that passes to another process does no harm.
// 5. Without /proc the signal reaches the leader's process group only.
#pragma once

#include <sys/types.h>

namespace lakh::actions {

// Any signal but SIGKILL is followed by SIGCONT: one that is stopped would not hear it.
void signal_session(pid_t leader, int signal) noexcept;

}  // namespace lakh::actions
