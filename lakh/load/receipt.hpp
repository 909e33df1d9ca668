// The receipt of a run: what was asked, what became of it, and digests by which anyone can find out whether that is
// still what the ledger says. docs/formats.md describes it for those who write their own verifier.
//
// 1. The file `receipt.json` is the canonical form (receipt_json.hpp) of one object, and a line break. Whatever is
//    written in another way is not accepted, so that no bit of it can change unseen.
// 2. `digest` is the SHA-256 of the canonical form of the object without `digest`, `public_key` and `signature`; the
//    signature is over the same bytes.
// 3. It is written at the end of each session, when all it speaks of is on the disk.
#pragma once

#include <lakh/load/balance.hpp>
#include <lakh/load/ledger_reader.hpp>
#include <lakh/load/receipt_key.hpp>
#include <lakh/load/reconcile.hpp>
#include <lakh/load/run_folder.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::load {

inline constexpr int receipt_format_version = 1;
inline constexpr const char* receipt_file_name = "receipt.json";

struct receipt_feed {
  std::string name;
  std::string sha256;
  friend bool operator==(const receipt_feed&, const receipt_feed&) = default;
};

struct receipt_session {
  std::uint32_t number = 1;
  std::uint32_t writers = 0;
  std::string started_at;  // of its first ledger file
  std::string ended_at;    // of its last one; empty if one was not closed: the session was killed
  friend bool operator==(const receipt_session&, const receipt_session&) = default;
};

struct receipt_file {
  std::string name;  // "ledger-0.db"
  std::uint32_t session = 1;
  std::uint32_t writer = 0;
  std::uint64_t entries = 0;
  bool closed = false;
  std::string head;  // hexadecimal
  friend bool operator==(const receipt_file&, const receipt_file&) = default;
};

// What a receipt says of the ledger's files, as a ledger_reader has them after read().
struct receipt_ledger {
  std::vector<receipt_session> sessions;
  std::vector<receipt_file> files;  // by session, then by writer
  // A chain that begins with the run and its plan, and takes in each file's head.
  std::string digest;
};
receipt_ledger ledger_of(std::span<const ledger_file> files, std::string_view run_id, std::string_view plan_digest);

struct receipt {
  receipt() = default;

  // What was asked.
  std::string run_id;
  std::string title;
  std::string target;  // without secrets
  std::optional<std::uint64_t> requested;
  std::uint64_t seed = 0;
  std::string plan_digest;
  std::vector<receipt_feed> feeds;

  // What became of it.
  balance result;
  receipt_ledger ledger;
  std::optional<reconciliation> reconciled;
  std::string reconcile_problem;  // why the target could not be asked, if it should have been

  std::string lakh_version;
  std::string started_at;
  std::string ended_at;
  std::string written_at;

  // Rule 2; filled by read_receipt() and seal().
  std::string digest;
  std::string public_key;  // empty if it is not signed
  std::string signature;
};

// The balance as a run states it: a run without a number of items asks for what it has begun.
balance balance_of_run(const item_states& states, std::optional<std::uint64_t> requested);

// What only the end of a session knows.
struct receipt_facts {
  receipt_facts() = default;

  std::span<const ledger_file> files;  // as a ledger_reader has them after read()
  balance result;
  std::optional<reconciliation> reconciled;
  std::string reconcile_problem;
  const signing_key* key = nullptr;  // signs, where it is given
};

// What the folder and these facts amount to, not yet sealed. Reads run.json and plan.yaml. Throws storage_error.
receipt make_receipt(const std::filesystem::path& folder, const receipt_facts& facts);

// Fills in digest and, with a key, signature; gives the file's text.
std::string seal(receipt& made, const signing_key* key);

// Makes the ledger files durable and writes receipt.json, in place of an earlier session's. Gives the SHA-256 of the
// file, by which it can be quoted. Throws storage_error.
std::string write_receipt(const std::filesystem::path& folder, const receipt_facts& facts);

// Reads receipt.json by rule 1 and recomputes the digest of rule 2; the signature is the caller's to check
// (signature_holds over receipt_bytes). Nothing if there is none. Throws storage_error that says what is wrong with it.
std::optional<receipt> read_receipt(const std::filesystem::path& folder);

// The bytes that digest and signature are over.
std::string receipt_bytes(const receipt& of);

}  // namespace lakh::load
