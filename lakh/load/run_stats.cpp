#include <lakh/load/run_stats.hpp>

namespace lakh::load {
namespace {

bool is_letter_or_digit(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

// What reasons of one kind have in common: status and error, and the text with '#' for every word that has a digit in
// it, since such words name items, times and amounts.
std::string kind_of_reason(const outcome_record& record) {
  std::string kind = std::to_string(record.status) + " " + std::string(name(record.error)) + " ";
  const std::string_view text = record.reason;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_letter_or_digit(text[at])) {
      kind += text[at++];
      continue;
    }
    std::size_t end = at;
    bool digits = false;
    for (; end < text.size() && is_letter_or_digit(text[end]); ++end) digits |= text[end] >= '0' && text[end] <= '9';
    if (digits)
      kind += '#';
    else
      kind += text.substr(at, end - at);
    at = end;
  }
  return kind;
}

}  // namespace

void run_stats::count(const outcome_record& record) {
  switch (record.state) {
    case outcome_state::confirmed: ++confirmed; break;
    case outcome_state::failed: ++failed; break;
    case outcome_state::unknown: ++unknown; break;
  }
  latency.record(std::chrono::microseconds(record.latency_us));
  if (record.state == outcome_state::confirmed) return;
  std::string kind = kind_of_reason(record);
  if (const auto found = reasons.find(kind); found != reasons.end())
    ++found->second.times;
  else if (reasons.size() < most_reasons)
    reasons.emplace(std::move(kind), reason_count{1, std::string(record.reason)});
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
  for (const auto& [kind, theirs] : other.reasons) {
    if (const auto found = reasons.find(kind); found != reasons.end())
      found->second.times += theirs.times;
    else if (reasons.size() < most_reasons)
      reasons.emplace(kind, theirs);
  }
  latency.merge(other.latency);
  service.merge(other.service);
}

}  // namespace lakh::load
