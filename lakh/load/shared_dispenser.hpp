// A dispenser between processes: hands out the items of a run from memory that they share, each exactly once, whichever
// process is killed at whichever instruction.
//
//   shared_dispenser items(100'000, 4);                 // then fork
//   process_dispenser mine(items, 2, 2, writer);        // in a process with two loops: takers 2 and 3
//   engine runs(setup with .items = &mine);
//   ...
//   items.reclaim(2, 2, writer, dead_ledger, true);     // in the parent, once that process is dead
//
// Invariants
// 1. A taker is one event loop. It takes its next range only when the claim of its last one is durable, or has failed.
//    So of what a dead process took, all but the last range of each of its loops stands in its ledger.
// 2. Everything changes under one lock, which survives its holder (a robust mutex). The decision that a range is taken
//    is one store: held_[taker] = range. What follows from it (bits cleared, `next` moved) is done again by whoever
//    gets the lock of a dead holder; doing it twice is doing it once. Before that store nothing was taken.
// 3. A range that some taker holds is below `next`, and none of its items waits to be handed out again.
// 4. What a dead process claimed is handed out again only to processes with a higher ledger number than its own: the
//    outcomes of a later file count, and it must not be the dead one's claim that speaks last.
// 5. Only the parent resumes and reclaims. When it dies, everybody does, and the memory goes with the last of them: it
//    has no name.
#pragma once

#include <lakh/load/dispenser.hpp>
#include <lakh/parallel/shared_memory.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace lakh::load {

class shared_dispenser {
 public:
  // The items 0 … count-1, or all that a ledger may name, for takers 0 … takers-1. Memory is taken as it is written: by
  // a resume, and by deaths. No more items than ledger_reader::default_item_limit. Throws lakh::error where the kernel
  // has no memory to share.
  shared_dispenser(std::optional<std::uint64_t> count, unsigned takers);
  shared_dispenser(const shared_dispenser&) = delete;
  shared_dispenser& operator=(const shared_dispenser&) = delete;
  ~shared_dispenser() = default;

  [[nodiscard]] run_counters& counters() const noexcept;

  // --- the parent

  // What is to be handed out from now on: of the items 0 … count-1, or all, those whose state is in `wanted`; those
  // beyond states.size() are unclaimed. While nobody takes.
  void resume(const item_states& states, state_set wanted, std::optional<std::uint64_t> count);

  struct reclaimed {
    std::uint64_t not_claimed = 0;  // taken, never claimed: others get them
    std::uint64_t not_begun = 0;    // claimed, surely not sent: later processes get them
    std::uint64_t in_doubt = 0;     // claimed, without an outcome
  };
  // A process is dead: takers first_taker … first_taker + takers - 1, whose ledger file had that number and says
  // `ledger` (nothing, where it has no file). What it took and never claimed is handed out again, and what it claimed
  // and never began; what it left in doubt too, marked so, if `repeatable`.
  reclaimed reclaim(unsigned first_taker, unsigned takers, std::uint32_t writer, const item_states& ledger,
                    std::span<const item_range> never_begun, bool repeatable);

  // How many items take() would still give to a process that begins now.
  [[nodiscard]] std::optional<std::uint64_t> remaining() const;

  // --- any process

  void stop() noexcept;
  // As dispenser::take. `writer` is the number of the taking process's ledger file.
  std::optional<item_range> take(unsigned taker, std::uint32_t writer, std::uint64_t want);
  [[nodiscard]] bool in_doubt(std::uint64_t item) const noexcept;

 private:
  struct table;
  class pool;
  class guard;
  static std::size_t head_size(unsigned takers) noexcept;
  [[nodiscard]] pool again() const noexcept;
  [[nodiscard]] pool redo() const noexcept;
  void apply(const item_range& range) const noexcept;
  void repair() const noexcept;

  std::uint64_t items_;
  std::uint64_t stride_;  // words for a bit of each item
  unsigned takers_;
  bool endless_;
  shared_memory memory_;
  table* table_;  // at its beginning; then
  std::atomic<std::uint64_t>* held_;
  // and three sets: what is to be handed out again, the same but to later processes only, and what is in doubt.
  std::uint64_t* words_;
};

// The takers of one process, as its engine sees them.
class process_dispenser final : public dispenser {
 public:
  process_dispenser(shared_dispenser& items, unsigned first_taker, unsigned loops, std::uint32_t writer);

  [[nodiscard]] dispenser& for_loop(unsigned number) override { return *loops_.at(number); }
  std::optional<item_range> take(std::uint64_t want) override { return loops_.front()->take(want); }
  void stop() override { items_.stop(); }
  [[nodiscard]] std::optional<std::uint64_t> remaining() const override { return items_.remaining(); }
  [[nodiscard]] bool in_doubt(std::uint64_t item) const noexcept override { return items_.in_doubt(item); }

 private:
  class loop_part;
  shared_dispenser& items_;
  std::vector<std::unique_ptr<dispenser>> loops_;
};

}  // namespace lakh::load
