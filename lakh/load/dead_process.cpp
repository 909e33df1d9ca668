#include <lakh/load/begun_marks.hpp>
#include <lakh/load/dead_process.hpp>
#include <lakh/load/ledger_reader.hpp>

#include <algorithm>

namespace lakh::load {

left_behind read_dead_process(const std::filesystem::path& folder, std::uint32_t writer, std::uint64_t requested) {
  left_behind left;
  ledger_reader ledger = ledger_reader::of_writer(folder, writer);
  run_stats& stats = left.stats;
  left.states = ledger.read(requested, ledger_reading().on_outcome([&](const outcome_record& one, const ledger_file&) {
    stats.count(one);
    stats.attempts += one.attempts;
    stats.retries += one.attempts > 1 ? one.attempts - 1U : 0U;
    if (one.attempts == 0) return;
    // Of several attempts only the last stands in the ledger.
    if (one.last_attempt == certainty::answered) {
      ++stats.statuses[std::min<std::size_t>(one.status, stats.statuses.size() - 1)];
      stats.service.record(std::chrono::microseconds(one.service_us));
    } else {
      ++stats.errors[static_cast<std::size_t>(one.error)];
    }
  }));
  for (const ledger_file& file : ledger.files()) left.never_begun = never_begun(folder, file.identity);
  return left;
}

}  // namespace lakh::load
