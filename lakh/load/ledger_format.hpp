// What a ledger file holds: the schema, the identity of its writer, and the chain of digests over its entries.
//
// 1. Entries are claims, releases and batches. They share one sequence of ids: 1, 2, 3, ... without a gap.
// 2. digest(0) = SHA-256("lakh ledger\n" and the identity's fields, a line each).
//    digest(n) = SHA-256(digest(n-1) ‖ "kind|id|field|...|" ‖ items), all fields in decimal or as they stand in the
//    row. So no bit of an entry can change, and none can be taken out or moved, without a digest that no longer fits.
// 3. Closing writes the number of entries, the time and a last digest over both, so that entries cut off at the end are
// missed.
#pragma once

#include <lakh/sql/sqlite.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::load {

inline constexpr int ledger_format_version = 1;

using chain_digest = std::array<std::byte, 32>;

std::string to_hex(std::span<const std::byte> bytes);

// Who wrote a ledger file.
struct ledger_identity {
  ledger_identity() = default;
  ledger_identity(std::string run, std::string plan, std::uint32_t session_number, std::uint32_t writer_number)
      : run_id(std::move(run)), plan_digest(std::move(plan)), session(session_number), writer(writer_number) {}

  std::string run_id;
  std::string plan_digest;    // hexadecimal; the same for all files of a run
  std::uint32_t session = 1;  // 1 for the first start of a run, one more with each resume: later ones supersede
  std::uint32_t writer = 0;   // unique within the run; names the file
  std::string created_at;     // RFC 3339; the writer fills it in
};

enum class claim_kind : std::uint8_t {
  claim,    // may be sent from now on
  release,  // were claimed, surely never sent, and will not be by this writer
};
std::string_view name(claim_kind kind) noexcept;

struct claim_row {
  claim_kind kind = claim_kind::claim;
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  std::string_view written_at;
};

struct batch_row {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t count = 0;
  std::uint64_t confirmed = 0;
  std::uint64_t failed = 0;
  std::uint64_t unknown = 0;
  std::string_view written_at;
  std::string_view items;
};

// Computes rule 2, entry by entry.
class ledger_chain {
 public:
  explicit ledger_chain(const ledger_identity& identity);
  ~ledger_chain();
  ledger_chain(ledger_chain&&) noexcept;
  ledger_chain& operator=(ledger_chain&&) noexcept;

  const chain_digest& add(const claim_row& row);
  const chain_digest& add(const batch_row& row);
  const chain_digest& close(std::string_view closed_at);

  [[nodiscard]] std::uint64_t entries() const noexcept { return entries_; }  // the last entry's id
  [[nodiscard]] const chain_digest& head() const noexcept { return head_; }

 private:
  struct hasher;
  void link(std::string_view fields, std::string_view items);

  std::unique_ptr<hasher> hasher_;
  chain_digest head_{};
  std::uint64_t entries_ = 0;
};

// Tables, and the view `outcome` that unpacks the batches for a person. For one file; run it in one transaction.
void create_ledger_schema(sql::database& db);

// "ledger-3.db".
std::filesystem::path ledger_file_name(std::uint32_t writer);
std::optional<std::uint32_t> ledger_writer_of(const std::filesystem::path& file);

}  // namespace lakh::load
