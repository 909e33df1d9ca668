// Producers and consumers over a bounded queue: whoever is faster waits.
#include <lakh/async/gather.hpp>
#include <lakh/async/queue.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/sleep.hpp>

#include <chrono>
#include <cstdio>

using namespace std::chrono_literals;

lakh::task<void> produce(lakh::queue<int>& orders, int from, int to) {
  for (int order = from; order < to; ++order) co_await orders.push(order);
}

lakh::task<int> consume(lakh::queue<int>& orders) {
  int taken = 0;
  while (auto order = co_await orders.pop()) {
    co_await lakh::sleep_for(1ms);  // some work
    ++taken;
  }
  co_return taken;
}

lakh::task<void> demo() {
  lakh::queue<int> orders(8);
  auto producers = [&]() -> lakh::task<int> {
    co_await lakh::gather(produce(orders, 0, 50), produce(orders, 50, 100));
    orders.close();  // consumers drain what is left, then end
    co_return 100;
  };
  auto [made, first, second] = co_await lakh::gather(producers(), consume(orders), consume(orders));
  std::printf("%d made, %d + %d taken\n", made, first, second);
}

int main() {
  return lakh::run_main(demo());
}
