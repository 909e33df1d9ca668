#include <lakh/load/settlement.hpp>

#include <semaphore>

namespace lakh::load {

settlement::settlement(const std::filesystem::path& folder, ledger_identity identity)
    : ledger_(folder, std::move(identity)) {}

void settlement::add(std::uint64_t item, outcome_state state, std::string_view reason) {
  if (length_ != 0 && item != first_ + length_) claim_run();
  if (length_ == 0) first_ = item;
  ++length_;
  outcome_record record;
  record.item = item;
  record.state = state;
  record.last_attempt = certainty::maybe_sent;
  record.reason = reason;
  batch_.append(record);
  ++count_;
  if (batch_.full()) hand_over();
}

void settlement::claim_run() {
  if (length_ == 0) return;
  // A claim that fails makes the ledger fail, which close() tells.
  ledger_.submit_claim(first_, length_, [](std::error_code) {});
  length_ = 0;
}

void settlement::hand_over() {
  claim_run();
  while (!ledger_.submit(batch_)) {
    std::binary_semaphore room(0);
    ledger_.when_room([&room] { room.release(); });
    room.acquire();
  }
}

void settlement::close() {
  hand_over();
  ledger_.close();
}

}  // namespace lakh::load
