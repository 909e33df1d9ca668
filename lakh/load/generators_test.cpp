#include <lakh/core/text.hpp>
#include <lakh/load/generators.hpp>

#include <gtest/gtest.h>

#include <set>

namespace {

using lakh::random_sequence;

template <typename F> std::string made(std::uint64_t key, F&& append) {
  random_sequence random(key);
  std::string out;
  append(out, random);
  return out;
}

TEST(generators, a_uuid_has_the_form_of_version_4) {
  std::set<std::string> seen;
  for (std::uint64_t key = 0; key < 1000; ++key) {
    const auto uuid = made(key, lakh::load::append_uuid);
    ASSERT_EQ(uuid.size(), 36U);
    EXPECT_EQ(uuid[14], '4');
    EXPECT_NE(std::string_view("89ab").find(uuid[19]), std::string_view::npos);
    for (const std::size_t dash : {8, 13, 18, 23}) EXPECT_EQ(uuid[dash], '-');
    EXPECT_TRUE(seen.insert(uuid).second);
  }
}

TEST(generators, decimals_stay_on_their_grid) {
  for (std::uint64_t key = 0; key < 200; ++key) {
    const auto text =
        made(key, [](std::string& out, random_sequence& r) { lakh::load::append_decimal(out, r, -150, 150, 2); });
    EXPECT_TRUE(lakh::is_json_number(text)) << text;
    EXPECT_EQ(text.size() - text.find('.'), 3U) << text;
    EXPECT_LE(std::abs(std::stod(text)), 1.5);
  }
  EXPECT_EQ(made(1, [](std::string& out, random_sequence& r) { lakh::load::append_decimal(out, r, -5, -5, 2); }),
            "-0.05");
  EXPECT_EQ(made(1, [](std::string& out, random_sequence& r) { lakh::load::append_decimal(out, r, 7, 7, 0); }), "7");
}

TEST(generators, texts_are_utf8_and_have_the_length_asked_for) {
  for (std::uint64_t key = 0; key < 300; ++key) {
    EXPECT_TRUE(lakh::is_utf8(made(key, lakh::load::append_name)));
    const auto sentence = made(key, lakh::load::append_sentence);
    EXPECT_TRUE(sentence[0] >= 'A' && sentence[0] <= 'Z' && sentence.back() == '.') << sentence;
    for (const std::size_t count : {0U, 1U, 16U, 17U, 40U}) {
      EXPECT_EQ(
          made(key, [&](std::string& out, random_sequence& r) { lakh::load::append_hex_digits(out, r, count); }).size(),
          count);
      EXPECT_EQ(
          made(key, [&](std::string& out, random_sequence& r) { lakh::load::append_letters(out, r, count); }).size(),
          count);
      EXPECT_EQ(
          made(key, [&](std::string& out, random_sequence& r) { lakh::load::append_digits(out, r, count); }).size(),
          count);
    }
  }
}

TEST(generators, dates_and_times) {
  const auto date = [](std::int64_t day) {
    std::string out;
    lakh::load::append_date(out, day);
    return out;
  };
  const auto datetime = [](std::int64_t second) {
    std::string out;
    lakh::load::append_datetime(out, second);
    return out;
  };
  EXPECT_EQ(date(0), "1970-01-01");
  EXPECT_EQ(date(-1), "1969-12-31");
  EXPECT_EQ(date(19782), "2024-02-29");
  EXPECT_EQ(date(INT64_MAX), "9999-12-31");
  EXPECT_EQ(date(INT64_MIN), "0000-01-01");
  EXPECT_EQ(datetime(1'700'000'000), "2023-11-14T22:13:20Z");
  EXPECT_EQ(datetime(-1), "1969-12-31T23:59:59Z");
  EXPECT_EQ(lakh::load::parse_date("2024-02-29"), 19782);
  for (const std::string_view bad :
       {"", "2023-02-29", "2024-13-01", "2024-00-10", "2024-1-01", "20240101xx", "2024-01-0x"})
    EXPECT_FALSE(lakh::load::parse_date(bad)) << bad;
}

}  // namespace
