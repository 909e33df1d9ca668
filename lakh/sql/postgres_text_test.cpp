#include <lakh/sql/postgres_text.hpp>

#include <gtest/gtest.h>

namespace {

using namespace lakh::sql;

TEST(postgres_text, a_parameter_becomes_a_number) {
  EXPECT_EQ(number_parameter("SELECT a FROM t WHERE run = :run", "run").text, "SELECT a FROM t WHERE run = $1");
  EXPECT_EQ(number_parameter(":run||:run", "run").text, "$1||$1");
  EXPECT_TRUE(number_parameter("(:run)", "run").has_parameter);
  EXPECT_FALSE(number_parameter("SELECT 1", "run").has_parameter);
}

TEST(postgres_text, what_only_looks_like_one_stays) {
  for (const char* text : {
           "':run'",
           "'it''s :run'",
           "E'\\':run'",
           "e'\\\\\\':run'",
           "\":run\"",
           "$$ :run $$",
           "$a$ $$ :run $a$",
           "-- :run",
           "/* :run */",
           "/* /* */ :run */",
           "x::run",
           ":runner",
           ":run_id",
           ":other",
           "':run",
           "$$:run",
           "/* :run",
           "a[1:2]",
       }) {
    const numbered_query got = number_parameter(text, "run");
    EXPECT_EQ(got.text, text);
    EXPECT_FALSE(got.has_parameter) << text;
  }
}

TEST(postgres_text, a_parameter_is_found_behind_all_that) {
  for (const auto& [text, wanted] : {
           std::pair("'a':run", "'a'$1"),
           std::pair("-- x\n:run", "-- x\n$1"),
           std::pair("/*/**/*/:run", "/*/**/*/$1"),
           std::pair("$$ ' $$:run", "$$ ' $$$1"),
           std::pair("'\\':run", "'\\'$1"),
           std::pair(":run::uuid", "$1::uuid"),
           std::pair("some'\\':run", "some'\\'$1"),
           std::pair("a$b:run", "a$b$1"),
           std::pair("$1:run", "$1$1"),
       })
    EXPECT_EQ(number_parameter(text, "run").text, wanted) << text;
}

TEST(postgres_text, knows_a_uri_and_the_password_in_it) {
  EXPECT_TRUE(is_postgres_uri("postgresql://db/shop"));
  EXPECT_TRUE(is_postgres_uri("postgres://db/shop"));
  EXPECT_FALSE(is_postgres_uri("shop.db"));
  EXPECT_FALSE(is_postgres_uri("folder/postgresql://"));
  for (const auto& [uri, password] : {
           std::pair("postgresql://db/shop", ""),
           std::pair("postgresql://me@db/shop", ""),
           std::pair("postgresql://me:secret@db:5432/shop", "secret"),
           std::pair("postgres://me:a:b@db", "a:b"),
           std::pair("postgresql://db/shop?user=me&password=secret&x=1", "secret"),
           std::pair("postgresql:///shop?password=secret", "secret"),
           std::pair("postgresql://me:se@cret@db", "se@cret"),
           std::pair("postgresql://db/a:b@c", ""),
           std::pair("postgresql://[::1]/shop", ""),
       })
    EXPECT_EQ(password_in_uri(uri), password) << uri;
}

}  // namespace
