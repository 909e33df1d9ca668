// Whether a run's records still say what was written: everything is computed anew from the ledger and compared with the
// receipt, run.json and plan.yaml. Nothing is changed, and nobody is asked; the target is held against the ledger
// elsewhere.
#pragma once

#include <lakh/load/balance.hpp>
#include <lakh/load/receipt.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::load {

enum class check_result : std::uint8_t {
  ok,
  wrong,  // it is not what was written
  open,   // it cannot be said: the run goes on, was killed, or has no receipt
  note,   // said for completeness, and not counted
};
std::string_view name(check_result result) noexcept;

struct run_check {
  std::string subject;  // "plan.yaml"
  check_result result = check_result::ok;
  std::string text;  // a sentence without its full stop
};

struct run_verification {
  std::vector<run_check> checks;
  std::string run_id;
  std::string title;
  bool alive = false;               // a process loads this run now
  std::optional<balance> computed;  // from the ledger, if that holds
  std::optional<receipt> found;     // if there is one and it can be read
  std::string receipt_digest;       // SHA-256 of the file

  void add(std::string subject, check_result result, std::string text);
  // The worst of the checks: wrong before open before ok.
  [[nodiscard]] check_result verdict() const noexcept;
};

// `signer` is the public key that must have signed the receipt (read_public_key), or empty. What is wrong becomes a
// check that says so; throws only for what keeps it from looking at all, and then storage_error.
run_verification verify_run(const std::filesystem::path& folder, std::string_view signer = {});

}  // namespace lakh::load
