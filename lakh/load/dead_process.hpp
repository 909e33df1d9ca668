// What a worker process that died has left: read from its ledger file and its marks, as a resume would.
#pragma once

#include <lakh/load/dispenser.hpp>
#include <lakh/load/ledger_states.hpp>
#include <lakh/load/run_stats.hpp>

#include <cstdint>
#include <filesystem>
#include <vector>

namespace lakh::load {

struct left_behind {
  item_states states;                   // of its own file; claimed: in doubt
  std::vector<item_range> never_begun;  // but for these, of which its marks say that no lane had taken them
  run_stats stats;                      // of what it had settled. Attempts whose outcome was lost are not in it.
};

// `requested` as ledger_reader::read has it. Throws storage_error.
left_behind read_dead_process(const std::filesystem::path& folder, std::uint32_t writer, std::uint64_t requested);

}  // namespace lakh::load
