// Writes one ledger file from a thread of its own.
//
// 1. A claim is acknowledged only when it is on the disk (commit with synchronous=FULL). Send nothing before.
// 2. Everything that waits in the queue goes into one transaction: a hundred claims cost one fsync.
// 3. Outcomes alone are committed without fsync. A crash of this process does not lose them; a crash of the machine may
// lose
//    the last ones, but never a claim (the write-ahead log is a prefix), so such items become doubtful, and none is
//    sent twice without being known to be doubtful.
// 4. The first failure (disk full, I/O error) is final: it is reported once, every claim from then on fails, and
// outcomes are
//    dropped, whose items stay doubtful for the resume.
// 5. The file is new: a writer never continues another's. A resume starts the next session with writers of its own.
//
// All members may be called from any thread. Callbacks run on the writer's thread: they should only post to a loop.
// A callback must not call a blocking member (claim, flush, close) and must not throw.
#pragma once

#include <lakh/load/ledger_format.hpp>
#include <lakh/load/outcome_batch.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

namespace lakh::load {

class ledger_options {
 public:
  ledger_options() = default;
  // Batches that may wait before submit() says no. 32 unless set: at most 8 MB.
  ledger_options& queue_limit(std::size_t batches) noexcept {
    queue_limit_ = batches;
    return *this;
  }
  // Called once, with what made the ledger fail.
  ledger_options& on_failure(std::function<void(const storage_error&)> call) {
    on_failure_ = std::move(call);
    return *this;
  }

 private:
  friend class ledger_writer;
  std::size_t queue_limit_ = 32;
  std::function<void(const storage_error&)> on_failure_;
};

// What a closed ledger file amounts to.
struct ledger_summary {
  std::uint64_t entries = 0;
  chain_digest head{};  // rule 3 of ledger_format.hpp: the digest over the closing entry
};

class ledger_writer {
 public:
  using claim_callback = std::move_only_function<void(std::error_code)>;
  using room_callback = std::move_only_function<void()>;

  // Creates `ledger-<writer>.db` in the folder. Throws storage_error, also if it is already there.
  ledger_writer(const std::filesystem::path& folder, ledger_identity identity, ledger_options options = {});
  // Writes what waits, durably, but leaves the file without its closing entry.
  ~ledger_writer();
  ledger_writer(const ledger_writer&) = delete;
  ledger_writer& operator=(const ledger_writer&) = delete;

  // Claims the items [first, first + count). The callback gets no error once the claim is durable, or what went wrong.
  void submit_claim(std::uint64_t first, std::uint64_t count, claim_callback done);
  // The same, waiting. Throws storage_error.
  void claim(std::uint64_t first, std::uint64_t count);

  // Says that claimed items were surely never sent, so that they are not doubtful. Durable with the next claim, flush
  // or close.
  void submit_release(std::uint64_t first, std::uint64_t count);

  // Hands over a batch and leaves an empty one in its place. False if the queue is full: the batch is untouched, and
  // when_room() tells when to try again. An empty batch is taken and forgotten. After a failure batches are taken and
  // dropped.
  [[nodiscard]] bool submit(outcome_batch& batch);
  // Calls back once there is room in the queue, or the ledger has failed or is closing; at once if that is so now.
  void when_room(room_callback call);

  // Waits until everything submitted before is durable. Throws storage_error.
  void flush();

  // Writes everything and the closing entry, and leaves one plain file. Nothing may be submitted after it. Throws
  // storage_error.
  ledger_summary close();

  [[nodiscard]] bool failed() const;
  [[nodiscard]] std::optional<storage_error> failure() const;
  [[nodiscard]] const std::filesystem::path& file() const noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace lakh::load
