// Everything there is to say of a run, computed from its folder in one pass over the ledger, in bounded memory: no
// figure here rests on what was counted while it ran.
//
// The time line. An item's times count from the start of its session, so each session is placed where it began. Time in
// which no session ran is shortened to at most two seconds or a twentieth of the working time, whichever is longer:
// a run that slept for a night between its sessions can still be looked at.
#pragma once

#include <lakh/core/error.hpp>
#include <lakh/core/histogram.hpp>
#include <lakh/load/balance.hpp>
#include <lakh/load/limit.hpp>
#include <lakh/load/reconcile.hpp>
#include <lakh/load/report_series.hpp>
#include <lakh/load/run_folder.hpp>
#include <lakh/load/run_stats.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lakh::load {

struct report_session {
  std::uint32_t number = 1;
  std::string began_at;     // RFC 3339
  std::string ended_at;     // when its last entry was written; empty where it wrote none
  std::uint64_t items = 0;  // whose outcome, the one that counts, is of this session
  bool closed = false;      // it ended in good order: every file of it has its closing entry
  double at = 0;            // seconds on the time line
  double idle_before = 0;   // seconds between the end of the session before and this one, as they were
};

// Items that did not end well, of one kind.
struct report_problem {
  error_kind kind = error_kind::none;
  std::uint16_t status = 0;  // the last answer's; 0 where none came
  std::uint64_t failed = 0;
  std::uint64_t unknown = 0;
  std::uint64_t example_item = 0;  // the smallest number among them
  std::string example_reason;

  [[nodiscard]] std::uint64_t items() const noexcept { return failed + unknown; }
};

struct report_ledger_file {
  std::string name;
  std::uint32_t session = 1;
  std::uint64_t entries = 0;
  bool closed = false;
  std::string head;  // the chain's last digest, in hexadecimal
};

struct run_report {
  run_info info;
  std::filesystem::path folder;
  std::string state;  // of info, but "died" where it says that it runs and nobody holds its lock
  balance result;

  double seconds = 0;  // from the first start to the last end on the time line, without idle time
  histogram latency;   // of items with an outcome, from the intended start
  histogram service;   // of items whose last attempt was answered, from the send
  std::uint64_t attempts = 0;
  std::uint64_t retries = 0;
  // Both ascending, without zeros. The status is that of the last attempt (info.codes), if it was answered. An item
  // without an attempt was settled by asking the target: it has neither status nor latency.
  std::vector<std::pair<std::uint16_t, std::uint64_t>> items_by_status;
  std::vector<std::pair<std::uint16_t, std::uint64_t>> items_by_attempts;
  std::uint64_t items_unanswered = 0;    // of which no attempt, or not the last, had an answer
  std::vector<report_problem> problems;  // the most frequent first; at most 100, the rest in the last
  time_series series;
  std::vector<report_session> sessions;
  std::vector<report_ledger_file> files;

  std::optional<reconciliation> reconciled;
  std::string reconcile_problem;
  std::vector<limit_verdict> limits;  // filled in by whoever knows the limits
  std::string receipt_digest;         // SHA-256 of receipt.json, in hexadecimal; empty where there is none
  std::string receipt_signer;         // the public key that it names; empty where nobody signed it
  std::string receipt_problem;        // why it cannot be read

  [[nodiscard]] std::uint64_t settled() const noexcept { return result.confirmed + result.failed + result.unknown; }
  [[nodiscard]] double rate() const noexcept {  // outcomes per second
    return seconds > 0 ? static_cast<double>(settled()) / seconds : 0;
  }
};

// Reads the run's folder and checks every digest of its ledger. Throws storage_error.
run_report read_run_report(const std::filesystem::path& folder);

// What can be said of a run without a ledger: no time series, no problems, no sessions.
run_report report_without_ledger(const run_stats& counted, const balance& result, std::chrono::nanoseconds elapsed);

}  // namespace lakh::load
