// Hands out the items of a run, each exactly once, as ranges that are claimed together. The interface says nothing
// about where the counter lives: in this process (range_dispenser), in shared memory between processes
// (shared_dispenser), or behind a message broker.
#pragma once

#include <lakh/load/ledger_states.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>

namespace lakh::load {

struct item_range {
  item_range() = default;
  item_range(std::uint64_t first_item, std::uint64_t item_count) noexcept : first(first_item), count(item_count) {}

  std::uint64_t first = 0;
  std::uint64_t count = 0;
  [[nodiscard]] std::uint64_t end() const noexcept { return first + count; }
  friend bool operator==(const item_range&, const item_range&) = default;
};

// What an earlier session left of an item that it may have sent.
inline constexpr state_set left_in_doubt = item_state::claimed | item_state::unknown;

class dispenser {
 public:
  dispenser() = default;
  virtual ~dispenser() = default;
  dispenser(const dispenser&) = delete;
  dispenser& operator=(const dispenser&) = delete;

  // The next range of at most `want` items (at least 1), which nobody else gets; nothing when there are no more or
  // after stop(). It may be shorter than `want` although more follows. Thread-safe. It may wait for another process or
  // machine: call it where a loop may be held up for a moment, and ask ahead.
  virtual std::optional<item_range> take(std::uint64_t want) = 0;

  // From now on take() gives nothing. Thread-safe; may be called twice.
  virtual void stop() = 0;

  // How many items take() would still give, if that is known. A hint: others take at the same time.
  [[nodiscard]] virtual std::optional<std::uint64_t> remaining() const = 0;

  // Whether an earlier session, or a process that has died, may have sent the item: what comes of it now does not say
  // that it never happened. For items that were taken. Thread-safe.
  [[nodiscard]] virtual bool in_doubt(std::uint64_t item) const noexcept = 0;

  // What the event loop of that number takes through: one who must know who took what gives each a part of its own.
  // Before anything is taken.
  [[nodiscard]] virtual dispenser& for_loop(unsigned /*number*/) { return *this; }
};

// What all loops of a run count together; in shared memory where they are of several processes.
struct run_counters {
  std::atomic<std::uint64_t> positions{0};  // in the schedule: how many items were handed out
  std::atomic<std::uint64_t> failures{0};   // items not confirmed
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

// For the threads of one process.
class range_dispenser final : public dispenser {
 public:
  // The items 0 … count-1.
  explicit range_dispenser(std::uint64_t count);

  // For runs by duration: as many as are asked for, from `first` on, until stop().
  static std::unique_ptr<range_dispenser> unbounded(std::uint64_t first = 0);

  // For a resume: of the items 0 … count-1 those whose state is in `wanted`; without a count, of all there can be.
  // Items beyond states->size() are unclaimed.
  range_dispenser(std::optional<std::uint64_t> count, std::shared_ptr<const item_states> states, state_set wanted);

  std::optional<item_range> take(std::uint64_t want) override;
  void stop() override;
  [[nodiscard]] std::optional<std::uint64_t> remaining() const override;
  [[nodiscard]] bool in_doubt(std::uint64_t item) const noexcept override {
    return states_ != nullptr && left_in_doubt.contains(states_->get(item));
  }

 private:
  static constexpr std::uint64_t no_end = std::numeric_limits<std::uint64_t>::max();

  [[nodiscard]] std::optional<item_range> next_wanted(std::uint64_t want) const noexcept;

  mutable std::mutex mutex_;
  std::shared_ptr<const item_states> states_;  // null: all items
  state_set wanted_;
  std::uint64_t next_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t left_ = 0;  // of a known number
  bool stopped_ = false;
};

class claim_need {
 public:
  claim_need() = default;
  // Items per second that one claimer has settled lately; 0 while nothing is known.
  claim_need& rate(double items_per_second) noexcept {
    rate_ = items_per_second;
    return *this;
  }
  // Lanes that the claim is for.
  claim_need& lanes(std::uint64_t count) noexcept {
    lanes_ = count;
    return *this;
  }
  // Whether the target deduplicates by a key.
  claim_need& keyed(bool value) noexcept {
    keyed_ = value;
    return *this;
  }
  // Whether it is marked which of the items are begun (begun_marks.hpp).
  claim_need& marked(bool value) noexcept {
    marked_ = value;
    return *this;
  }

 private:
  friend std::uint64_t claim_size(const claim_need& need) noexcept;
  double rate_ = 0;
  std::uint64_t lanes_ = 1;
  bool keyed_ = true;
  bool marked_ = false;
};

// No claim is larger.
inline constexpr std::uint64_t most_in_a_claim = 4096;

// How many items to claim at once: about 50 ms of work, so that the fsync of a claim is shared by many items, yet no
// one waits long for others to be done; 1 … 4096; while the rate is unknown, one for each lane up to 256. Where the
// target has no key, never more than the lanes: after a crash every item that was claimed and not sent is as doubtful
// as one that was. Where it is marked which were begun, only after a crash of the machine: then 20 ms of work.
std::uint64_t claim_size(const claim_need& need) noexcept;

}  // namespace lakh::load
