// Processes that call this program's functions: one call, many in order, many as they come, and one that crashes.
#include <lakh/core/error.hpp>
#include <lakh/parallel/process_pool.hpp>

#include <csignal>
#include <cstdio>
#include <ranges>
#include <string>

int square(int n) {
  return n * n;
}

// Structs travel when their members are named.
struct text {
  std::string words;
  int times = 1;
};
BOOST_DESCRIBE_STRUCT(text, (), (words, times))

std::string repeat(const text& what) {
  std::string all;
  for (int i = 0; i < what.times; ++i) all += what.words;
  return all;
}

int main() {
  lakh::process_pool pool(4);  // first of all: it forks, and a program with threads must not

  std::printf("apply: %d\n", pool.apply(square, 3));
  lakh::future<std::string> later = pool.submit(repeat, text{"ha", 3});
  std::printf("submit: %s\n", later.get().c_str());

  long sum = 0;
  for (const int one : pool.map(square, std::views::iota(0, 1000))) sum += one;
  std::printf("map: %ld in all\n", sum);

  // As they come, from a range without an end: no more is begun than is asked for, and a little ahead.
  int first_above = 0;
  for (const int one : pool.imap_unordered(square, std::views::iota(1), lakh::chunk(16)))
    if (one > 1000) {
      first_above = one;
      break;
    }
  std::printf("imap_unordered: %s\n", first_above > 1000 ? "one above 1000" : "none");

  try {
    pool.apply([] { std::raise(SIGKILL); });
  } catch (const lakh::worker_died& e) {
    std::printf("a worker that is killed: signal %d; the pool goes on: %d\n", e.status()->signal(),
                pool.apply(square, 4));
  }
  pool.join();
}
