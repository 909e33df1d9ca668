// A shop that fails on purpose, as networks and servers fail by themselves: seeded, counted, and only where orders are
// placed, so that what became of them can be asked at any time (docs/chaos.md).
//
// 1. Each valid order that comes in has a number, 1, 2, 3, …; what befalls it follows from the seed and that number.
//    At most one mishap befalls an order; a delay may come on top.
// 2. What is counted has happened.
#pragma once

#include <lakh/async/loop.hpp>
#include <lakh/core/chaos.hpp>

#include <boost/describe/class.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lakh::shop {

// In the order of chaos_rules().
enum class mishap : std::uint8_t {
  drop_before,          // connection closed, nothing stored
  too_many_requests,    // 429, nothing stored
  internal_error,       // 500, nothing stored
  unavailable,          // 503, nothing stored
  swallow,              // another order's answer, nothing stored
  drop_after,           // stored, connection closed
  internal_error_late,  // stored, 500
  cut,                  // stored, a part of the answer
  misanswer,            // stored, another order's answer
  delay,
  forget,  // stored, and its key not remembered
};
inline constexpr std::size_t mishap_count = 11;

// The words of `lakh shop --chaos`.
std::span<const chaos_rule> chaos_rules() noexcept;

// Throws input_error, also where more than all orders would meet with a mishap.
chaos_spec read_chaos(std::string_view text, std::string_view source);

// What is to befall one order.
struct fate {
  std::optional<mishap> what;
  duration delay{};
  std::uint64_t number = 0;  // of the order
  std::uint64_t value = 0;   // seconds of Retry-After; bytes of the answer, 0 for any part of it
};

struct injection {
  std::string what;  // "drop-after"
  std::int64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(injection, (), (what, count))

// From any thread.
class chaos {
 public:
  explicit chaos(chaos_spec spec);

  // Pure: the fate of the order of that number.
  [[nodiscard]] fate fate_of(std::uint64_t number) const noexcept;
  // That of the next order.
  fate draw() noexcept { return fate_of(drawn_.fetch_add(1, std::memory_order_relaxed) + 1); }
  // Whether this key is one of those that are forgotten: always or never.
  [[nodiscard]] bool forgets(std::string_view key) const noexcept;
  // How much of an answer of at least `size` bytes is sent: at least one byte, fewer than `size` unless the words say
  // so.
  [[nodiscard]] std::uint64_t part_of(const fate& luck, std::size_t size) const noexcept;

  struct stored_answer {
    std::string id;
    std::string answer;
  };
  // Keeps the answer of a new order for misanswer and swallow: the last 64, and none where neither is wanted.
  void keep(std::string_view id, std::string_view answer);
  // One of those, of another order than `id`; nothing while there is none.
  std::optional<stored_answer> another(const fate& luck, std::string_view id);

  void count(mishap what) noexcept { ++counted_[static_cast<std::size_t>(what)]; }

  [[nodiscard]] const chaos_spec& spec() const noexcept { return spec_; }
  [[nodiscard]] std::int64_t orders() const noexcept { return static_cast<std::int64_t>(drawn_.load()); }
  // One for each word of the spec.
  [[nodiscard]] std::vector<injection> counted() const;

 private:
  [[nodiscard]] const chaos_word* word(mishap what) const noexcept { return words_[static_cast<std::size_t>(what)]; }

  chaos_spec spec_;
  chaos_dice dice_;
  std::array<const chaos_word*, mishap_count> words_{};  // null where a word was not given
  bool keeps_answers_ = false;
  std::atomic<std::uint64_t> drawn_ = 0;
  std::array<std::atomic<std::int64_t>, mishap_count> counted_{};
  std::mutex answers_mutex_;
  std::vector<stored_answer> answers_;  // guarded by answers_mutex_
  std::size_t next_answer_ = 0;         // likewise
};

}  // namespace lakh::shop
