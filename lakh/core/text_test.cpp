#include <lakh/core/text.hpp>

#include <gtest/gtest.h>

#include <array>

namespace {

constexpr auto npos = std::string_view::npos;

std::string escaped(std::string_view text) {
  std::string out;
  lakh::append_json_escaped(out, text);
  return out;
}

TEST(text, the_first_byte_that_is_not_utf8_is_found) {
  struct {
    std::string_view text;
    std::size_t bad;
  } const table[] = {
      {"", npos},
      {"plain", npos},
      {"Zoë 王小明 😀", npos},
      {"\xff", 0},
      {"abcdefgh\xc3", 8},         // cut short
      {"abcdefghi\x80", 9},        // a continuation alone
      {"\xc0\xaf", 0},             // overlong /
      {"\xe0\x80\xaf", 0},         // overlong
      {"\xed\xa0\x80", 0},         // a surrogate
      {"\xf0\x8f\xbf\xbf", 0},     // overlong
      {"\xf4\x90\x80\x80", 0},     // above U+10FFFF
      {"\xf4\x8f\xbf\xbf", npos},  // U+10FFFF
      {"\xef\xbf\xbf", npos},      // U+FFFF
      {"ok\xe4\xb8", 2},           // cut short in the middle
      {"\xe4\xb8\x41", 0},
      {"\xf5\x80\x80\x80", 0},
  };
  for (const auto& row : table) EXPECT_EQ(lakh::find_bad_utf8(row.text), row.bad) << row.text;
}

TEST(text, a_position_counts_lines_and_code_points) {
  const auto at = lakh::position_of("a\n王x", 5);
  EXPECT_EQ(at.line, 2U);
  EXPECT_EQ(at.column, 2U);
  EXPECT_EQ(lakh::position_of("ab", 99).column, 3U);
}

TEST(text, json_escaping_is_exact_and_is_undone) {
  EXPECT_EQ(escaped("plain text of more than eight bytes"), "plain text of more than eight bytes");
  EXPECT_EQ(escaped("a\"b\\c\nd\re\tf"), R"(a\"b\\c\nd\re\tf)");
  EXPECT_EQ(escaped(std::string_view("\0\x1f\x7f", 3)), "\\u0000\\u001f\x7f");
  EXPECT_EQ(escaped("王"), "王");
  // Each byte at each position of a word, so that the wide scan and the narrow one agree.
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t position = 0; position < 19; ++position) {
      std::string text(19, 'x');
      text[position] = static_cast<char>(byte);
      std::string back;
      ASSERT_TRUE(lakh::append_json_unescaped(back, escaped(text)));
      ASSERT_EQ(back, text);
    }
  }
}

TEST(text, unescaping_refuses_what_is_no_json_string) {
  std::string out;
  EXPECT_TRUE(lakh::append_json_unescaped(out, R"(\u00e9\uD83D\uDE00\/\b\f)"));
  EXPECT_EQ(out, "é😀/\b\f");
  for (const std::string_view bad :
       {"\\", "\\x", "\\u12", "\\u12g4", "\\ud800", "\\ud800\\u0041", "\\udc00", "a\"b", "a\nb", "\\ud800\\ud800"})
    EXPECT_FALSE(lakh::append_json_unescaped(out, bad)) << bad;
}

TEST(text, encodings_for_urls_and_forms) {
  std::string out;
  lakh::append_percent_encoded(out, "a b/ü&=~-._");
  EXPECT_EQ(out, "a%20b%2F%C3%BC%26%3D~-._");
  out.clear();
  lakh::append_percent_encoded(out, "a/b c", "/");
  EXPECT_EQ(out, "a/b%20c");
  out.clear();
  lakh::append_form_encoded(out, "a b+ü~*");
  EXPECT_EQ(out, "a+b%2B%C3%BC%7E*");
}

TEST(text, base64_by_the_vectors_of_rfc_4648) {
  const std::pair<std::string_view, std::string_view> table[] = {{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : table) {
    std::string out;
    lakh::append_base64(out, bytes);
    EXPECT_EQ(out, text);
  }
}

TEST(text, numbers_are_appended) {
  std::string out;
  lakh::append_number(out, std::uint64_t{18446744073709551615U});
  out += ' ';
  lakh::append_number(out, std::numeric_limits<std::int64_t>::min());
  out += ' ';
  lakh::append_padded(out, 42, 5);
  lakh::append_padded(out, 123456, 2);
  EXPECT_EQ(out, "18446744073709551615 -9223372036854775808 00042123456");
}

TEST(text, json_numbers_are_told_from_what_only_looks_like_them) {
  for (const std::string_view good : {"0", "-0", "12", "1.5", "-1.5e10", "1E-5", "0.0"})
    EXPECT_TRUE(lakh::is_json_number(good)) << good;
  for (const std::string_view bad : {"", "-", "01", "1.", ".5", "+1", "1e", "0x10", "1 ", "NaN", "1_000", "--1"})
    EXPECT_FALSE(lakh::is_json_number(bad)) << bad;
}

TEST(text, the_nearest_name_is_found_and_a_far_one_is_not) {
  const std::array<std::string_view, 4> names = {"items", "steps", "target", "rate"};
  EXPECT_EQ(lakh::nearest("itmes", names), "items");
  EXPECT_EQ(lakh::nearest("Target", names), "target");
  EXPECT_EQ(lakh::nearest("rates", names), "rate");
  EXPECT_EQ(lakh::nearest("zebra", names), "");
  EXPECT_EQ(lakh::nearest("", names), "");
  EXPECT_EQ(lakh::nearest(std::string(1000, 'x'), names), "");
  EXPECT_EQ(lakh::list_of(names), "'items', 'steps', 'target' and 'rate'");
}

}  // namespace
