// What the ledger costs. The figures of docs/decisions/0004-ledger-batches.md come from here:
//   build/bench/lakh/load/lakh_load_bench
// The folder is that of TMPDIR: put it on the disk in question.
#include <lakh/core/histogram.hpp>
#include <lakh/load/ledger.hpp>

#include <benchmark/benchmark.h>

#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include <sys/resource.h>
#include <unistd.h>

namespace lakh::load {
namespace {

class scratch {
 public:
  scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lakh_bench_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder_ = pattern;
  }
  ~scratch() { std::filesystem::remove_all(folder_); }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

 private:
  std::filesystem::path folder_;
};

// User and system time of all threads: that is what competes with the requests, not the wall time.
double process_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

outcome_record order(std::uint64_t item) {
  outcome_record made;
  made.item = item;
  made.state = outcome_state::confirmed;
  made.status = 201;
  made.attempts = 1;
  made.last_attempt = certainty::answered;
  made.start_us = static_cast<std::int64_t>(item * 37);
  made.latency_us = 2345;
  made.service_us = 2301;
  made.sent_digest = item * 0x9e3779b97f4a7c15;
  made.kept = R"({"id":"ord_01HF3K9ZQ7"})";
  return made;
}

void report(benchmark::State& state, double cpu_before, std::uint64_t items) {
  state.counters["cpu_ns_per_item"] = (process_seconds() - cpu_before) * 1e9 / static_cast<double>(items);
  state.SetItemsProcessed(static_cast<std::int64_t>(items));
}

void histogram_record(benchmark::State& state) {
  histogram values;
  std::int64_t value = 1;
  for (auto _ : state) {
    values.record(std::chrono::microseconds(value));
    value = (value * 5 + 3) & 0xfffff;
  }
  benchmark::DoNotOptimize(values.count());
}
BENCHMARK(histogram_record);

void outcome_append(benchmark::State& state) {
  outcome_batch batch;
  std::uint64_t item = 0;
  for (auto _ : state) {
    batch.append(order(item++));
    if (batch.full()) batch.clear();
  }
}
BENCHMARK(outcome_append);

// Everything: claims of 500 items (50 ms at 10,000 a second), outcomes, the writer's thread, closing.
void ledger_write(benchmark::State& state) {
  const auto items = static_cast<std::uint64_t>(state.range(0));
  std::uint64_t total = 0;
  const double before = process_seconds();
  for (auto _ : state) {
    const scratch place;
    ledger_writer writer(place.folder(), ledger_identity("20261121-235901-k7f3q2", "00ff", 1, 0));
    outcome_batch batch;
    for (std::uint64_t item = 0; item < items; ++item) {
      if (item % 500 == 0) writer.submit_claim(item, 500, {});
      batch.append(order(item));
      if (!batch.full()) continue;
      while (!writer.submit(batch)) std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    while (!writer.submit(batch)) std::this_thread::sleep_for(std::chrono::microseconds(200));
    writer.close();
    total += items;
    state.counters["bytes_per_item"] =
        static_cast<double>(std::filesystem::file_size(place.folder() / "ledger-0.db")) / static_cast<double>(items);
  }
  report(state, before, total);
}
BENCHMARK(ledger_write)->Arg(1'000'000)->Unit(benchmark::kMillisecond)->UseRealTime();

// The alternative that was turned down: a row for each outcome, in transactions of 512, without index and digest.
void row_per_outcome(benchmark::State& state) {
  const auto items = static_cast<std::uint64_t>(state.range(0));
  std::uint64_t total = 0;
  const double before = process_seconds();
  for (auto _ : state) {
    const scratch place;
    sql::database db(
        place.folder() / "rows.db",
        sql::open_options().page_size(16384).wal().wal_autocheckpoint(512).synchronous(sql::sync_level::normal));
    db.execute(
        "CREATE TABLE outcome(item INTEGER PRIMARY KEY, state INTEGER, status INTEGER, attempts INTEGER, error "
        "INTEGER, certainty INTEGER, start_us "
        "INTEGER, latency_us INTEGER, service_us INTEGER, sent_digest INTEGER, kept TEXT, reason TEXT)");
    auto insert = db.prepare("INSERT INTO outcome VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");
    for (std::uint64_t item = 0; item < items;) {
      sql::transaction all(db);
      for (std::uint64_t end = std::min(items, item + 512); item < end; ++item) {
        const outcome_record one = order(item);
        insert.run(one.item, static_cast<int>(one.state), one.status, one.attempts, nullptr,
                   static_cast<int>(one.last_attempt), one.start_us, one.latency_us, one.service_us,
                   static_cast<std::int64_t>(one.sent_digest), one.kept, nullptr);
      }
      all.commit();
    }
    total += items;
    state.counters["bytes_per_item"] =
        static_cast<double>(std::filesystem::file_size(place.folder() / "rows.db")) / static_cast<double>(items);
  }
  report(state, before, total);
}
BENCHMARK(row_per_outcome)->Arg(1'000'000)->Unit(benchmark::kMillisecond)->UseRealTime();

void claim_durably(benchmark::State& state) {
  const scratch place;
  ledger_writer writer(place.folder(), ledger_identity("20261121-235901-k7f3q2", "00ff", 1, 0));
  std::uint64_t next = 0;
  for (auto _ : state) {
    writer.claim(next, 500);
    next += 500;
  }
}
BENCHMARK(claim_durably)->Unit(benchmark::kMicrosecond)->UseRealTime();

// How much memory the process had at most since reset(), beyond what it had then; page cache does not count.
class memory_peak {
 public:
  void reset() {
    std::ofstream("/proc/self/clear_refs") << "5";
    before_ = kib("VmRSS:");
  }
  [[nodiscard]] double mib() const { return static_cast<double>(kib("VmHWM:") - before_) / 1024; }

 private:
  static long kib(std::string_view name) {
    std::ifstream status("/proc/self/status");
    std::string word;
    long value = 0;
    while (status >> word)
      if (word == name && status >> value) return value;
    return 0;
  }
  long before_ = 0;
};

// Reading with all digests, as a resume does.
void ledger_read(benchmark::State& state) {
  const auto items = static_cast<std::uint64_t>(state.range(0));
  const scratch place;
  {
    ledger_writer writer(place.folder(), ledger_identity("20261121-235901-k7f3q2", "00ff", 1, 0));
    outcome_batch batch;
    for (std::uint64_t item = 0; item < items; ++item) {
      if (item % 4096 == 0) writer.submit_claim(item, std::min<std::uint64_t>(4096, items - item), {});
      batch.append(order(item));
      while (batch.full() && !writer.submit(batch)) std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    while (!writer.submit(batch)) std::this_thread::sleep_for(std::chrono::microseconds(200));
    writer.close();
  }
  memory_peak memory;
  memory.reset();
  for (auto _ : state) {
    const item_states states = ledger_reader(place.folder()).read(items);
    if (states.count(item_state::confirmed) != items) state.SkipWithError("items are missing");
  }
  state.counters["peak_MiB"] = memory.mib();
  state.SetItemsProcessed(static_cast<std::int64_t>(items) * static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(ledger_read)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Arg(10'000'000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->UseRealTime();

}  // namespace
}  // namespace lakh::load

BENCHMARK_MAIN();
