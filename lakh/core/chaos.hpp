// Chaos in words: what is to go wrong, how often, and by which dice. Pure: a shop and a proxy do the harm
// (docs/chaos.md).
//
//   spec  = word *( "," word )                       "drop-after:1%,delay:5%@20ms..200ms,seed:7"
//   word  = [ "up." / "down." ] name [ ":" share ] [ "@" value [ ".." value ] ]
//   word  =/ "seed:" number
//   share = a percentage from 0% to 100%, at most four decimals; without one, every case
//
// Which names there are, and what their values mean, is a table of whoever reads the spec.
#pragma once

#include <lakh/core/random.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lakh {

// What stands behind the "@".
enum class chaos_value : std::uint8_t {
  none,
  time,              // "20ms": nanoseconds
  seconds,           // "2s": whole seconds
  bytes,             // "100", "64KiB"
  bytes_per_second,  // "10KiB/s"; at least one
};

struct chaos_rule {
  std::string_view name;
  chaos_value value = chaos_value::none;
  bool needs_value = false;    // otherwise it may be left out
  bool has_direction = false;  // "up." and "down." may stand before it; without either it means both
  std::uint64_t smallest = 0;  // of the value
  std::string_view help;       // one sentence without a full stop
};

struct chaos_word {
  const chaos_rule* rule = nullptr;
  std::uint32_t millionths = 1'000'000;  // of all cases
  bool up = true;
  bool down = true;
  bool has_value = false;
  std::uint64_t least = 0;  // both ends included
  std::uint64_t most = 0;

  // As it would be written.
  [[nodiscard]] std::string text() const;
};

// Rules outlive the spec.
class chaos_spec {
 public:
  chaos_spec() = default;
  // `source` is where the text was written, for complaints: "--chaos". Throws input_error that names the word.
  static chaos_spec parse(std::string_view text, std::span<const chaos_rule> rules, std::string_view source);

  [[nodiscard]] const std::vector<chaos_word>& words() const noexcept { return words_; }
  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }
  // The word of that name; null where there is none. Of two for two directions, the first.
  [[nodiscard]] const chaos_word* find(std::string_view name) const noexcept;
  // Every word, and the seed even where none was given: parse() of it gives the same.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<chaos_word> words_;
  std::uint64_t seed_ = 1;
};

// "1%", "0.005%"
std::string chaos_share_text(std::uint32_t millionths);

// Luck as a function of the seed, the number of the case and what is asked: asked again, it says the same, whoever
// asks, in whatever order. So what a seed did to the seventeenth connection it does to every seventeenth connection.
class chaos_dice {
 public:
  explicit constexpr chaos_dice(std::uint64_t seed) noexcept : seed_(seed) {}

  [[nodiscard]] constexpr random_sequence roll(std::uint64_t number, std::string_view what) const noexcept {
    return random_sequence(mix(mix(seed_, what), number));
  }
  // Uniform in 0 … 999,999: below a share in millionths so often as the share says.
  [[nodiscard]] constexpr std::uint32_t millionth(std::uint64_t number, std::string_view what) const noexcept {
    return static_cast<std::uint32_t>(roll(number, what).below(1'000'000));
  }
  [[nodiscard]] constexpr bool hits(std::uint32_t millionths, std::uint64_t number,
                                    std::string_view what) const noexcept {
    return millionth(number, what) < millionths;
  }
  // Uniform between the word's ends.
  [[nodiscard]] constexpr std::uint64_t value(const chaos_word& of, std::uint64_t number,
                                              std::string_view what) const noexcept {
    return of.least + roll(number, what).below(of.most - of.least + 1);
  }

 private:
  std::uint64_t seed_;
};

}  // namespace lakh
