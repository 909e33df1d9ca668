// Threads: a pool and its results, in order and as they come; blocking code beside an event loop; a thread that
// produces for a coroutine.
#include <lakh/async/run.hpp>
#include <lakh/parallel/as_completed.hpp>
#include <lakh/parallel/blocking_queue.hpp>
#include <lakh/parallel/on_pool.hpp>
#include <lakh/parallel/thread_pool.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

std::string slow_echo(int number) {
  std::this_thread::sleep_for(std::chrono::milliseconds(10 * (3 - number)));  // something that blocks
  return "echo " + std::to_string(number);
}

void threads_alone(lakh::thread_pool& pool) {
  lakh::future<std::string> one = pool.submit(slow_echo, 1);
  std::printf("submit: %s\n", one.get().c_str());

  for (const std::string& text : pool.map(std::vector<int>{0, 1, 2}, slow_echo)) std::printf("map: %s\n", text.c_str());

  std::vector<lakh::future<std::string>> futures;
  for (int number = 0; number < 3; ++number) futures.push_back(pool.submit(slow_echo, number));
  for (auto& [index, result] : lakh::as_completed(std::move(futures)))
    std::printf("as completed: %zu, %s\n", index, result.get().c_str());
}

lakh::task<void> threads_and_coroutines(lakh::thread_pool& pool) {
  // The loop goes on while a thread does what blocks.
  const std::string text = co_await lakh::on_pool(pool, [] { return slow_echo(2); });
  std::printf("on_pool: %s\n", text.c_str());

  lakh::blocking_queue<int> orders(2);
  std::thread producer([&orders] {
    for (int order = 1; order <= 5; ++order) orders.push(order);
    orders.close();
  });
  int taken = 0;
  while (auto order = co_await orders.async_pop()) taken += *order;
  producer.join();
  std::printf("from a thread to a coroutine: orders of %d in all\n", taken);
}

int main() {
  lakh::thread_pool pool(3, "example");
  threads_alone(pool);
  return lakh::run_main(threads_and_coroutines(pool));
}
