#include <lakh/core/error.hpp>
#include <lakh/parallel/robust_mutex.hpp>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace lakh {
namespace {

[[noreturn]] void refused(int result) {
  const std::error_code code(result, std::system_category());
  throw error(
      error_kind::internal, code, "take a lock in shared memory: " + code.message(),
      result == EDEADLK ? "this thread holds it already: let it go first" : "something has written over that memory");
}

}  // namespace

robust_mutex::robust_mutex() {
  pthread_mutexattr_t kind;
  ::pthread_mutexattr_init(&kind);
  ::pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
  ::pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ERRORCHECK);
  ::pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
  const int result = ::pthread_mutex_init(&mutex_, &kind);
  ::pthread_mutexattr_destroy(&kind);
  if (result != 0) refused(result);
}

std::optional<robust_mutex::taken> robust_mutex::told(int result) {
  if (result == 0) return taken::clean;
  if (result == EBUSY || result == ETIMEDOUT) return std::nullopt;
  if (result != EOWNERDEAD) refused(result);
  ::pthread_mutex_consistent(&mutex_);
  return taken::abandoned;
}

robust_mutex::taken robust_mutex::lock() {
  return *told(::pthread_mutex_lock(&mutex_));
}

std::optional<robust_mutex::taken> robust_mutex::try_lock() {
  return told(::pthread_mutex_trylock(&mutex_));
}

std::optional<robust_mutex::taken> robust_mutex::try_lock_until(time_point until) {
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(until.time_since_epoch()).count();
  timespec time{};
  if (since > 0) {
    time.tv_sec = static_cast<time_t>(since / 1'000'000'000);
    time.tv_nsec = static_cast<long>(since % 1'000'000'000);
  }
  return told(::pthread_mutex_clocklock(&mutex_, CLOCK_MONOTONIC, &time));
}

void robust_mutex::unlock() noexcept {
  if (::pthread_mutex_unlock(&mutex_) != EPERM) return;
  std::fputs("lakh: a lock in shared memory is unlocked by a thread that does not hold it\n", stderr);
  std::abort();
}

}  // namespace lakh
