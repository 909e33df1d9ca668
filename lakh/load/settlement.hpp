// Outcomes for items about which something was learnt without sending anything: the target was asked, or nobody can be
// asked. They stand in a ledger file of their own, as all outcomes do: claimed, then settled.
#pragma once

#include <lakh/load/ledger_writer.hpp>
#include <lakh/load/outcome.hpp>
#include <lakh/load/outcome_batch.hpp>

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace lakh::load {

class settlement {
 public:
  // Creates the ledger file. Throws storage_error.
  settlement(const std::filesystem::path& folder, ledger_identity identity);

  // Items in rising order. The outcome has no attempt and no times.
  void add(std::uint64_t item, outcome_state state, std::string_view reason);

  // Makes all of it durable. Throws storage_error.
  void close();

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  void claim_run();
  void hand_over();

  ledger_writer ledger_;
  outcome_batch batch_;
  std::uint64_t first_ = 0;  // of the items that wait for their claim
  std::uint64_t length_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace lakh::load
