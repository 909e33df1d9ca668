// The shape of a run: processes × threads × coroutines.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace lakh::load {

struct run_shape {
  // `automatic` chooses processes and threads for the machine: one event loop per core with coroutines in each.
  bool automatic = true;
  unsigned processes = 1;
  unsigned threads = 1;
  unsigned coroutines = 1;
  [[nodiscard]] std::uint64_t lanes() const noexcept { return std::uint64_t{processes} * threads * coroutines; }
  friend bool operator==(const run_shape&, const run_shape&) = default;
};

// "auto", "serial", "coroutines:64", "threads:8", "processes:4", "2x4x64". At most 1024 × 1024 × 1,000,000 and ten
// million lanes in all. The error is a sentence.
std::expected<run_shape, std::string> parse_shape(std::string_view text);
// The same words; parse_shape() of it gives the same shape.
std::string format_shape(const run_shape& shape);

// The shape that `users` lanes take on a machine with `cores`: automatic becomes definite, with as many lanes as users
// and never more loops than users.
run_shape settle_shape(const run_shape& shape, std::uint64_t users, unsigned cores) noexcept;

}  // namespace lakh::load
