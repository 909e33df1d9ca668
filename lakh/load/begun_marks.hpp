// Which of the claimed items were ever begun: marks in memory that the kernel keeps when this process is killed.
//
// A claim is durable before its items are sent, and waits for the disk; so many items are claimed at once. After a
// crash each of them that has no outcome is in doubt, and where nothing tells a repetition, somebody has to settle it
// by hand. The marks say which of them no lane had taken yet: those were surely not sent, and are simply sent later.
//
// 1. A mark is set before its item is handed to a lane. Claims without a mark are as doubtful as ever.
// 2. The marks of ledger-N.db stand in `RUN/begun-N` and speak of that file's claims only, as releases that its writer
//    did not come to write. Nothing is ever carried over into another file.
// 3. They are there until the ledger file is closed, whose releases then say the same; if its writer is killed or the
//    disk fails, until nothing in the run is in doubt any more. No resume removes what it may not get to.
// 4. The file is mapped, never synced: it survives the death of the process, not of the machine. It says in which boot
//    it was written, and counts in no other.
// It is no part of the evidence: the ledger and the receipt say claimed, and nothing else.
#pragma once

#include <lakh/load/dispenser.hpp>
#include <lakh/load/ledger_format.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <vector>

namespace lakh::load {

class begun_marks {
 public:
  struct alignas(32) slot {
    std::atomic<std::uint64_t> first;
    std::atomic<std::uint64_t> count;  // 0: not in use
    std::atomic<std::uint64_t> begun;  // of these, in order
  };

  // Makes the file, for the writer of that ledger file. Where that is not possible there are no marks, and nothing else
  // is different.
  begun_marks(const std::filesystem::path& folder, const ledger_identity& writer);
  begun_marks(const begun_marks&) = delete;
  begun_marks& operator=(const begun_marks&) = delete;
  // Leaves the file.
  ~begun_marks();

  [[nodiscard]] bool there() const noexcept { return slots_ != nullptr; }

  // Any thread. Before the items are claimed; null if too many claims are open. A claim that is never used up stays
  // open: what is left of it was never begun, whether or not its release reaches the disk.
  slot* open(const item_range& items);
  // Of the claim's items the next one is handed out.
  void begin_one(slot& claim);

  // The ledger file is closed, and says all that the marks could tell: removes the file.
  void forget() noexcept;

 private:
  std::filesystem::path file_;
  void* memory_ = nullptr;
  slot* slots_ = nullptr;
  std::mutex mutex_;
  std::vector<slot*> free_;
};

// Items that claims of that ledger file reached and that were surely not begun; nothing where there are no marks that
// count here and now. Once its writer is dead.
std::vector<item_range> never_begun(const std::filesystem::path& folder, const ledger_identity& writer);
// Of all writers: nothing is in doubt.
void forget_begun_marks(const std::filesystem::path& folder) noexcept;

}  // namespace lakh::load
