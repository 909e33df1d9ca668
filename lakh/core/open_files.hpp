// The limit on open files: raised where more are needed, given back to the programs that are started.
//
//   raise_open_files(10'000);            // this process, as far as it may
//   restore_open_files();                // in a child, before it becomes another program
//
// A limit is inherited, and some programs take what they have for granted: select() knows 1,024 descriptors, and who
// closes all that there might be closes a million. So they find the limit that this program was started with.
#pragma once

#include <cstdint>

namespace lakh {

// What this process may have open now, and at most; both nothing but a guess of no limit where the system does not say.
struct open_files_limit {
  std::uint64_t now = 0;
  std::uint64_t most = 0;
};
[[nodiscard]] open_files_limit open_files() noexcept;

// Raises the soft limit, as far as the hard one allows; never lowers it. False where fewer than `needed` are allowed.
bool raise_open_files(std::uint64_t needed) noexcept;

// The soft limit from before the first raise; nothing happens where there was none. A system call or two: for the child
// of a fork, or of a vfork.
void restore_open_files() noexcept;

}  // namespace lakh
