#include <lakh/wire/percent.hpp>

#include <gtest/gtest.h>

namespace lakh {
namespace {

using namespace std::string_view_literals;

TEST(percent, escapes_what_is_not_unreserved) {
  EXPECT_EQ(percent_encode("a b/c~d"), "a%20b/c~d");
  EXPECT_EQ(percent_encode("a b/c", ""), "a%20b%2Fc");
  EXPECT_EQ(percent_encode("王\0"sv), "%E7%8E%8B%00");
}

TEST(percent, every_byte_comes_back) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(form_decode(form_encode(all)), all);
}

TEST(percent, a_broken_escape_is_refused_at_its_position) {
  for (std::string_view bad : {"ab%", "ab%4", "ab%4x", "ab%%41"}) {
    const auto decoded = percent_decode(bad);
    ASSERT_FALSE(decoded) << bad;
    EXPECT_EQ(decoded.error().position, 2u) << bad;
  }
}

TEST(percent, plus_is_a_space_in_forms_only) {
  EXPECT_EQ(percent_decode("a+b"), "a+b");
  EXPECT_EQ(form_decode("a+b%2B"), "a b+");
  EXPECT_EQ(form_encode("a b+"), "a+b%2B");
}

TEST(percent, requote_escapes_once_and_only_what_must_be) {
  EXPECT_EQ(requote("http://a/b c?d={e}&f=%41&g=50%"), "http://a/b%20c?d=%7Be%7D&f=%41&g=50%25");
  EXPECT_EQ(requote(requote("http://a/王 %")), requote("http://a/王 %"));
  EXPECT_TRUE(url::try_parse(requote("http://a/\"<>\\^`{|}\x01\x7f王")));
}

TEST(query, pairs_keep_their_order) {
  const auto pairs = decode_query("b=1&a=&&c&b=two+words%21&=x&e=f=g");
  ASSERT_TRUE(pairs);
  EXPECT_EQ(*pairs,
            (std::vector<query_pair>{{"b", "1"}, {"a", ""}, {"c", ""}, {"b", "two words!"}, {"", "x"}, {"e", "f=g"}}));
  EXPECT_EQ(encode_query(*pairs), "b=1&a=&c=&b=two+words%21&=x&e=f%3Dg");
  EXPECT_EQ(decode_query("")->size(), 0u);
  EXPECT_EQ(decode_query("&")->size(), 0u);
}

TEST(query, a_broken_escape_is_refused_at_its_place_in_the_query) {
  EXPECT_EQ(decode_query("a=b&c=%").error().position, 6u);
  EXPECT_EQ(decode_query("a=b&%x=").error().position, 4u);
}

TEST(query, the_number_of_pairs_is_bounded) {
  EXPECT_TRUE(decode_query("a&b&c", 3));
  EXPECT_FALSE(decode_query("a&b&c", 2));
}

}  // namespace
}  // namespace lakh
