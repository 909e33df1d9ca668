// Deadlines pass downward, and end whatever waits below them; a scope waits for its children.
#include <lakh/async/gather.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/core/error.hpp>

#include <chrono>
#include <cstdio>

using namespace std::chrono_literals;

lakh::task<int> answer_after(lakh::duration time) {
  co_await lakh::sleep_for(time);
  co_return 42;
}

lakh::task<void> demo() {
  std::printf("in time: %d\n", co_await lakh::with_timeout(1s, answer_after(1ms)));
  try {
    co_await lakh::with_timeout(10ms, lakh::gather(answer_after(1ms), answer_after(1h)));
  } catch (const lakh::timeout_error& e) {
    std::printf("too late: %s\n", e.what());
  }
}

int main() {
  return lakh::run_main(demo());
}
