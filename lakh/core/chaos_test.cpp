#include <lakh/core/chaos.hpp>
#include <lakh/core/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>

namespace lakh {
namespace {

using ::testing::HasSubstr;

constexpr std::array<chaos_rule, 6> rules{{
    {.name = "drop", .help = "drops"},
    {.name = "delay", .value = chaos_value::time, .needs_value = true, .has_direction = true, .help = "delays"},
    {.name = "503", .value = chaos_value::seconds, .help = "refuses"},
    {.name = "cut", .value = chaos_value::bytes, .has_direction = true, .help = "cuts"},
    {.name = "split", .value = chaos_value::bytes, .needs_value = true, .smallest = 1, .help = "splits"},
    {.name = "throttle", .value = chaos_value::bytes_per_second, .needs_value = true, .smallest = 1, .help = "slows"},
}};

chaos_spec parse(std::string_view text) {
  return chaos_spec::parse(text, rules, "--chaos");
}

std::string complaint(std::string_view text) {
  try {
    (void)parse(text);
  } catch (const input_error& wrong) {
    return std::string(wrong.what()) + " | " + wrong.hint();
  }
  return "accepted";
}

TEST(chaos_words, say_what_how_often_and_how_much) {
  const chaos_spec spec = parse("drop:0.5%, up.delay:5%@20ms..200ms,503:1%@2s,cut,seed:7");
  ASSERT_EQ(spec.words().size(), 4U);
  EXPECT_EQ(spec.seed(), 7U);
  EXPECT_EQ(spec.find("drop")->millionths, 5000U);
  EXPECT_FALSE(spec.find("drop")->has_value);
  const chaos_word& delay = *spec.find("delay");
  EXPECT_TRUE(delay.up && !delay.down && delay.has_value);
  EXPECT_EQ(delay.least, 20'000'000U);
  EXPECT_EQ(delay.most, 200'000'000U);
  EXPECT_EQ(spec.find("503")->most, 2U);
  EXPECT_EQ(spec.find("cut")->millionths, 1'000'000U) << "without a share, every one";
  EXPECT_EQ(spec.find("split"), nullptr);
}

TEST(chaos_words, are_written_back_in_full_and_mean_the_same) {
  const std::array<std::pair<const char*, const char*>, 6> table{{
      {"drop", "drop:100%,seed:1"},
      {"drop:1%,seed:18446744073709551615", "drop:1%,seed:18446744073709551615"},
      {"down.cut:0.0001%@4096", "down.cut:0.0001%@4KiB,seed:1"},
      {"up.delay@1500ms,down.delay@0..90s,seed:0", "up.delay:100%@1s500ms,down.delay:100%@0s..1m30s,seed:0"},
      {"throttle:12.50%@1kB/s", "throttle:12.5%@1000/s,seed:1"},
      {"seed:3", "seed:3"},
  }};
  for (const auto& [written, in_full] : table) {
    EXPECT_EQ(parse(written).text(), in_full);
    EXPECT_EQ(parse(in_full).text(), in_full);
  }
}

TEST(chaos_words, a_complaint_names_the_word_and_what_would_be_right) {
  const std::array<std::pair<const char*, const char*>, 26> table{{
      {"", "--chaos: '': a word begins with a name"},
      {"drop:1%,", "'': a word begins with a name"},
      {"drop=1", "'drop=1': a share is written behind a colon | as in drop:1%"},
      {"delay=20ms", "'delay=20ms': a share is written behind a colon | as in delay:1%@"},
      {"dorp:1%", "'dorp:1%': there is no 'dorp' | did you mean 'drop'?"},
      {"zzzzzz", "there are"},
      {"drop:1", "'drop:1': '1' is no share"},
      {"drop:", "'drop:': '' is no share"},
      {"drop:%", "'%' is no share"},
      {"drop:1.%", "is no share"},
      {"drop:-1%", "is no share"},
      {"drop:1e1%", "is no share"},
      {"drop:100.0001%", "is more than all"},
      {"drop:0.00001%", "has more than four decimals"},
      {"drop:1%@5", "'drop:1%@5': it takes no value"},
      {"delay:1%", "it needs a value | write it behind an @: delay:1%@20ms"},
      {"delay:1%@", "is no duration"},
      {"delay:1%@5", "has no unit"},
      {"delay:1%@5s..1s", "the second value is less than the first"},
      {"delay:1%@1s..", "is no duration"},
      {"503:1%@100ms", "is no whole number of seconds"},
      {"split@0", "the value must be 1 or more"},
      {"throttle@10KiB", "is no rate"},
      {"up.drop", "it has no direction"},
      {"delay@1s,up.delay@2s", "'up.delay@2s': it is given twice"},
      {"seed:1,seed:2", "the seed is given twice"},
  }};
  for (const auto& [written, wanted] : table) EXPECT_THAT(complaint(written), HasSubstr(wanted)) << written;
  EXPECT_THAT(complaint("seed:-1"), HasSubstr("the seed must be a whole number"));
  EXPECT_THAT(complaint("seed"), HasSubstr("the seed must be a whole number"));
  EXPECT_THAT(complaint("seed:18446744073709551616"), HasSubstr("the seed must be a whole number"));
  EXPECT_EQ(complaint("up.delay@1s,down.delay@2s"), "accepted") << "one for each direction";
}

TEST(chaos_dice, say_the_same_whenever_they_are_asked) {
  const chaos_dice dice(7);
  EXPECT_EQ(dice.millionth(17, "drop"), chaos_dice(7).millionth(17, "drop"));
  EXPECT_NE(dice.millionth(17, "drop"), dice.millionth(18, "drop"));
  EXPECT_NE(dice.millionth(17, "drop"), dice.millionth(17, "cut"));
  EXPECT_NE(dice.millionth(17, "drop"), chaos_dice(8).millionth(17, "drop"));
}

TEST(chaos_dice, hit_as_often_as_the_share_says) {
  const chaos_dice dice(7);
  for (const std::uint32_t share : {0U, 5'000U, 250'000U, 1'000'000U}) {
    unsigned hits = 0;
    for (std::uint64_t i = 0; i < 100'000; ++i) hits += dice.hits(share, i, "drop") ? 1 : 0;
    EXPECT_NEAR(hits, share / 10, share == 0 || share == 1'000'000 ? 0 : 600);
  }
}

TEST(chaos_dice, draw_values_between_both_ends) {
  const chaos_dice dice(7);
  chaos_word word;
  word.least = 3;
  word.most = 5;
  std::array<unsigned, 6> seen{};
  for (std::uint64_t i = 0; i < 1'000; ++i) ++seen.at(dice.value(word, i, "delay"));
  for (const std::size_t value : {3U, 4U, 5U}) EXPECT_GT(seen[value], 200U);
}

}  // namespace
}  // namespace lakh
