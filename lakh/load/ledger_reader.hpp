// Reads the ledger of a run: all files of all writers, also while they are being written or after a crash.
//
// 1. Every digest is recomputed: one changed bit, a missing row or a row moved is a storage_error that names file and
// row.
// 2. Files count in the order of their sessions. Of an item's outcomes the latest counts. An item that was claimed, not
//    released, and has no outcome in the same file is doubtful (item_state::claimed), unless it was confirmed before.
// 3. Memory: four bits for an item, one batch, and two bits per item while a file is read; sized once where the number
//    of items is given.
#pragma once

#include <lakh/load/ledger_format.hpp>
#include <lakh/load/ledger_states.hpp>
#include <lakh/load/outcome.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace lakh::load {

struct ledger_file {
  std::filesystem::path file;
  ledger_identity identity;
  std::string closed_at;        // RFC 3339; empty unless closed
  std::string last_written_at;  // RFC 3339, as its last entry says; empty where there is none; unchecked before read()
  bool closed = false;          // it has its closing entry, so that nothing can be missing at its end
  std::uint64_t entries = 0;    // claims, releases and batches
  chain_digest head{};          // over the last entry, or the closing one
};

// What else a read() tells on its way: each is empty unless set.
class ledger_reading {
 public:
  using outcome_call = std::function<void(const outcome_record&, const ledger_file&)>;
  using file_call = std::function<void(const ledger_file&, const item_states&)>;
  using damage_call = std::function<void(const ledger_file&, const storage_error&)>;

  ledger_reading() = default;
  // Every outcome, also superseded ones, in the order of files and batches. The record's views are valid during the
  // call.
  ledger_reading& on_outcome(outcome_call call) {
    on_outcome_ = std::move(call);
    return *this;
  }
  // After each file that holds: what is known with it.
  ledger_reading& on_file(file_call call) {
    on_file_ = std::move(call);
    return *this;
  }
  // What the marks beside a file (begun_marks.hpp) say was never begun does not count as claimed by it. For those who
  // go on with a run; what counts as evidence is what the ledger says without them.
  ledger_reading& heed_marks() {
    heed_marks_ = true;
    return *this;
  }
  // What is wrong with a file. Reading goes on with the next one; the states then mean nothing.
  ledger_reading& on_damage(damage_call call) {
    on_damage_ = std::move(call);
    return *this;
  }

 private:
  friend class ledger_reader;
  outcome_call on_outcome_;
  file_call on_file_;
  damage_call on_damage_;
  bool heed_marks_ = false;
};

class ledger_reader {
 public:
  // The numbers of items that a ledger may name: a damaged file must not make the reader ask for all memory.
  static constexpr std::uint64_t default_item_limit = std::uint64_t{1} << 32U;

  // Finds the ledger files of the folder and reads their identities. A folder without any is a ledger in which nothing
  // was claimed. Throws storage_error for a file that is no ledger, is of another run, or is of a newer format.
  explicit ledger_reader(const std::filesystem::path& folder, std::uint64_t item_limit = default_item_limit);

  // The same for the file of one writer alone, if it is there: what a process that has died left behind.
  static ledger_reader of_writer(const std::filesystem::path& folder, std::uint32_t writer,
                                 std::uint64_t item_limit = default_item_limit);

  // By session, then by writer. Before read() `entries` and `head` are not known.
  [[nodiscard]] const std::vector<ledger_file>& files() const noexcept { return files_; }

  // Reads and checks everything. `requested` is the number of items of the run, 0 if it had no end: the states have at
  // least that size, and an item beyond it is an error. Throws storage_error.
  item_states read(std::uint64_t requested = 0, const ledger_reading& also = {});

  using visitor = std::function<void(const outcome_record&)>;

  // Every outcome, also superseded ones, in the order of files and batches. The record's views are valid during the
  // call. Checks as read() does.
  void for_each(const visitor& visit);

  // The outcome that counts, once for each item that read() says is confirmed, failed or unknown. Newest first.
  void for_each_current(const item_states& states, const visitor& visit);

  // The same, with the file that the outcome stands in: a record's times count from the start of the file's session.
  using file_visitor = std::function<void(const outcome_record&, const ledger_file&)>;
  void for_each_current(const item_states& states, const file_visitor& visit);

 private:
  explicit ledger_reader(std::uint64_t item_limit) noexcept : item_limit_(item_limit) {}
  void add(const std::filesystem::path& file);

  std::vector<ledger_file> files_;
  std::uint64_t item_limit_;
};

}  // namespace lakh::load
