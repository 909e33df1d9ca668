#include <lakh/core/clock.hpp>
#include <lakh/load/ledger_reader.hpp>
#include <lakh/load/receipt.hpp>
#include <lakh/load/report_receipt.hpp>
#include <lakh/load/run_report.hpp>

#include <algorithm>
#include <array>
#include <tuple>

namespace lakh::load {
namespace {

constexpr std::size_t most_problems = 100;

// Microseconds since 1970.
std::optional<std::int64_t> moment(std::string_view text) {
  const auto time = parse_rfc3339(text);
  if (!time) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::microseconds>(time->time_since_epoch()).count();
}

struct session_place {
  std::uint32_t number = 0;
  std::optional<std::int64_t> began;
  std::optional<std::int64_t> ended;
  std::int64_t offset = 0;  // µs on the time line
  std::int64_t last = 0;    // µs from its start to its last end
};

std::int64_t length_of(const session_place& one) {
  return one.began && one.ended ? std::max<std::int64_t>(0, *one.ended - *one.began) : 0;
}

class builder {
 public:
  builder(run_report& report, ledger_reader& ledger) : report_(report), ledger_(ledger) { place_sessions(); }

  void read(const item_states& states) {
    const ledger_file* file = nullptr;
    std::size_t session = 0;
    statuses_.resize(600);
    attempts_.resize(16);
    ledger_.for_each_current(states, [&](const outcome_record& record, const ledger_file& from) {
      if (&from != file) {
        file = &from;
        session = session_of(from.identity.session);
      }
      add(record, session);
    });
    finish();
  }

 private:
  void place_sessions() {
    for (const ledger_file& file : ledger_.files()) {  // they come by session
      if (places_.empty() || places_.back().number != file.identity.session) {
        places_.push_back({.number = file.identity.session, .began = {}, .ended = {}});
        report_session& one = report_.sessions.emplace_back();
        one.number = file.identity.session;
        one.closed = true;
      }
      session_place& place = places_.back();
      report_session& session = report_.sessions.back();
      session.closed = session.closed && file.closed;
      if (const auto began = moment(file.identity.created_at); began && (!place.began || *began < *place.began)) {
        place.began = began;
        session.began_at = file.identity.created_at;
      }
      if (const auto ended = moment(file.last_written_at); ended && (!place.ended || *ended > *place.ended)) {
        place.ended = ended;
        session.ended_at = file.last_written_at;
      }
    }
    std::int64_t work = 0;
    for (const session_place& one : places_) work += length_of(one);
    const std::int64_t longest_gap = std::max<std::int64_t>(2'000'000, work / 20);
    for (std::size_t i = 1; i < places_.size(); ++i) {
      const session_place& before = places_[i - 1];
      std::int64_t idle = 0;
      if (before.began && places_[i].began)
        idle = std::max<std::int64_t>(0, *places_[i].began - *before.began - length_of(before));
      places_[i].offset = before.offset + length_of(before) + std::min(idle, longest_gap);
      report_.sessions[i].at = static_cast<double>(places_[i].offset) / 1e6;
      report_.sessions[i].idle_before = static_cast<double>(idle) / 1e6;
    }
  }

  [[nodiscard]] std::size_t session_of(std::uint32_t number) const {
    const auto found = std::ranges::lower_bound(places_, number, {}, &session_place::number);
    return static_cast<std::size_t>(found - places_.begin());
  }

  void add(const outcome_record& record, std::size_t session) {
    session_place& place = places_[session];
    ++report_.sessions[session].items;
    std::int64_t start = 0;
    if (__builtin_add_overflow(place.offset, std::max<std::int64_t>(0, record.start_us), &start)) start = place.offset;
    count(attempts_, record.attempts);
    if (record.state != outcome_state::confirmed) add_problem(record);
    if (record.attempts == 0) {  // settled by asking the target, or by nobody being there to ask
      report_.series.add_unsent(record.state, place.offset);
      return;
    }
    report_.series.add(record.state, start, record.latency_us);
    std::int64_t last = 0;
    if (!__builtin_add_overflow(record.start_us, record.latency_us, &last)) place.last = std::max(place.last, last);
    report_.latency.record(std::chrono::microseconds(record.latency_us));
    if (record.last_attempt == certainty::answered)
      report_.service.record(std::chrono::microseconds(record.service_us));
    report_.attempts += record.attempts;
    report_.retries += record.attempts - 1U;
    if (record.last_attempt == certainty::answered)
      count(statuses_, record.status);
    else
      ++report_.items_unanswered;
  }

  static void count(std::vector<std::uint64_t>& counts, std::uint16_t value) {
    if (value >= counts.size()) counts.resize(std::size_t{value} + 1);
    ++counts[value];
  }

  void add_problem(const outcome_record& record) {
    auto found = std::ranges::find_if(report_.problems, [&](const report_problem& one) {
      return one.kind == record.error && one.status == record.status;
    });
    if (found == report_.problems.end()) {
      if (report_.problems.size() < most_problems) {
        report_problem& added = report_.problems.emplace_back();
        added.kind = record.error;
        added.status = record.status;
        added.example_item = record.item;
        added.example_reason = record.reason;
        found = report_.problems.end() - 1;
      } else {
        found = report_.problems.end() - 1;
      }
    } else if (record.item < found->example_item) {
      found->example_item = record.item;
      found->example_reason = record.reason;
    }
    ++(record.state == outcome_state::failed ? found->failed : found->unknown);
  }

  void finish() {
    std::int64_t work = 0;
    for (const session_place& one : places_) work += one.last;
    report_.seconds = static_cast<double>(work) / 1e6;
    for (std::size_t i = 0; i < statuses_.size(); ++i)
      if (statuses_[i] != 0) report_.items_by_status.emplace_back(static_cast<std::uint16_t>(i), statuses_[i]);
    for (std::size_t i = 0; i < attempts_.size(); ++i)
      if (attempts_[i] != 0) report_.items_by_attempts.emplace_back(static_cast<std::uint16_t>(i), attempts_[i]);
    std::ranges::sort(report_.problems, [](const report_problem& a, const report_problem& b) {
      const std::uint64_t many_a = a.items();
      const std::uint64_t many_b = b.items();
      return std::tie(many_b, a.kind, a.status) < std::tie(many_a, b.kind, b.status);
    });
  }

  run_report& report_;
  ledger_reader& ledger_;
  std::vector<session_place> places_;
  std::vector<std::uint64_t> statuses_;
  std::vector<std::uint64_t> attempts_;
};

std::string state_of(const std::filesystem::path& folder, const run_info& info) {
  if (info.state != run_state::running) return std::string(name(info.state));
  for (const run_summary& one : run_folder::list(folder.parent_path().empty() ? "." : folder.parent_path()))
    if (one.folder.filename() == folder.filename() && !one.alive) return "died";
  return std::string(name(info.state));
}

run_report start_report(const std::filesystem::path& folder) {
  run_report report;
  report.folder = folder;
  report.info = run_folder::read_info(folder);
  report.info.target = without_secrets(std::array{report.info.target}).front();
  report.state = state_of(folder, report.info);
  return report;
}

void complete(run_report& report, ledger_reader& ledger, const item_states& states) {
  report.result = balance_of_run(states, report.info.requested);
  builder(report, ledger).read(states);
  for (const ledger_file& file : ledger.files()) {
    report_ledger_file& one = report.files.emplace_back();
    one.name = file.file.filename().string();
    one.session = file.identity.session;
    one.entries = file.entries;
    one.closed = file.closed;
    if (file.entries != 0) one.head = to_hex(file.head);
  }
  add_receipt(report);
}

}  // namespace

run_report read_run_report(const std::filesystem::path& folder) {
  run_report report = start_report(folder);
  ledger_reader ledger(folder);
  const item_states states = ledger.read(report.info.requested.value_or(0));
  complete(report, ledger, states);
  return report;
}

run_report report_without_ledger(const run_stats& counted, const balance& result, std::chrono::nanoseconds elapsed) {
  run_report report;
  report.result = result;
  report.seconds = std::chrono::duration<double>(elapsed).count();
  report.latency = counted.latency;
  report.service = counted.service;
  report.attempts = counted.attempts;
  report.retries = counted.retries;
  return report;
}

}  // namespace lakh::load
