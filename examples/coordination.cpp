// Coroutines that wait for each other: lock, semaphore, event, condition, barrier.
#include <lakh/async/barrier.hpp>
#include <lakh/async/condition.hpp>
#include <lakh/async/event.hpp>
#include <lakh/async/gather.hpp>
#include <lakh/async/mutex.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/semaphore.hpp>
#include <lakh/async/sleep.hpp>

#include <chrono>
#include <cstdio>
#include <vector>

using namespace std::chrono_literals;

lakh::task<void> demo() {
  lakh::semaphore tills(2);  // two may pay at a time
  lakh::mutex ledger;        // one may write at a time
  lakh::event open;          // the shop opens for all at once
  lakh::barrier last_bus(5);
  lakh::condition sold;
  int sales = 0;

  auto customer = [&](int number) -> lakh::task<void> {
    co_await open.wait();
    {
      auto till = co_await tills.acquire();
      co_await lakh::sleep_for(1ms);
      auto pen = co_await ledger.lock();
      ++sales;
      sold.notify_all();
    }
    if (co_await last_bus.arrive_and_wait() == 4) std::printf("customer %d came last; all leave together\n", number);
  };
  auto owner = [&]() -> lakh::task<void> {
    open.set();
    auto pen = co_await ledger.lock();
    co_await sold.wait_until(ledger, pen, [&] { return sales == 5; });
    std::printf("%d sales\n", sales);
  };
  std::vector<int> numbers{1, 2, 3, 4, 5};
  auto customers = [&]() -> lakh::task<void> { co_await lakh::gather(numbers, lakh::limit(5), customer); };
  co_await lakh::gather(customers(), owner());
}

int main() {
  return lakh::run_main(demo());
}
