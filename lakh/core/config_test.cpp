#include <lakh/core/config.hpp>

#include <gtest/gtest.h>

namespace {

using lakh::config;
using lakh::config_reader;
using lakh::input_error;
using lakh::input_place;

config text_at(std::string text, std::size_t line, std::size_t column) {
  return config::scalar(std::move(text), config::style::plain, input_place("plan.yaml", line, column));
}

template <typename Do> std::pair<std::string, std::string> complaint(Do&& act) {
  try {
    act();
  } catch (const input_error& e) {
    return {e.what(), e.hint()};
  }
  return {"nothing was thrown", ""};
}

TEST(config, typed_values) {
  EXPECT_EQ(text_at("100000", 1, 1).integer("items"), 100'000U);
  EXPECT_EQ(text_at("100k", 1, 1).integer("items"), 100'000U);
  EXPECT_EQ(text_at("1_000", 1, 1).integer("items"), 1000U);
  EXPECT_EQ(text_at("18446744073709551615", 1, 1).integer("seed"), ~0ULL);
  EXPECT_TRUE(text_at("yes", 1, 1).boolean("b"));
  EXPECT_FALSE(text_at("false", 1, 1).boolean("b"));
  EXPECT_DOUBLE_EQ(text_at("20%", 1, 1).number("budget", 0, 1), 0.2);
  EXPECT_EQ(text_at("250ms", 1, 1).duration("d"), std::chrono::milliseconds(250));
  EXPECT_EQ(text_at("64KiB", 1, 1).size("s"), 65536U);
}

TEST(config, a_wrong_value_is_named_with_its_place) {
  const auto of = [](auto&& act) { return complaint(act).first; };
  EXPECT_EQ(of([] { (void)text_at("abc", 3, 8).integer("items", 1); }),
            "plan.yaml:3:8: items must be a whole number of at least 1, but is 'abc'");
  EXPECT_EQ(of([] { (void)text_at("0", 3, 8).integer("items", 1, 9); }),
            "plan.yaml:3:8: items must be a whole number from 1 to 9, but is '0'");
  EXPECT_EQ(of([] { (void)text_at("99999999999999999999M", 3, 8).integer("items"); }),
            "plan.yaml:3:8: items must be a whole number, but is '99999999999999999999M'");
  EXPECT_EQ(of([] { (void)text_at("18446744073709551615k", 3, 8).integer("items"); }),
            "plan.yaml:3:8: items must be a whole number, but is '18446744073709551615k'");
  EXPECT_EQ(of([] { (void)text_at("nan", 3, 8).number("budget", 0, 1); }),
            "plan.yaml:3:8: budget must be a number from 0 to 1, but is 'nan'");
  EXPECT_EQ(of([] { (void)text_at("maybe", 3, 8).boolean("once"); }),
            "plan.yaml:3:8: once must be true or false, but is 'maybe'");
  EXPECT_EQ(of([] { (void)text_at("x", 3, 8).items("steps"); }), "plan.yaml:3:8: steps must be a list, but is a text");
  EXPECT_EQ(of([] { (void)config::sequence({}, input_place("plan.yaml", 2, 2)).text("name"); }),
            "plan.yaml:2:2: name must be a text, but is a list");
  static constexpr std::string_view orders[] = {"once", "cycle"};
  const auto [what, hint] = complaint([] { (void)text_at("cicle", 3, 8).one_of("order", orders); });
  EXPECT_EQ(what, "plan.yaml:3:8: order must be one of 'once' and 'cycle', but is 'cicle'");
  EXPECT_EQ(hint, "did you mean 'cycle'?");
}

TEST(config, an_unquoted_template_is_recognised) {
  const auto node = config::mapping({{"{item}", config::null()}}, input_place("plan.yaml", 1, 1));
  EXPECT_NE(complaint([&] { (void)node.text("name"); }).second.find("quotation marks"), std::string::npos);
}

TEST(config, an_unknown_key_is_named_with_the_nearest_known) {
  const auto tree =
      config::mapping({{"itmes", text_at("5", 2, 8)}, {"name", text_at("x", 1, 7)}}, input_place("plan.yaml", 1, 1),
                      {input_place("plan.yaml", 2, 1), input_place("plan.yaml", 1, 1)});
  config_reader read(tree, "");
  EXPECT_EQ(read.find("items"), nullptr);
  EXPECT_NE(read.find("name"), nullptr);
  const auto [what, hint] = complaint([&] { read.finish(); });
  EXPECT_EQ(what, "plan.yaml:2:1: unknown key 'itmes'");
  EXPECT_EQ(hint, "did you mean 'items'?");
  EXPECT_EQ(complaint([&] { (void)read.require("steps"); }).first, "plan.yaml:1:1: 'steps' is missing");
}

TEST(config, a_repeated_key_is_refused) {
  EXPECT_THROW(config::mapping({{"a", config()}, {"a", config()}}), input_error);
}

TEST(config, entries_are_laid_over_and_removed) {
  const auto base = config::mapping({{"a", text_at("1", 1, 1)}, {"b", text_at("2", 1, 1)}});
  const auto over = config::mapping({{"b", config::null()}, {"c", text_at("3", 1, 1)}});
  EXPECT_EQ(base.overlaid(over), config::mapping({{"a", text_at("1", 1, 1)}, {"c", text_at("3", 1, 1)}}));
}

TEST(config, json_keeps_what_plain_scalars_mean) {
  const auto plain = [](std::string text) { return config::scalar(std::move(text), config::style::plain); };
  const auto tree = config::mapping({{"n", plain("5")},
                                     {"q", config::scalar("5")},
                                     {"t", plain("True")},
                                     {"z", plain("~")},
                                     {"w", plain("a \"b\"")},
                                     {"l", config::sequence({plain("01")})},
                                     {"e", config::mapping({})}});
  std::string out;
  tree.append_json(out);
  EXPECT_EQ(out,
            "{\n  \"n\": 5,\n  \"q\": \"5\",\n  \"t\": true,\n  \"z\": null,\n  \"w\": \"a \\\"b\\\"\",\n  \"l\": [\n  "
            "  \"01\"\n"
            "  ],\n  \"e\": {}\n}");
  EXPECT_FALSE(plain("5") == config::scalar("5"));
  EXPECT_TRUE(plain("x") == config::scalar("x"));
}

TEST(config, a_place_in_a_text_is_exact_on_one_line) {
  const auto quoted = config::scalar("王{{x}}", config::style::quoted, input_place("p", 4, 10));
  EXPECT_EQ(quoted.place_in_text(3).column, 12U);
  EXPECT_EQ(config::scalar("a\nb", config::style::quoted, input_place("p", 4, 10)).place_in_text(2).column, 10U);
}

}  // namespace
