// How many orders a second become durable, and what processor time each takes, by how many wait at once.
//
//   lakh_shop_bench                          the file is made in the current folder: on the disk that is to be measured
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/core/random.hpp>
#include <lakh/shop/digest.hpp>
#include <lakh/shop/order_json.hpp>
#include <lakh/shop/order_store.hpp>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <atomic>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <thread>
#include <vector>

namespace lakh::shop {
namespace {

// A fifth of the main job, or as many as one waiter gets done in a like time.
constexpr int orders_per_round(int submitters) {
  return submitters == 1 ? 1'000 : 20'000;
}

enum class key_form : int { sequential, random };

new_order make_order(int item) {
  new_order order;
  order.run = "20261121-235901-k7f3q2";
  order.reference = fmt::format("REF-{:06}", item);
  order.customer.name = "Mary Martinez";
  order.customer.email = fmt::format("mary.martinez.{}@example.org", item % 10'000);
  order.customer.phone = "+1 576 555 0116";
  order.address.street = "928 Cedar Lane, Suite 45";
  order.address.city = "Winston-Salem";
  order.address.postcode = "62947";
  order.address.country = "US";
  order.lines = {{"TEA-0042", 2}, {"CUP-0003", 1}, {"COF-0017", 5}};
  return order;
}

// What the API does with an order on the way to the store.
order_entry make_entry(const catalogue& products, order_store& store, int item, key_form form) {
  const new_order order = make_order(item);
  const price sum = price_of(order, products);
  order_entry entry;
  const auto number = static_cast<std::uint64_t>(item);
  std::string key = form == key_form::sequential ? fmt::format("20261121-235901-k7f3q2-{:08}", item)
                                                 : fmt::format("{:016x}{:016x}", mix(1, number), mix(2, number));
  entry.claim = *store.keys().try_claim(std::move(key));
  entry.run = order.run->value();
  entry.reference = order.reference->value();
  entry.email = order.customer.email;
  entry.name = order.customer.name;
  entry.phone = order.customer.phone->value();
  entry.total = sum.total;
  entry.digest = digest_of(entry.claim.key());
  entry.rest.reserve(1024);
  append_order_rest(entry.rest, order, products, sum, entry.digest);
  return entry;
}

task<void> submit(order_store& store, const catalogue& products, std::atomic<int>& next, int end, key_form form) {
  while (true) {
    const int item = next.fetch_add(1, std::memory_order_relaxed);
    if (item >= end) co_return;
    const placed done = co_await store.place(make_entry(products, store, item, form));
    if (done.outcome != placement::created) std::abort();
  }
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void durable_orders(benchmark::State& state) {
  const int submitters = static_cast<int>(state.range(0));
  const int orders = orders_per_round(submitters);
  const auto form = static_cast<key_form>(state.range(1));
  const int loops = static_cast<int>(state.range(2));
  const catalogue products;
  const std::filesystem::path folder = std::filesystem::current_path() / "lakh_shop_bench.tmp";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  {
    order_store store(folder / "shop.db");
    std::atomic<int> next = 0;
    int end = 0;
    double cpu = 0;
    for (auto _ : state) {
      end += orders;
      next = end - orders;
      cpu -= cpu_seconds();
      std::vector<std::thread> threads;
      for (int t = 0; t < loops; ++t)
        threads.emplace_back([&] {
          run(in_scope([&](scope& all) -> task<void> {
            for (int i = 0; i < submitters / loops; ++i) all.spawn(submit(store, products, next, end, form));
            co_return;
          }));
        });
      for (std::thread& each : threads) each.join();
      cpu += cpu_seconds();
    }
    state.SetItemsProcessed(state.iterations() * orders);
    state.counters["cpu_us_per_order"] = cpu * 1e6 / static_cast<double>(end);
  }
  std::filesystem::remove_all(folder);
}

// Submitters, form of the keys (0 sequential, 1 random), loops. Five rounds are the main job.
BENCHMARK(durable_orders)
    ->ArgNames({"submitters", "random_keys", "loops"})
    ->Args({1, 0, 1})
    ->Args({64, 0, 1})
    ->Args({64, 1, 1})
    ->Args({64, 1, 2})
    ->Args({256, 0, 1})
    ->Args({256, 1, 1})
    ->Iterations(5)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace lakh::shop
