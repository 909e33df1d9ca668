#include <lakh/net/chaos_plan.hpp>

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

namespace lakh::net {
namespace {

chaos_spec parse(std::string_view text) {
  return chaos_spec::parse(text, chaos_proxy_rules(), "SPEC");
}

TEST(chaos_plan, every_word_stands_for_the_effect_of_its_place) {
  const std::array<std::pair<const char*, chaos_effect>, 7> table{{{"delay@1s", chaos_effect::delay},
                                                                   {"throttle@1/s", chaos_effect::throttle},
                                                                   {"split@1", chaos_effect::split},
                                                                   {"cut", chaos_effect::cut},
                                                                   {"reset", chaos_effect::reset},
                                                                   {"hole", chaos_effect::hole},
                                                                   {"half-close", chaos_effect::half_close}}};
  for (const auto& [word, effect] : table) {
    const chaos_spec spec = parse(word);
    const chaos_connection plan = plan_connection(spec, 1);
    for (const chaos_direction direction : chaos_directions)
      for (const auto& [other, another] : table)
        EXPECT_EQ(plan.lane(direction).has(another), another == effect) << word << " " << other;
    EXPECT_EQ(name(effect), std::string_view(word).substr(0, std::string_view(word).find('@')));
  }
  EXPECT_TRUE(plan_connection(parse("refuse"), 1).refuse);
  EXPECT_FALSE(plan_connection(parse("cut"), 1).refuse);
}

TEST(chaos_plan, a_direction_is_harmed_alone_where_it_is_named) {
  const chaos_spec spec = parse("down.cut@100,up.throttle@10/s");
  const chaos_connection plan = plan_connection(spec, 1);
  EXPECT_EQ(plan.lane(chaos_direction::down).end, chaos_effect::cut);
  EXPECT_EQ(plan.lane(chaos_direction::down).end_after, 100U);
  EXPECT_EQ(plan.lane(chaos_direction::down).bytes_per_second, 0U);
  EXPECT_FALSE(plan.lane(chaos_direction::up).end);
  EXPECT_EQ(plan.lane(chaos_direction::up).bytes_per_second, 10U);
}

TEST(chaos_plan, of_several_ends_the_first_comes) {
  const chaos_spec spec = parse("cut@100,reset@50,hole@70");
  EXPECT_EQ(plan_connection(spec, 1).lane(chaos_direction::up).end, chaos_effect::reset);
  const chaos_spec same = parse("hole@50,reset@50");
  EXPECT_EQ(plan_connection(same, 1).lane(chaos_direction::up).end, chaos_effect::hole) << "or what is written first";
}

TEST(chaos_plan, shares_are_of_connections_and_the_same_for_the_same_seed) {
  const chaos_spec spec = parse("reset:20%@1..1000,up.delay:30%@1ms,down.delay:30%@1ms,seed:7");
  const chaos_spec again = parse("reset:20%@1..1000,up.delay:30%@1ms,down.delay:30%@1ms,seed:7");
  int resets = 0;
  int delays = 0;
  int both = 0;
  std::set<std::uint64_t> places;
  for (std::uint64_t number = 1; number <= 5'000; ++number) {
    const chaos_connection plan = plan_connection(spec, number);
    const chaos_lane& up = plan.lane(chaos_direction::up);
    const chaos_lane& down = plan.lane(chaos_direction::down);
    EXPECT_EQ(up.end, down.end) << "a word for both directions befalls both";
    const chaos_connection repeated = plan_connection(again, number);
    EXPECT_EQ(up.end_after, repeated.lane(chaos_direction::up).end_after);
    EXPECT_EQ(up.end, repeated.lane(chaos_direction::up).end);
    if (up.end) {
      ++resets;
      places.insert(up.end_after);
      EXPECT_GE(up.end_after, 1U);
      EXPECT_LE(up.end_after, 1'000U);
    }
    delays += up.delay != nullptr ? 1 : 0;
    both += up.delay != nullptr && down.delay != nullptr ? 1 : 0;
  }
  EXPECT_NEAR(resets, 1'000, 150);
  EXPECT_GT(places.size(), 300U);
  EXPECT_NEAR(delays, 1'500, 200);
  EXPECT_NEAR(both, 450, 120) << "two words are drawn apart";
}

}  // namespace
}  // namespace lakh::net
