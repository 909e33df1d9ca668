// Which of the claimed items were ever begun: marks in memory that the kernel keeps when this process is killed.
//
// A claim is durable before its items are sent, and waits for the disk; so many items are claimed at once. After a
// crash each of them that has no outcome is in doubt, and where nothing tells a repetition, somebody has to settle it
// by hand. The marks say which of them no lane had taken yet: those were surely not sent, and are simply sent later.
//
// 1. A mark is set before its item is handed to a lane. Claims without a mark are as doubtful as ever.
// 2. `RUN/begun` is a file that is mapped, never synced: it survives the death of the process, not of the machine. It
//    says in which boot of the machine it was written, and in which session of the run, and counts in no other.
// 3. One engine for each session writes it; whoever takes the run up reads it and removes it, before anything is sent.
// It is no part of the evidence: the ledger and the receipt say claimed, and nothing else.
#pragma once

#include <lakh/load/dispenser.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::load {

class begun_marks {
 public:
  struct alignas(32) slot {
    std::atomic<std::uint64_t> first;
    std::atomic<std::uint64_t> count;  // 0: not in use
    std::atomic<std::uint64_t> begun;  // of these, in order
  };

  // Makes the file. Where that is not possible there are no marks, and nothing else is different.
  begun_marks(const std::filesystem::path& folder, std::string_view run_id, std::uint32_t session);
  begun_marks(const begun_marks&) = delete;
  begun_marks& operator=(const begun_marks&) = delete;
  // An orderly end leaves nothing to tell.
  ~begun_marks();

  [[nodiscard]] bool there() const noexcept { return slots_ != nullptr; }

  // Any thread. Before the items are claimed; null if too many claims are open.
  slot* open(const item_range& items);
  // Of the claim's items the next one is handed out.
  void begin_one(slot& claim);
  // The rest of the claim was released.
  void close(slot& claim);

 private:
  std::filesystem::path file_;
  void* memory_ = nullptr;
  slot* slots_ = nullptr;
  std::mutex mutex_;
  std::vector<slot*> free_;
};

// Items that the session's claims reached and that were surely not begun; nothing where there are no marks that count
// here and now.
std::vector<item_range> never_begun(const std::filesystem::path& folder, std::string_view run_id,
                                    std::uint32_t session);
// Throws storage_error.
void remove_begun_marks(const std::filesystem::path& folder);

}  // namespace lakh::load
