// Outcomes on their way to the ledger: one event loop appends, then hands the batch to the ledger's writer and goes on
// with an empty one. Not thread-safe, no lock; nothing is allocated once the buffer has grown to its working size.
//
// The rows are a JSON array as it will stand in the database, one array for each outcome, in this order:
//   [item,"state",status,attempts,start_us,latency_us,service_us,"digest" or null,kept or null,
//    "error" or null,"certainty","reason" or null]
// The last three are left out together where they would be null,"answered",null: of nearly every row, and a byte less
// is one less to digest, to write twice and to read back.
// The digest is 16 hexadecimal digits: a JSON number would lose bits in SQLite.
#pragma once

#include <lakh/load/outcome.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace lakh::load {

class outcome_batch {
 public:
  static constexpr std::size_t row_limit = 2048;
  static constexpr std::size_t byte_limit = 256 * 1024;
  static constexpr std::size_t reason_limit = 512;  // bytes; the rest of a longer reason is cut off

  outcome_batch() = default;
  outcome_batch(outcome_batch&& other) noexcept { swap(other); }
  outcome_batch& operator=(outcome_batch&& other) noexcept {
    swap(other);
    return *this;
  }
  ~outcome_batch() = default;

  // Never refuses: text that is not UTF-8 gets replacement characters, and a `kept` that is not JSON is stored as a
  // JSON string instead, so that one bad value cannot make a batch unreadable. Throws only std::bad_alloc.
  void append(const outcome_record& record);

  // Time to hand it over, by rows or by bytes. It could still take more.
  [[nodiscard]] bool full() const noexcept { return count_ >= row_limit || size_ >= byte_limit; }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t count(outcome_state state) const noexcept {
    return states_[static_cast<std::size_t>(state)];
  }
  [[nodiscard]] std::uint64_t first_item() const noexcept {
    return first_;
  }  // the smallest number, not the earliest row
  [[nodiscard]] std::uint64_t last_item() const noexcept { return last_; }

  // The whole JSON array. Valid until the next append, clear or swap.
  [[nodiscard]] std::string_view items() noexcept;

  void clear() noexcept;  // keeps the memory
  void swap(outcome_batch& other) noexcept;

 private:
  void grow(std::size_t needed);

  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::size_t count_ = 0;
  std::uint64_t first_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t states_[3] = {};
};

}  // namespace lakh::load
