// Pure texts: what a person reads, made from values.
#include "console.hpp"
#include "json_view.hpp"

#include <lakh/core/error.hpp>
#include <lakh/load/template.hpp>

#include <gtest/gtest.h>

#include <sstream>

namespace {

using namespace lakh::cli;
using namespace std::chrono_literals;

TEST(console, durations_have_three_digits) {
  const std::pair<std::chrono::nanoseconds, const char*> table[] = {
      {0ns, "0 µs"},          {-5s, "0 µs"},       {812us, "812 µs"},         {999'400ns, "999 µs"},
      {999'600ns, "1.00 ms"}, {1820us, "1.82 ms"}, {14'210us, "14.2 ms"},     {999'400us, "999 ms"},
      {999'600us, "1.00 s"},  {9'996ms, "10.0 s"}, {12'430ms, "12.4 s"},      {99'960ms, "1m40s"},
      {185s, "3m05s"},        {7620s, "2h07m"},    {3 * 86400s + 4h, "3d04h"}};
  for (const auto& [value, text] : table) EXPECT_EQ(short_duration(value), text);
}

TEST(console, numbers_and_sizes_are_short) {
  EXPECT_EQ(short_number(0), "0");
  EXPECT_EQ(short_number(-1), "0");
  EXPECT_EQ(short_number(0.414), "0.41");
  EXPECT_EQ(short_number(3.24), "3.2");
  EXPECT_EQ(short_number(9.96), "10");
  EXPECT_EQ(short_number(34567.4), "34,567");
  EXPECT_EQ(short_size(812), "812 B");
  EXPECT_EQ(short_size(14'540), "14.2 KiB");
  EXPECT_EQ(short_size(5ULL << 30), "5.0 GiB");
  EXPECT_EQ(short_size(1023ULL << 20), "1.0 GiB");
}

TEST(console, what_strangers_sent_cannot_steer_the_terminal) {
  EXPECT_EQ(printable("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(printable("a\nb\tc"), "a\\x0ab\\x09c");
  EXPECT_EQ(printable("a\nb\tc", true), "a\nb\tc");
  EXPECT_EQ(printable("a\rb", true), "a\\x0db");
  EXPECT_EQ(printable("\x7f"), "\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"), "\\x9b");  // C1: CSI in one character
  EXPECT_EQ(printable("ok \xff\xfe 世"), "ok \\xff\\xfe 世");
  EXPECT_EQ(printable("\xe4\xb8"), "\\xe4\\xb8");  // cut in the middle
}

TEST(console, wide_characters_take_two_columns_and_colours_none) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("世界"), 4U);
  EXPECT_EQ(display_width("é"), 1U);
  EXPECT_EQ(display_width("e\xcc\x81"), 1U);
  EXPECT_EQ(display_width(paint(true).red("abc")), 3U);
  EXPECT_EQ(display_width("\x1b["), 0U);
  EXPECT_EQ(fit("世界世界", 5), "世界…");
  EXPECT_EQ(fit("abcdef", 6), "abcdef");
  EXPECT_EQ(fit("abcdef", 5), "abcd…");
  EXPECT_EQ(fit("abc", 0), "");
  EXPECT_EQ(pad_left("世", 4), "  世");
  EXPECT_EQ(pad_right("世", 4), "世  ");
}

TEST(console, text_breaks_at_spaces) {
  EXPECT_EQ(wrapped("one two three", 9, 2), "  one two\n  three\n");
  EXPECT_EQ(wrapped("unbreakable", 5, 0), "unbreakable\n");
  EXPECT_EQ(wrapped("", 5, 0), "\n");
}

TEST(console, json_is_laid_out_and_nothing_in_it_changes) {
  EXPECT_EQ(pretty_json(R"({"a":1.10,"b":[1,{"c":null}],"d":{},"e":[ ],"f":"x\n\"y\""})", paint(false)),
            "{\n  \"a\": 1.10,\n  \"b\": [\n    1,\n    {\n      \"c\": null\n    }\n  ],\n  \"d\": {},\n  \"e\": [],\n"
            "  \"f\": \"x\\n\\\"y\\\"\"\n}");
  EXPECT_EQ(pretty_json("  12345678901234567890.10  ", paint(false)), "12345678901234567890.10");
  EXPECT_EQ(pretty_json(R"({"a":"b"})", paint(true)), "{\n  \x1b[34m\"a\"\x1b[0m: \x1b[32m\"b\"\x1b[0m\n}");
}

TEST(console, a_mistake_in_a_template_is_shown_with_a_caret) {
  std::ostringstream out;
  const lakh::load::template_error failure(lakh::input_place("plan.yaml", 4, 9), "世 {{itm}} x", 6, 3,
                                           "unknown value 'itm'", "did you mean 'item'?");
  print_error(out, failure, paint(false));
  EXPECT_EQ(out.str(),
            "error: plan.yaml:4:9: unknown value 'itm'\n"
            "  | 世 {{itm}} x\n"
            "  |      ^^^\n"
            "  hint: did you mean 'item'?\n");
}

TEST(console, a_long_template_is_shown_around_its_mistake) {
  std::ostringstream out;
  const std::string text = "first line\n" + std::string(300, 'a') + "{{x}}" + std::string(300, 'b') + "\nlast line";
  print_error(out, lakh::load::template_error({}, text, 11 + 302, 1, "unknown value 'x'"), paint(false));
  std::istringstream lines(out.str());
  std::string what;
  std::string shown;
  std::string caret;
  std::getline(lines, what);
  std::getline(lines, shown);
  std::getline(lines, caret);
  EXPECT_EQ(shown.find("first"), std::string::npos);
  EXPECT_LE(display_width(shown), 110U);
  const std::size_t at = shown.find("{{x}}");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(display_width(shown.substr(0, at + 2)), caret.find('^'));
}

TEST(console, a_template_with_its_mistake_at_its_ends_does_no_harm) {
  for (const std::size_t offset : {std::size_t{0}, std::size_t{3}, std::size_t{99}}) {
    std::ostringstream out;
    print_error(out, lakh::load::template_error({}, "abc", offset, 5, "wrong"), paint(false));
    EXPECT_NE(out.str().find('^'), std::string::npos);
  }
}

}  // namespace
