// The numbers of a run. Each event loop counts for itself, without locks, and publishes a copy now and then.
#pragma once

#include <lakh/core/error.hpp>
#include <lakh/core/histogram.hpp>
#include <lakh/load/outcome.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace lakh::load {

// Why items were not confirmed: reasons that differ only in numbers, names with digits and the like are one.
struct reason_count {
  std::uint64_t times = 0;
  std::string example;  // the first that was met
};

struct run_stats {
  std::uint64_t confirmed = 0;
  std::uint64_t failed = 0;
  std::uint64_t unknown = 0;
  std::uint64_t attempts = 0;
  std::uint64_t retries = 0;
  std::uint64_t in_flight = 0;                           // items that a lane holds
  std::array<std::uint64_t, 1000> statuses{};            // answers by status, those that were retried included
  std::array<std::uint64_t, error_kind_count> errors{};  // attempts that ended without an answer, by kind
  std::map<std::string, reason_count> reasons;           // of items not confirmed, by kind; at most most_reasons
  histogram latency;                                     // of items, from the intended start
  histogram service;                                     // of attempts that were answered, from the send

  static constexpr std::size_t most_reasons = 50;

  [[nodiscard]] std::uint64_t settled() const noexcept { return confirmed + failed + unknown; }
  void count(const outcome_record& record);
  void merge(const run_stats& other);
};

// One writer, one reader.
class published_stats {
 public:
  void publish(const run_stats& now) {
    const std::lock_guard lock(mutex_);
    copy_ = now;
  }
  void merge_into(run_stats& sum) const {
    const std::lock_guard lock(mutex_);
    sum.merge(copy_);
  }

 private:
  mutable std::mutex mutex_;
  run_stats copy_;
};

}  // namespace lakh::load
