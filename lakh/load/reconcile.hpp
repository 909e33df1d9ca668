// Holding the ledger against the target's own data: every confirmed item must be there once, as it was sent, and
// nothing of this run may be there that the ledger does not know of.
//
// Memory: three bits per item, a few examples, and what the item_states take; whatever the target tells.
#pragma once

#include <lakh/load/item_set.hpp>
#include <lakh/load/ledger_states.hpp>
#include <lakh/load/target_view.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::load {

struct reconciliation {
  std::uint64_t listed = 0;      // entries that the target gave
  std::uint64_t matched = 0;     // items confirmed here, and there as they were sent
  std::uint64_t missing = 0;     // items confirmed here, not there
  std::uint64_t duplicate = 0;   // entries beyond the first for one item
  std::uint64_t altered = 0;     // items there, but not as sent
  std::uint64_t unexpected = 0;  // there, but never confirmed, nor in doubt, here: items that failed or were never
                                 // sent, and entries that name no item at all
  std::uint64_t settled = 0;     // items unknown or in doubt here, and found there as they were sent
  std::uint64_t absent = 0;      // items unknown or in doubt here, and not there
  bool digests_compared = false;
  std::vector<std::string> examples;  // of what is wrong, a few of each kind; one line each
  double seconds = 0;

  [[nodiscard]] bool clean() const noexcept {
    return missing == 0 && duplicate == 0 && altered == 0 && unexpected == 0;
  }
};

// What holding both sides together says of one item.
enum class item_verdict : std::uint8_t {
  matched,     // confirmed, and there as it was sent
  missing,     // confirmed, and not there
  altered,     // confirmed, unknown or in doubt, and there, but not as it was sent
  unexpected,  // failed or never sent, and there
  settled,     // unknown or in doubt, and there as it was sent
  absent,      // unknown or in doubt, and not there
  agreed,      // failed or never sent, and not there
};

class reconciler {
 public:
  // The digest of what was sent for an item (XXH3-64); 0 if that cannot be told.
  using digest_of_item = std::function<std::uint64_t(std::uint64_t item)>;

  // `states` must outlive it. Without `sent_digest` nothing is taken for altered.
  reconciler(const item_states& states, std::uint64_t requested, digest_of_item sent_digest = {});

  // What the target has. Throws protocol_error where it gives so many more entries than the run has items that it
  // does not end, or does not tell this run from others.
  void add(const target_entry& entry);

  // After the last entry: the counts.
  [[nodiscard]] reconciliation finish();

  // Of the entries added so far.
  [[nodiscard]] const item_set& found() const noexcept { return found_; }
  [[nodiscard]] const item_set& altered() const noexcept { return altered_; }        // a part of found()
  [[nodiscard]] const item_set& duplicated() const noexcept { return duplicated_; }  // a part of found()
  [[nodiscard]] item_verdict verdict_of(std::uint64_t item) const noexcept;
  // The first item from `from` on of which both sides together say so.
  [[nodiscard]] std::optional<std::uint64_t> next(std::uint64_t from, item_verdict wanted) const noexcept;

 private:
  void example(std::uint64_t nth, std::string_view kind, const target_entry& entry, std::string_view what);

  const item_states& states_;
  std::uint64_t requested_;
  std::uint64_t most_entries_;
  digest_of_item sent_digest_;
  item_set found_;
  item_set altered_;
  item_set duplicated_;
  reconciliation result_;  // counts of entries; those of items are taken at the end
  std::uint64_t strangers_ = 0;
};

}  // namespace lakh::load
