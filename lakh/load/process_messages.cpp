#include <lakh/core/error.hpp>
#include <lakh/load/process_messages.hpp>
#include <lakh/parallel/packed.hpp>

#include <boost/describe/class.hpp>

#include <map>
#include <utility>
#include <vector>

namespace lakh::load {

BOOST_DESCRIBE_STRUCT(reason_count, (), (times, example))

namespace {

using counters = std::vector<std::pair<std::uint32_t, std::uint64_t>>;

void put(std::string& out, const histogram& values) {
  counters all;
  values.for_each([&](const histogram::bucket& one) {
    all.emplace_back(static_cast<std::uint32_t>(histogram::index_of(one.lowest)), one.count);
  });
  const histogram::sums beside = values.totals();
  pack_into(out, all, beside.clamped, beside.sum, beside.min, beside.max);
}

histogram take_histogram(unpacker& in) {
  const auto all = in.next<counters>();
  histogram::sums beside;
  beside.clamped = in.next<std::uint64_t>();
  beside.sum = in.next<std::uint64_t>();
  beside.min = in.next<std::uint64_t>();
  beside.max = in.next<std::uint64_t>();
  auto made = histogram::of(all, beside);
  if (!made) throw input_error("a worker process sent a histogram that is none");
  return *std::move(made);
}

void put(std::string& out, const run_stats& stats) {
  counters statuses;
  for (std::uint32_t i = 0; i < stats.statuses.size(); ++i)
    if (stats.statuses[i] != 0) statuses.emplace_back(i, stats.statuses[i]);
  pack_into(out, stats.confirmed, stats.failed, stats.unknown, stats.attempts, stats.retries, stats.in_flight, statuses,
            stats.errors, stats.reasons);
  put(out, stats.latency);
  put(out, stats.service);
}

run_stats take_stats(unpacker& in) {
  run_stats stats;
  stats.confirmed = in.next<std::uint64_t>();
  stats.failed = in.next<std::uint64_t>();
  stats.unknown = in.next<std::uint64_t>();
  stats.attempts = in.next<std::uint64_t>();
  stats.retries = in.next<std::uint64_t>();
  stats.in_flight = in.next<std::uint64_t>();
  for (const auto& [status, times] : in.next<counters>()) {
    if (status >= stats.statuses.size()) throw input_error("a worker process sent a status that is none");
    stats.statuses[status] = times;
  }
  stats.errors = in.next<decltype(stats.errors)>();
  stats.reasons = in.next<decltype(stats.reasons)>();
  if (stats.reasons.size() > run_stats::most_reasons)
    throw input_error("a worker process sent more reasons than it may");
  stats.latency = take_histogram(in);
  stats.service = take_histogram(in);
  return stats;
}

}  // namespace

std::string to_bytes(const process_report& report) {
  std::string out = pack(report.kind, report.end, report.message, report.notes);
  put(out, report.stats);
  return out;
}

process_report report_of(std::string_view bytes) {
  unpacker in(bytes);
  process_report report;
  report.kind = in.next<report_kind>();
  report.end = in.next<run_end>();
  report.message = in.next<std::string>();
  report.notes = in.next<std::vector<std::string>>();
  if (report.kind > report_kind::ended || report.end > run_end::processes_lost)
    throw input_error("a worker process sent a report of no known kind");
  report.stats = take_stats(in);
  in.finish();
  return report;
}

}  // namespace lakh::load
