#include <lakh/wire/http_fields.hpp>
#include <lakh/wire/http_lists.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace lakh::wire {
namespace {

std::vector<std::string_view> elements(std::string_view value) {
  std::vector<std::string_view> out;
  for (list_cursor list(value); auto element = list.next();) out.push_back(*element);
  return out;
}

using strings = std::vector<std::string_view>;

TEST(http_lists, elements_are_trimmed_and_empty_ones_skipped) {
  EXPECT_EQ(elements(""), strings{});
  EXPECT_EQ(elements(" , ,"), strings{});
  EXPECT_EQ(elements("gzip,\t, br ,deflate"), (strings{"gzip", "br", "deflate"}));
}

TEST(http_lists, a_comma_in_quotes_does_not_separate) {
  EXPECT_EQ(elements("a=\"1, 2\", b=\"\\\",\""), (strings{"a=\"1, 2\"", "b=\"\\\",\""}));
  EXPECT_EQ(elements("a, \"b, c"), (strings{"a", "\"b, c"}));
  EXPECT_EQ(elements("\"\\"), (strings{"\"\\"}));
}

TEST(http_lists, an_element_is_found_in_any_case_but_only_whole) {
  EXPECT_TRUE(list_contains("Upgrade, Keep-Alive", "keep-alive"));
  EXPECT_FALSE(list_contains("disclose, closed", "close"));
}

TEST(http_lists, a_token_is_found_over_several_fields) {
  field_list fields;
  fields.push_back({"Connection", "te"});
  fields.push_back({"X", "close"});
  EXPECT_FALSE(fields.has_token("connection", "close"));
  fields.push_back({"CONNECTION", "x, Close"});
  EXPECT_TRUE(fields.has_token("connection", "close"));
  EXPECT_EQ(fields.count("connection"), 2u);
  EXPECT_TRUE(fields.contains("x"));
}

TEST(http_lists, a_media_type_has_parameters) {
  const auto type = parse_media_type(" Text/HTML ; Charset=\"utf\\-8\" ;; q=1;");
  ASSERT_TRUE(type);
  EXPECT_TRUE(type->is("text", "html"));
  const auto charset = type->find("charset");
  ASSERT_TRUE(charset);
  EXPECT_EQ(unquoted(*charset), "utf-8");
  EXPECT_EQ(type->find("q")->value, "1");
  EXPECT_FALSE(type->find("boundary"));
}

TEST(http_lists, a_quote_may_hold_what_looks_like_a_parameter) {
  const auto type = parse_media_type("multipart/form-data; a=\"; boundary=x\"; boundary=y");
  ASSERT_TRUE(type);
  EXPECT_EQ(type->find("boundary")->value, "y");
}

TEST(http_lists, what_is_no_media_type_is_refused) {
  for (std::string_view bad :
       {"", "text", "/html", "text/", "te xt/html", "text/html; a", "text/html; =b",
        "text/html; a=", "text/html; a=\"b", "text/html; a=b c", "text/html a=b", "text/html; a =b"})
    EXPECT_FALSE(parse_media_type(bad)) << bad;
}

TEST(http_lists, json_is_known_by_name_and_by_suffix) {
  EXPECT_TRUE(parse_media_type("application/json; charset=utf-8")->is_json());
  EXPECT_TRUE(parse_media_type("application/problem+JSON")->is_json());
  EXPECT_TRUE(parse_media_type("model/gltf+json")->is_json());
  EXPECT_FALSE(parse_media_type("application/jsonx")->is_json());
  EXPECT_FALSE(parse_media_type("application/+json")->is_json());
  EXPECT_FALSE(parse_media_type("text/html")->is_json());
}

}  // namespace
}  // namespace lakh::wire
