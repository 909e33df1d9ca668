// The invariant: requested = confirmed + failed + unknown, once a run has ended. While it runs, and after it was
// stopped, the items that are not settled stand in lines of their own, so that the sum is right at any moment.
#pragma once

#include <lakh/load/ledger_states.hpp>

#include <cstdint>
#include <string>

namespace lakh::load {

struct balance {
  balance() = default;
  // From what the ledger says. `doubtful` items are in flight while the run lives; after a crash they wait to be
  // settled.
  balance(const item_states& states, std::uint64_t requested);

  std::uint64_t requested = 0;
  std::uint64_t confirmed = 0;
  std::uint64_t failed = 0;
  std::uint64_t unknown = 0;
  std::uint64_t doubtful = 0;   // claimed, no outcome yet
  std::uint64_t unclaimed = 0;  // never sent

  // The sum of all lines; saturates instead of wrapping.
  [[nodiscard]] std::uint64_t accounted() const noexcept;
  // Nothing is missing and nothing is counted twice.
  [[nodiscard]] bool holds() const noexcept { return accounted() == requested; }
  // Every item has an outcome.
  [[nodiscard]] bool settled() const noexcept { return holds() && doubtful == 0 && unclaimed == 0; }
  // Every item is confirmed.
  [[nodiscard]] bool perfect() const noexcept { return holds() && confirmed == requested; }

  // A balance sheet, with a line break at the end; lines that are zero and not part of the invariant are left out.
  [[nodiscard]] std::string text() const;
  // {"requested":5,"confirmed":5,"failed":0,"unknown":0,"doubtful":0,"unclaimed":0,"holds":true}
  [[nodiscard]] std::string json() const;

  friend bool operator==(const balance&, const balance&) = default;
};

// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number);

}  // namespace lakh::load
