// The rows of one batch, read back from the JSON that outcome_batch writes. Strict: exactly that form, nothing else.
#pragma once

#include <lakh/load/outcome.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::load {

class ledger_rows {
 public:
  // Reads the array. The records view `items` and this object, until the next parse. Nothing on success, else where it
  // is malformed (an offset into `items`).
  std::optional<std::size_t> parse(std::string_view items);

  [[nodiscard]] const std::vector<outcome_record>& records() const noexcept { return records_; }

 private:
  std::vector<outcome_record> records_;
  std::string unescaped_;  // never longer than the items, so that it does not move while it is filled
};

}  // namespace lakh::load
