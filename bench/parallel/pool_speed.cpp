// One run of a process pool for bench/parallel/pool.py: squares of small numbers. Prints microseconds per item, the
// pool's start not counted.
//
//   lakh_pool_speed WORKERS ITEMS map [CHUNK]     pool.map, with automatic chunks or of so many elements
//   lakh_pool_speed WORKERS ITEMS imap CHUNK      pool.imap_unordered
//   lakh_pool_speed WORKERS ITEMS apply           one pool.apply after the other
//   lakh_pool_speed WORKERS ITEMS submit          all by pool.submit, then all results
#include <lakh/core/error.hpp>
#include <lakh/parallel/process_pool.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ranges>
#include <string_view>
#include <vector>

namespace {

std::int64_t square(std::int64_t n) {
  return n * n;
}

std::int64_t run(lakh::process_pool& pool, std::string_view what, std::int64_t items, lakh::chunk size) {
  std::int64_t sum = 0;
  if (what == "map") {
    for (const std::int64_t one : pool.map(square, std::views::iota(std::int64_t{0}, items), size)) sum += one;
  } else if (what == "imap") {
    for (const std::int64_t one : pool.imap_unordered(square, std::views::iota(std::int64_t{0}, items), size))
      sum += one;
  } else if (what == "apply") {
    for (std::int64_t n = 0; n < items; ++n) sum += pool.apply(square, n);
  } else {
    std::vector<lakh::future<std::int64_t>> all;
    for (std::int64_t n = 0; n < items; ++n) all.push_back(pool.submit(square, n));
    for (auto& one : all) sum += one.get();
  }
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "lakh_pool_speed WORKERS ITEMS map|imap|apply|submit [CHUNK]\n");
    return 2;
  }
  try {
    const std::int64_t items = std::atoll(argv[2]);
    const lakh::chunk size(argc > 4 ? static_cast<std::size_t>(std::atoll(argv[4])) : 0);
    lakh::process_pool pool(static_cast<std::size_t>(std::atoi(argv[1])));
    (void)run(pool, "map", 1000, lakh::chunk(1));  // the workers are there, and warm
    const auto begun = std::chrono::steady_clock::now();
    const std::int64_t sum = run(pool, argv[3], items, size);
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begun;
    std::int64_t expected = 0;
    for (std::int64_t n = 0; n < items; ++n) expected += n * n;
    std::printf("%.4f\n", took.count() / static_cast<double>(items));
    return sum == expected ? 0 : 1;
  } catch (const lakh::error& e) {
    std::fprintf(stderr, "lakh_pool_speed: %s\n", e.what());
    return 1;
  }
}
