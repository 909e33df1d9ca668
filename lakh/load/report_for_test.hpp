// Runs made up for tests of reports: a folder with a ledger in which stands what the test says.
#pragma once

#include <lakh/load/ledger.hpp>
#include <lakh/load/run_folder.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <unistd.h>

namespace lakh::load {

class report_test : public ::testing::Test {
 protected:
  report_test() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lakh_report_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    root_ = pattern;
  }
  ~report_test() override { std::filesystem::remove_all(root_); }

  // A run of so many items, with no session yet.
  std::filesystem::path make_run(std::uint64_t requested, run_info info = {}, std::string_view plan = "{}") const {
    info.requested = requested;
    info.plan_digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    info.lakh_version = "0.1.0";
    info.state = run_state::stopped;
    return run_folder::create(root_, std::move(info), plan).path();
  }

  // What `each` makes of a confirmed outcome, for the items [first, first + count).
  using shaper = std::function<void(outcome_record&)>;
  static void add_session(const std::filesystem::path& folder, std::uint32_t session, std::uint64_t first,
                          std::uint64_t count, const shaper& each, bool close = true) {
    const run_info info = run_folder::read_info(folder);
    ledger_writer writer(folder, ledger_identity(info.run_id, info.plan_digest, session, session - 1));
    if (count != 0) writer.claim(first, count);
    outcome_batch batch;
    const auto submit = [&] {
      while (!writer.submit(batch)) std::this_thread::yield();
    };
    for (std::uint64_t item = first; item < first + count; ++item) {
      outcome_record record;
      record.item = item;
      record.state = outcome_state::confirmed;
      record.last_attempt = certainty::answered;
      record.status = 201;
      record.attempts = 1;
      record.start_us = static_cast<std::int64_t>(item - first) * 100;
      record.latency_us = 1500;
      record.service_us = 1000;
      each(record);
      batch.append(record);
      if (batch.full()) submit();
    }
    submit();
    if (close)
      writer.close();
    else
      writer.flush();
  }
  static void add_session(const std::filesystem::path& folder, std::uint32_t session, std::uint64_t first,
                          std::uint64_t count) {
    add_session(folder, session, first, count, [](outcome_record&) {});
  }

  std::filesystem::path root_;
};

// As an engine leaves it.
inline void make_failed(outcome_record& record, std::uint16_t status, std::string_view reason) {
  record.state = outcome_state::failed;
  record.error = error_kind::status;
  record.status = status;
  record.reason = reason;
}
inline void make_unknown(outcome_record& record) {
  record.state = outcome_state::unknown;
  record.error = error_kind::closed;
  record.last_attempt = certainty::maybe_sent;
  record.status = 0;
  record.reason = "closed before an answer came";
}

}  // namespace lakh::load
