// A lock that lives in shared memory, for threads of several processes, and outlives the death of its holder.
//
// 1. Where its holder dies, by SIGKILL too, the kernel hands it to the next one who waits or comes, who is told so,
//    once: what the lock guards may be half changed.
// 2. Not recursive, and not fair: whoever holds it and takes it again gets an error, and does not wait for itself.
// 3. Unlocked by the thread that locked it. Another one that tries ends the program: else it would stay locked for all,
//    without a word, for as long as the thread that holds it lives.
// 4. The memory that it lies in must stay mapped while a thread of this process holds it.
// 5. Whoever can write that memory is trusted as this program's own threads are.
#pragma once

#include <lakh/async/loop.hpp>

#include <cstdint>
#include <optional>

#include <pthread.h>

namespace lakh {

class robust_mutex {
 public:
  enum class taken : std::uint8_t {
    clean,
    abandoned,  // the one who held it died
  };

  // Made in place, in memory that is shared already, before anybody else can reach it.
  robust_mutex();
  robust_mutex(const robust_mutex&) = delete;
  robust_mutex& operator=(const robust_mutex&) = delete;
  ~robust_mutex() = default;  // others may still use it: it goes with its memory

  // Throw error: std::errc::resource_deadlock_would_occur where this thread holds it already, another where something
  // has written over it.
  taken lock();
  // Nothing if another holds it.
  std::optional<taken> try_lock();
  // Nothing if the time comes first.
  std::optional<taken> try_lock_until(time_point until);
  void unlock() noexcept;

 private:
  std::optional<taken> told(int result);
  pthread_mutex_t mutex_{};
};

}  // namespace lakh
