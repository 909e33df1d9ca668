// Preloaded (LD_PRELOAD) into a program: its wall clock is off by as many seconds as a file says, from one moment to
// the next. The file, named by LAKH_TEST_CLOCK, holds the number as eight bytes in the machine's order, and may change
// at any time. The steady clock is left alone, as it is when somebody sets a machine's clock.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

namespace {

using offset = std::atomic<std::int64_t>;

std::int64_t seconds_off() noexcept {
  static const offset* const shared = [] {
    static constexpr offset none{0};
    const char* name = std::getenv("LAKH_TEST_CLOCK");
    const int file = name != nullptr ? ::open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return &none;
    void* at = ::mmap(nullptr, sizeof(offset), PROT_READ, MAP_SHARED, file, 0);
    ::close(file);
    return at == MAP_FAILED ? &none : static_cast<const offset*>(at);
  }();
  return shared->load(std::memory_order_relaxed);
}

}  // namespace

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the C library names its own with underscores
extern "C" {

int clock_gettime(clockid_t clock, timespec* into) noexcept {
  const long result = ::syscall(SYS_clock_gettime, clock, into);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) into->tv_sec += seconds_off();
  return static_cast<int>(result);
}

int gettimeofday(timeval* into, void* /*zone*/) noexcept {
  timespec now{};
  const int result = clock_gettime(CLOCK_REALTIME, &now);
  into->tv_sec = now.tv_sec;
  into->tv_usec = now.tv_nsec / 1000;
  return result;
}

time_t time(time_t* into) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (into != nullptr) *into = now.tv_sec;
  return now.tv_sec;
}

}  // extern "C"
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
