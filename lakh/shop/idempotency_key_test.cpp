#include <lakh/shop/idempotency_key.hpp>
#include <lakh/shop/keys_in_progress.hpp>

#include <gtest/gtest.h>

#include <string>

namespace lakh::shop {
namespace {

TEST(idempotency_key, the_drafts_string_and_the_bare_spelling_are_read) {
  struct row {
    std::string field;
    std::string key;
  };
  const row table[] = {
      {R"("8e03978e-40d5-43e8-bc93-6894a57f9324")", "8e03978e-40d5-43e8-bc93-6894a57f9324"},
      {"8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"},
      {"20261121-235901-k7f3q2-17", "20261121-235901-k7f3q2-17"},
      {"run:17/a+b=c@d", "run:17/a+b=c@d"},
      {R"("with space, comma; and semicolon")", "with space, comma; and semicolon"},
      {R"("a \"quoted\" and a \\ back")", R"(a "quoted" and a \ back)"},
      {R"("k";v=1)", "k"},
      {R"("k"; v="a\"b;c";w;*x=tok/en;y=?1;z=:YQ==:)", "k"},
      {std::string(255, 'k'), std::string(255, 'k')},
      {'"' + std::string(255, 'k') + '"', std::string(255, 'k')},
  };
  for (const row& each : table) {
    const auto key = read_idempotency_key(each.field);
    ASSERT_TRUE(key) << each.field << ": " << key.error();
    EXPECT_EQ(*key, each.key);
  }
}

TEST(idempotency_key, what_is_malformed_is_refused_with_a_reason) {
  const std::string table[] = {
      "",
      R"("")",
      R"(")",
      R"("open)",
      R"("bad \escape")",
      R"("ends in \)",
      "\"tab\there\"",
      "\"caf\xc3\xa9\"",
      "caf\xc3\xa9",
      "two words",
      "a, b",
      R"("a", "b")",
      R"("a"b)",
      R"("a";)",
      R"("a";V=1)",
      R"("a";v=)",
      R"("a";v="open)",
      "a;b",
      R"(a"b)",
      R"(a\b)",
      std::string(256, 'k'),
      '"' + std::string(256, 'k') + '"',
      std::string("a\0b", 3),
  };
  for (const std::string& field : table) {
    const auto key = read_idempotency_key(field);
    EXPECT_FALSE(key) << field;
    EXPECT_FALSE(!key && key.error().empty());
  }
}

TEST(keys_in_progress, a_key_is_held_by_one_and_free_again_when_he_is_done) {
  keys_in_progress keys;
  auto first = keys.try_claim("k");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->key(), "k");
  EXPECT_FALSE(keys.try_claim("k"));
  EXPECT_TRUE(keys.try_claim("other"));

  keys_in_progress::claim moved = std::move(*first);
  first.reset();
  EXPECT_FALSE(keys.try_claim("k")) << "moving a claim must not free it";
  moved.release();
  EXPECT_EQ(moved.key(), "");
  EXPECT_TRUE(keys.try_claim("k"));
}

TEST(keys_in_progress, assigning_over_a_claim_frees_what_it_held) {
  keys_in_progress keys;
  keys_in_progress::claim held = *keys.try_claim("old");
  held = *keys.try_claim("new");
  EXPECT_TRUE(keys.try_claim("old"));
  EXPECT_FALSE(keys.try_claim("new"));
}

}  // namespace
}  // namespace lakh::shop
