// Holding the ledger against the target's own data: every confirmed item must be there once, as it was sent, and
// nothing of this run may be there that the ledger does not know of.
//
// Memory: a bit per item, and what the item_states take.
#pragma once

#include <lakh/load/ledger_states.hpp>
#include <lakh/load/template.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::load {

struct reconciliation {
  std::uint64_t listed = 0;     // entries that the target gave
  std::uint64_t matched = 0;    // confirmed here, there once, and as sent
  std::uint64_t missing = 0;    // confirmed here, not there
  std::uint64_t duplicate = 0;  // entries beyond the first for one item
  std::uint64_t altered = 0;    // there, but not as sent
  std::uint64_t unexpected =
      0;                      // there, but never confirmed, nor in doubt, here: failed, never sent, or no item at all
  std::uint64_t settled = 0;  // unknown or in doubt here, and found there
  bool digests_compared = false;
  std::vector<std::string> examples;  // of what is wrong, a few of each kind
  double seconds = 0;

  [[nodiscard]] bool clean() const noexcept {
    return missing == 0 && duplicate == 0 && altered == 0 && unexpected == 0;
  }
};

// The item whose reference reads so, for references that are a fixed text with the item's number in it, such as
// "{{run}}-{{item}}".
class reference_form {
 public:
  // `reference` must have the item's number in it exactly once, in decimal, and be the same otherwise. Throws
  // input_error at `place` if it is not of that form.
  reference_form(const text_template& reference, const render_input& of_run, const input_place& place);
  [[nodiscard]] std::optional<std::uint64_t> item_of(std::string_view reference) const noexcept;

 private:
  std::string before_;
  std::string after_;
};

class reconciler {
 public:
  // `sent_digest` gives the digest of what was sent for an item; empty if that cannot be told.
  reconciler(const item_states& states, std::uint64_t requested, reference_form references,
             std::function<std::uint64_t(std::uint64_t item)> sent_digest);

  // An entry of the target's listing. `digest` is XXH3-64 in hexadecimal, or empty if the target gives none.
  void add(std::string_view reference, std::string_view digest);

  // After the last entry.
  [[nodiscard]] reconciliation finish();

 private:
  void example(std::uint64_t nth, std::string text);

  const item_states& states_;
  std::uint64_t requested_;
  reference_form references_;
  std::function<std::uint64_t(std::uint64_t)> sent_digest_;
  std::vector<bool> seen_;
  reconciliation result_;
};

}  // namespace lakh::load
