#include <lakh/load/run_stats.hpp>

namespace lakh::load {

void run_stats::count(const outcome_record& record) {
  switch (record.state) {
    case outcome_state::confirmed: ++confirmed; break;
    case outcome_state::failed: ++failed; break;
    case outcome_state::unknown: ++unknown; break;
  }
  latency.record(std::chrono::microseconds(record.latency_us));
  if (record.state == outcome_state::confirmed) return;
  const std::string reason(record.reason);
  if (const auto found = reasons.find(reason); found != reasons.end())
    ++found->second;
  else if (reasons.size() < most_reasons)
    reasons.emplace(reason, 1);
}

void run_stats::merge(const run_stats& other) {
  confirmed += other.confirmed;
  failed += other.failed;
  unknown += other.unknown;
  attempts += other.attempts;
  retries += other.retries;
  in_flight += other.in_flight;
  for (std::size_t i = 0; i < statuses.size(); ++i) statuses[i] += other.statuses[i];
  for (std::size_t i = 0; i < errors.size(); ++i) errors[i] += other.errors[i];
  for (const auto& [reason, times] : other.reasons) {
    if (const auto found = reasons.find(reason); found != reasons.end())
      found->second += times;
    else if (reasons.size() < most_reasons)
      reasons.emplace(reason, times);
  }
  latency.merge(other.latency);
  service.merge(other.service);
}

}  // namespace lakh::load
