// What a chaos proxy is to do to each connection: from words to a plan. Pure (docs/chaos.md).
//
// Up is from the client to the target, down from the target to the client.
#pragma once

#include <lakh/core/chaos.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace lakh::net {

// In the order of chaos_proxy_rules().
enum class chaos_effect : std::uint8_t { refuse, delay, throttle, split, cut, reset, hole, half_close };
inline constexpr std::size_t chaos_effect_count = 8;

enum class chaos_direction : std::uint8_t { up, down };
inline constexpr std::array<chaos_direction, 2> chaos_directions{chaos_direction::up, chaos_direction::down};

std::span<const chaos_rule> chaos_proxy_rules() noexcept;
std::string_view name(chaos_effect effect) noexcept;
std::string_view name(chaos_direction direction) noexcept;

// What is done to the bytes of one direction of one connection. `delay` and `split` point into the spec, and are null
// where the connection is spared.
struct chaos_lane {
  const chaos_word* delay = nullptr;
  const chaos_word* split = nullptr;
  std::uint64_t bytes_per_second = 0;  // 0: as fast as they come
  // What ends it: cut, reset, hole or half_close, after so many bytes. Of several, what comes first.
  std::optional<chaos_effect> end;
  std::uint64_t end_after = 0;

  [[nodiscard]] bool has(chaos_effect effect) const noexcept;
};

struct chaos_connection {
  bool refuse = false;
  std::array<chaos_lane, 2> lanes;  // by chaos_direction
  [[nodiscard]] const chaos_lane& lane(chaos_direction direction) const noexcept {
    return lanes[static_cast<std::size_t>(direction)];
  }
};

// For the connection of that number, from 1. The words are those of chaos_proxy_rules().
chaos_connection plan_connection(const chaos_spec& spec, std::uint64_t number);

}  // namespace lakh::net
