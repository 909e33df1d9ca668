// Which fields of an order a list shows: whoever only compares asks for few, and gets them faster.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lakh::shop {

enum class order_field : std::uint8_t { id, run, reference, key, digest, total, created_at };

inline constexpr std::array<std::string_view, 7> order_field_names{"id",     "run",   "reference", "key",
                                                                   "digest", "total", "created_at"};

class order_fields {
 public:
  static constexpr order_fields all() noexcept { return order_fields((1U << order_field_names.size()) - 1); }
  // "reference,digest". Nothing where there is an empty or unknown name.
  static std::optional<order_fields> read(std::string_view names) noexcept;

  [[nodiscard]] constexpr bool has(order_field field) const noexcept {
    return (bits_ >> static_cast<unsigned>(field) & 1U) != 0;
  }
  // No other fields than these two.
  [[nodiscard]] constexpr bool within(order_field one, order_field other) const noexcept {
    return (bits_ & ~(1U << static_cast<unsigned>(one) | 1U << static_cast<unsigned>(other))) == 0;
  }

 private:
  explicit constexpr order_fields(std::uint32_t bits) noexcept : bits_(bits) {}
  std::uint32_t bits_;
};

}  // namespace lakh::shop
