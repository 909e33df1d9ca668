#include <lakh/net/chaos_plan.hpp>

#include <string>

namespace lakh::net {
namespace {

constexpr std::array<chaos_rule, chaos_effect_count> rules{{
    {.name = "refuse", .help = "closes the connection as soon as it is made; the target does not hear of it"},
    {.name = "delay",
     .value = chaos_value::time,
     .needs_value = true,
     .has_direction = true,
     .help = "holds all bytes back so long; each piece that comes draws anew"},
    {.name = "throttle",
     .value = chaos_value::bytes_per_second,
     .needs_value = true,
     .has_direction = true,
     .smallest = 1,
     .help = "lets so many bytes pass in a second"},
    {.name = "split",
     .value = chaos_value::bytes,
     .needs_value = true,
     .has_direction = true,
     .smallest = 1,
     .help = "sends pieces of so many bytes, a millisecond apart"},
    {.name = "cut",
     .value = chaos_value::bytes,
     .has_direction = true,
     .help = "after so many bytes, ends the connection in an orderly way (FIN to both)"},
    {.name = "reset",
     .value = chaos_value::bytes,
     .has_direction = true,
     .help = "after so many bytes, resets the connection (RST to both)"},
    {.name = "hole",
     .value = chaos_value::bytes,
     .has_direction = true,
     .help = "after so many bytes, lets nothing pass any more, and keeps the connection open"},
    {.name = "half-close",
     .value = chaos_value::bytes,
     .has_direction = true,
     .help = "after so many bytes, ends this direction (FIN); the other goes on"},
}};

void apply(const chaos_word& word, chaos_effect effect, const chaos_dice& dice, std::uint64_t number,
           chaos_direction direction, chaos_lane& lane) {
  const auto value = [&] {
    return word.has_value
               ? dice.value(word, number, std::string(word.rule->name) + " of " + std::string(name(direction)))
               : 0;
  };
  switch (effect) {
    case chaos_effect::delay: lane.delay = &word; break;
    case chaos_effect::split: lane.split = &word; break;
    case chaos_effect::throttle: lane.bytes_per_second = value(); break;
    case chaos_effect::cut:
    case chaos_effect::reset:
    case chaos_effect::hole:
    case chaos_effect::half_close: {
      const std::uint64_t after = value();
      if (lane.end && lane.end_after <= after) break;
      lane.end = effect;
      lane.end_after = after;
      break;
    }
    case chaos_effect::refuse: break;
  }
}

}  // namespace

std::span<const chaos_rule> chaos_proxy_rules() noexcept {
  return rules;
}

std::string_view name(chaos_effect effect) noexcept {
  return rules[static_cast<std::size_t>(effect)].name;
}

std::string_view name(chaos_direction direction) noexcept {
  return direction == chaos_direction::up ? "up" : "down";
}

bool chaos_lane::has(chaos_effect effect) const noexcept {
  switch (effect) {
    case chaos_effect::delay: return delay != nullptr;
    case chaos_effect::throttle: return bytes_per_second != 0;
    case chaos_effect::split: return split != nullptr;
    default: return end == effect;
  }
}

chaos_connection plan_connection(const chaos_spec& spec, std::uint64_t number) {
  const chaos_dice dice(spec.seed());
  chaos_connection plan;
  for (const chaos_word& word : spec.words()) {
    // One word is drawn once for a connection, though it be for both directions; two words are drawn apart.
    std::string what(word.rule->name);
    if (!word.up || !word.down) what += word.up ? ", up only" : ", down only";
    if (!dice.hits(word.millionths, number, what)) continue;
    const auto effect = static_cast<chaos_effect>(word.rule - rules.data());
    plan.refuse |= effect == chaos_effect::refuse;
    for (const chaos_direction direction : chaos_directions)
      if (direction == chaos_direction::up ? word.up : word.down)
        apply(word, effect, dice, number, direction, plan.lanes[static_cast<std::size_t>(direction)]);
  }
  return plan;
}

}  // namespace lakh::net
