// How much memory a coroutine takes that sleeps, and how long it takes to put so many to sleep and to wake them:
//
//   lakh_sleepers_bench [COROUTINES]        1,000,000 unless told
//
// Each is a child of one scope, as a program would have it, with a deadline of its own. Bytes are what the process has
// resident, less what it had before.
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string_view>

#include <unistd.h>

namespace {

using namespace std::chrono_literals;

std::uint64_t resident_bytes() {
  std::ifstream memory("/proc/self/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  memory >> all >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

double seconds_since(lakh::time_point begun) {
  return std::chrono::duration<double>(lakh::clock::now() - begun).count();
}

lakh::task<void> sleep_until(lakh::time_point when, std::size_t& awake) {
  co_await lakh::sleep_until(when);
  ++awake;
}

lakh::task<int> put_to_sleep(std::size_t coroutines) {
  const std::uint64_t before = resident_bytes();
  const lakh::time_point begun = lakh::clock::now();
  // So late that all of them are asleep before the first wakes.
  const lakh::time_point first = begun + 5s + std::chrono::microseconds(2 * coroutines);
  std::size_t awake = 0;
  double asleep_after = 0;
  std::uint64_t held = 0;
  co_await lakh::in_scope([&](lakh::scope& all) -> lakh::task<void> {
    for (std::size_t i = 0; i < coroutines; ++i) all.spawn(sleep_until(first + std::chrono::nanoseconds(i), awake));
    co_await lakh::yield();  // each goes to sleep
    asleep_after = seconds_since(begun);
    held = resident_bytes() - before;
  });
  const double woken_after = seconds_since(first);
  std::printf("%zu coroutines asleep at once: %.0f bytes each, %.1f MB in all\n", coroutines,
              static_cast<double>(held) / static_cast<double>(coroutines), static_cast<double>(held) / 1e6);
  std::printf("asleep after %.2f s, all awake and gone %.2f s after the first was due\n", asleep_after, woken_after);
  co_return awake == coroutines&& lakh::clock::now() >= first ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
  std::size_t coroutines = 1'000'000;
  if (count > 1) {
    const std::string_view word = words[1];
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), coroutines);
    if (error != std::errc() || end != word.data() + word.size() || coroutines == 0 || count > 2) {
      std::fputs("usage: lakh_sleepers_bench [COROUTINES]\n", stderr);
      return 2;
    }
  }
  return lakh::run(put_to_sleep(coroutines));
}
