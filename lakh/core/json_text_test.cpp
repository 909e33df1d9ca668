#include <lakh/core/json_text.hpp>

#include <gtest/gtest.h>

namespace {

using lakh::json_status;

TEST(json_text, sound_documents_pass_and_others_do_not) {
  for (const std::string_view good : {"1", " {} ", "[]", "[1,2,[3]]", R"({"a":{"b":[true,false,null]},"c":"\u0041\n"})",
                                      "\"\"", "-1.5e3", "[[],{},[{}]]", "\t[\n1 ,\r2 ]"})
    EXPECT_EQ(lakh::check_json(good), json_status::ok) << good;
  for (const std::string_view bad :
       {"",        " ",         "{",        "}",         "[1,]",      "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
        "{a:1}",   "[1 2]",     "[1}",      "{\"a\":1]", "tru",       "nul", "01",      "1.",       "\"a",
        "\"\\x\"", "\"\\u12\"", "\"a\nb\"", "1 2",       "{\"a\" 1}", "'a'", "[1],",    "\"\\",     "\"\\u"})
    EXPECT_EQ(lakh::check_json(bad), json_status::malformed) << bad;
}

TEST(json_text, depth_is_bounded) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(lakh::check_json(nested(lakh::json_depth_limit)), json_status::ok);
  EXPECT_EQ(lakh::check_json(nested(lakh::json_depth_limit + 1)), json_status::too_deep);
  EXPECT_EQ(lakh::check_json(std::string(1'000'000, '[')), json_status::too_deep);
  std::string mixed;
  for (int i = 0; i < 32; ++i) mixed += "{\"a\":[";
  mixed += "1";
  for (int i = 0; i < 32; ++i) mixed += "]}";
  EXPECT_EQ(lakh::check_json(mixed), json_status::ok);
}

TEST(json_text, a_fault_is_placed) {
  std::size_t fault = 0;
  EXPECT_EQ(lakh::check_json("{\"a\":x}", &fault), json_status::malformed);
  EXPECT_EQ(fault, 5U);
}

TEST(json_text, a_raw_value_becomes_plain_text) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"42", "42"}, {"\"a\\nb\"", "a\nb"}, {"{\"a\":1}", "{\"a\":1}"}, {"\"\"", ""}, {"null", "null"}};
  for (const auto& [raw, text] : table) {
    std::string out = ">";
    ASSERT_TRUE(lakh::append_json_text(out, raw));
    EXPECT_EQ(out, ">" + std::string(text));
  }
  std::string out = ">";
  EXPECT_FALSE(lakh::append_json_text(out, "\"ok\\ud800\""));
  EXPECT_EQ(out, ">");
}

TEST(json_text, names_compare_with_their_escapes_undone) {
  EXPECT_TRUE(lakh::json_string_equals("id", "id"));
  EXPECT_TRUE(lakh::json_string_equals("\\u0069d", "id"));
  EXPECT_TRUE(lakh::json_string_equals("a\\ud83d\\ude00b", "a😀b"));
  EXPECT_FALSE(lakh::json_string_equals("\\u0069", "id"));
  EXPECT_FALSE(lakh::json_string_equals("\\u0069dx", "id"));
  EXPECT_FALSE(lakh::json_string_equals("\\ud800", "id"));
  EXPECT_TRUE(lakh::json_string_equals("", ""));
}

}  // namespace
