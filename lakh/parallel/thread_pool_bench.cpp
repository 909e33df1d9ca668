// Tasks per second of thread_pool beside Boost.Asio's, in one program. Run the pairs interleaved:
//
//   lakh_thread_pool_bench --benchmark_enable_random_interleaving=true --benchmark_repetitions=10
//
// lakh's submit makes a future for each task; Asio's post makes nothing, its post with use_future a std::future.
#include <lakh/parallel/thread_pool.hpp>

#include <benchmark/benchmark.h>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <cstddef>
#include <latch>
#include <vector>

namespace {

constexpr std::ptrdiff_t tasks = 10'000;

// One thread gives the pool 10,000 small tasks, and waits until all have run.
void submit_small_tasks_lakh(benchmark::State& state) {
  lakh::thread_pool pool(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    std::latch left(tasks);
    for (std::ptrdiff_t i = 0; i < tasks; ++i) (void)pool.submit([&left] { left.count_down(); });
    left.wait();
  }
  state.SetItemsProcessed(state.iterations() * tasks);
}
void submit_small_tasks_asio(benchmark::State& state) {
  boost::asio::thread_pool pool(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    std::latch left(tasks);
    for (std::ptrdiff_t i = 0; i < tasks; ++i) boost::asio::post(pool, [&left] { left.count_down(); });
    left.wait();
  }
  state.SetItemsProcessed(state.iterations() * tasks);
}

// As above, and takes each result.
void take_results_lakh(benchmark::State& state) {
  lakh::thread_pool pool(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    std::vector<lakh::future<std::ptrdiff_t>> results;
    results.reserve(tasks);
    for (std::ptrdiff_t i = 0; i < tasks; ++i) results.push_back(pool.submit([i] { return i; }));
    for (auto& one : results) benchmark::DoNotOptimize(one.get());
  }
  state.SetItemsProcessed(state.iterations() * tasks);
}
void take_results_asio(benchmark::State& state) {
  boost::asio::thread_pool pool(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    std::vector<std::future<std::ptrdiff_t>> results;
    results.reserve(tasks);
    for (std::ptrdiff_t i = 0; i < tasks; ++i)
      results.push_back(boost::asio::post(pool, boost::asio::use_future([i] { return i; })));
    for (auto& one : results) benchmark::DoNotOptimize(one.get());
  }
  state.SetItemsProcessed(state.iterations() * tasks);
}

// Tasks that make tasks, on the pool's own threads: a tree of 2^13 − 1.
constexpr int depth = 13;
void grow(lakh::thread_pool& pool, std::latch& left, int level) {
  if (level > 1)
    for (int i = 0; i < 2; ++i) (void)pool.submit([&pool, &left, level] { grow(pool, left, level - 1); });
  left.count_down();
}
void grow(boost::asio::thread_pool& pool, std::latch& left, int level) {
  if (level > 1)
    for (int i = 0; i < 2; ++i) boost::asio::post(pool, [&pool, &left, level] { grow(pool, left, level - 1); });
  left.count_down();
}
void tree_of_tasks_lakh(benchmark::State& state) {
  lakh::thread_pool pool(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    std::latch left((1 << depth) - 1);
    (void)pool.submit([&] { grow(pool, left, depth); });
    left.wait();
  }
  state.SetItemsProcessed(state.iterations() * ((1 << depth) - 1));
}
void tree_of_tasks_asio(benchmark::State& state) {
  boost::asio::thread_pool pool(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    std::latch left((1 << depth) - 1);
    boost::asio::post(pool, [&] { grow(pool, left, depth); });
    left.wait();
  }
  state.SetItemsProcessed(state.iterations() * ((1 << depth) - 1));
}

BENCHMARK(submit_small_tasks_lakh)->Arg(1)->Arg(2)->Arg(8)->UseRealTime();
BENCHMARK(submit_small_tasks_asio)->Arg(1)->Arg(2)->Arg(8)->UseRealTime();
BENCHMARK(take_results_lakh)->Arg(2)->UseRealTime();
BENCHMARK(take_results_asio)->Arg(2)->UseRealTime();
BENCHMARK(tree_of_tasks_lakh)->Arg(2)->UseRealTime();
BENCHMARK(tree_of_tasks_asio)->Arg(2)->UseRealTime();

}  // namespace
