#include <lakh/core/random.hpp>
#include <lakh/shop/order_id.hpp>

namespace lakh::shop {
namespace {

constexpr std::string_view prefix = "ord_";
constexpr std::string_view letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr unsigned time_letters = 9;
constexpr unsigned number_letters = 8;
constexpr unsigned check_letters = 3;
constexpr std::uint64_t cursor_key = 0x6c616b68;

void append_letters(std::string& out, std::uint64_t value, unsigned count) {
  for (unsigned i = count; i-- > 0;) out += letters[(value >> (5 * i)) & 31];
}

std::optional<std::uint64_t> read_letters(std::string_view text) noexcept {
  std::uint64_t value = 0;
  for (const char letter : text) {
    const std::size_t digit = letters.find(letter);
    if (digit == std::string_view::npos) return std::nullopt;
    value = value << 5 | digit;
  }
  return value;
}

// Its own inverse; the check, computed from the number, chooses the mask.
std::uint64_t disguise(std::uint64_t number, std::uint64_t check) noexcept {
  return (number ^ mix(cursor_key, check)) & ((std::uint64_t{1} << (5 * number_letters)) - 1);
}
std::uint64_t check_of(std::uint64_t number) noexcept {
  return mix(cursor_key + 1, number) & ((std::uint64_t{1} << (5 * check_letters)) - 1);
}

}  // namespace

void append_order_id(std::string& out, std::int64_t milliseconds, std::int64_t number) {
  out += prefix;
  append_letters(out, static_cast<std::uint64_t>(milliseconds), time_letters);
  append_letters(out, static_cast<std::uint64_t>(number), number_letters);
}

std::string make_order_id(std::int64_t milliseconds, std::int64_t number) {
  std::string id;
  append_order_id(id, milliseconds, number);
  return id;
}

std::optional<std::int64_t> number_of(std::string_view id) noexcept {
  if (id.size() != prefix.size() + time_letters + number_letters || !id.starts_with(prefix)) return std::nullopt;
  const auto number = read_letters(id.substr(prefix.size() + time_letters));
  if (!number || *number == 0) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::string make_cursor(std::int64_t number) {
  const auto value = static_cast<std::uint64_t>(number);
  const std::uint64_t check = check_of(value);
  std::string cursor;
  append_letters(cursor, check, check_letters);
  append_letters(cursor, disguise(value, check), number_letters);
  return cursor;
}

std::optional<std::int64_t> read_cursor(std::string_view cursor) noexcept {
  if (cursor.size() != check_letters + number_letters) return std::nullopt;
  const auto check = read_letters(cursor.substr(0, check_letters));
  const auto hidden = read_letters(cursor.substr(check_letters));
  if (!check || !hidden) return std::nullopt;
  const std::uint64_t number = disguise(*hidden, *check);
  if (check_of(number) != *check) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

}  // namespace lakh::shop
