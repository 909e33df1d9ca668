#include <lakh/actions/http_expectation.hpp>
#include <lakh/core/error.hpp>

#include <gtest/gtest.h>

#include <cstdlib>

namespace {

using lakh::config;
using lakh::load::template_scope;

// Without names of its own.
lakh::actions::http_expectation http_expectation(const config& expect) {
  static const template_scope scope;
  static const lakh::actions::secret_texts no_secrets{lakh::load::plan()};
  return {expect, scope, no_secrets, "create.expect."};
}

config plain(const char* text) {
  return config::scalar(text, config::style::plain);
}
config quoted(const char* text) {
  return config::scalar(text);
}

lakh::wire::response_head head(std::string_view text) {
  lakh::wire::response_head out;
  EXPECT_EQ(lakh::wire::parse_response_head(text, out, lakh::wire::http_method::post).state,
            lakh::wire::parse_state::complete);
  return out;
}

constexpr std::string_view created =
    "HTTP/1.1 201 Created\r\nLocation: /orders/1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n";
constexpr std::string_view body = R"({"status":"accepted","total":12,"paid":true,"note":"a \"b\" é","none":null})";

std::string why_not(const lakh::actions::http_expectation& expected) {
  std::string why;
  const bool fits = expected.fits(head(created), body, why);
  EXPECT_EQ(fits, why.empty());
  return why;
}

TEST(http_expectation, without_words_any_2xx_will_do) {
  const lakh::actions::http_expectation any;
  for (const int status : {200, 201, 299}) EXPECT_TRUE(any.status_fits(status));
  for (const int status : {199, 301, 404, 503}) EXPECT_FALSE(any.status_fits(status));
}

TEST(http_expectation, one_status_or_several) {
  EXPECT_TRUE(http_expectation(config::mapping({{"status", plain("201")}})).status_fits(201));
  const auto several = http_expectation(config::mapping({{"status", config::sequence({plain("201"), plain("409")})}}));
  EXPECT_TRUE(several.status_fits(409));
  EXPECT_FALSE(several.status_fits(200));
}

TEST(http_expectation, values_compare_as_what_they_are) {
  struct row {
    const char* path;
    config wanted;
    const char* why;
  };
  const row rows[] = {
      {"$.status", plain("accepted"), ""},
      {"$.status", plain("rejected"), "$.status is \"accepted\", not \"rejected\""},
      {"$.total", plain("12"), ""},
      {"$.total", plain("13"), "$.total is 12, not 13"},
      {"$.total", quoted("12"), "$.total is 12, not \"12\""},
      {"$.paid", plain("true"), ""},
      {"$.none", config::null(), ""},
      {"$.note", plain("a \"b\" é"), ""},
      {"$.missing", plain("1"), "the answer has no $.missing"},
  };
  for (const row& each : rows)
    EXPECT_EQ(why_not(http_expectation(config::mapping({{"json", config::mapping({{each.path, each.wanted}})}}))),
              each.why)
        << each.path;
}

TEST(http_expectation, a_header_may_be_asked_for_with_any_value) {
  const auto expecting = [](const char* name, config value) {
    return http_expectation(config::mapping({{"headers", config::mapping({{name, std::move(value)}})}}));
  };
  EXPECT_EQ(why_not(expecting("location", config::null())), "");
  EXPECT_EQ(why_not(expecting("Location", plain("/orders/1"))), "");
  EXPECT_EQ(why_not(expecting("Location", plain("/orders/2"))), "header Location is '/orders/1', not '/orders/2'");
  EXPECT_EQ(why_not(expecting("X-Missing", config::null())), "the answer has no header X-Missing");
}

TEST(http_expectation, an_answer_that_is_no_json_is_told_so) {
  const auto expected = http_expectation(config::mapping({{"json", config::mapping({{"$.id", plain("1")}})}}));
  std::string why;
  EXPECT_FALSE(expected.fits(head(created), "<html>", why));
  EXPECT_EQ(why, "the answer is not JSON");
}

TEST(http_expectation, a_wanted_value_may_be_another_one_for_each_item) {
  template_scope scope;
  scope.add_value("reference", "{{run}}-{{item}}");
  const lakh::actions::http_expectation expected(
      config::mapping(
          {{"headers", config::mapping({{"Location", quoted("/orders/{{item}}")}})},
           {"json", config::mapping({{"$.reference", quoted("{{reference}}")}, {"$.number", quoted("{{item}}")}})}}),
      scope, lakh::actions::secret_texts(lakh::load::plan()), "create.expect.");
  ASSERT_TRUE(expected.varies());
  lakh::load::render_input first;
  first.run = "r";
  first.item = 1;
  std::vector<std::string> values;
  std::string why;
  ASSERT_TRUE(expected.render(first, values, why));
  EXPECT_TRUE(expected.fits(head(created), R"({"reference":"r-1","number":1})", why, values)) << why;
  EXPECT_FALSE(expected.fits(head(created), R"({"reference":"r-2","number":1})", why, values));
  EXPECT_EQ(why, R"($.reference is "r-2", not "r-1")");
  lakh::load::render_input second = first;
  second.item = 2;
  ASSERT_TRUE(expected.render(second, values, why));
  why.clear();
  EXPECT_FALSE(expected.fits(head(created), R"({"reference":"r-2","number":2})", why, values));
  EXPECT_EQ(why, "header Location is '/orders/1', not '/orders/2'");
}

TEST(http_expectation, a_secret_that_is_expected_is_told_as_the_plan_has_it) {
  ::setenv("HTTP_TEST_SECRET", "sesame", 1);
  const auto expected = http_expectation(
      config::mapping({{"headers", config::mapping({{"Location", quoted("{{env.HTTP_TEST_SECRET}}")}})}}));
  EXPECT_EQ(why_not(expected), "header Location is '/orders/1', not '{{env.HTTP_TEST_SECRET}}'");
  const auto of_body = http_expectation(
      config::mapping({{"json", config::mapping({{"$.status", quoted("{{env.HTTP_TEST_SECRET}}")}})}}));
  EXPECT_EQ(why_not(of_body), R"($.status is "accepted", not "{{env.HTTP_TEST_SECRET}}")");
}

TEST(http_expectation, done_once_a_value_is_what_stands_there) {
  const lakh::actions::http_expectation once(
      config::mapping({{"headers", config::mapping({{"Location", quoted("{{item}}")}})}}));
  EXPECT_FALSE(once.varies());
  EXPECT_EQ(why_not(once), "header Location is '/orders/1', not '{{item}}'");
}

TEST(http_expectation, a_template_that_cannot_be_read_is_refused_before_anything_is_sent) {
  EXPECT_THROW(http_expectation(config::mapping({{"json", config::mapping({{"$.id", quoted("{{itme}}")}})}})),
               lakh::input_error);
}

TEST(http_expectation, nonsense_is_refused) {
  EXPECT_THROW(http_expectation(config::mapping({{"status", plain("99")}})), lakh::input_error);
  EXPECT_THROW(http_expectation(config::mapping({{"status", config::sequence({})}})), lakh::input_error);
  EXPECT_THROW(http_expectation(config::mapping({{"statsu", plain("200")}})), lakh::input_error);
  EXPECT_THROW(http_expectation(config::mapping({{"json", config::mapping({{"no path", plain("1")}})}})),
               lakh::input_error);
}

}  // namespace
