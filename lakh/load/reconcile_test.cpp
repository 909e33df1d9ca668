#include <lakh/load/reconcile.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace lakh;
using namespace lakh::load;

reference_form of(const std::string& text) {
  const template_scope scope;
  render_input input;
  input.run = "r1";
  return reference_form(text_template(text, text_format::plain, scope, "t"), input, input_place("plan.yaml", 3, 1));
}

TEST(reference_form, finds_the_item_in_its_text) {
  const reference_form form = of("{{run}}-{{item}}/x");
  EXPECT_EQ(form.item_of("r1-0/x"), 0U);
  EXPECT_EQ(form.item_of("r1-99999/x"), 99999U);
  for (const char* other :
       {"", "r1-/x", "r1-1", "r2-1/x", "r1-01/x", "r1-1a/x", "r1--1/x", "r1-99999999999999999999/x"})
    EXPECT_EQ(form.item_of(other), std::nullopt) << other;
}

TEST(reference_form, refuses_what_does_not_name_an_item_for_certain) {
  EXPECT_THROW(of("{{run}}"), input_error);
  EXPECT_THROW(of("{{item}}-{{item}}"), input_error);
  EXPECT_THROW(of("{{item}}-{{int(1,1000000)}}"), input_error);
}

class reconciling : public testing::Test {
 protected:
  reconciling() : states(10) {
    for (std::uint64_t i = 0; i < 6; ++i) states.set(i, item_state::confirmed);
    states.set(6, item_state::failed);
    states.set(7, item_state::unknown);
    states.set(8, item_state::claimed);
  }
  reconciliation with(std::vector<std::pair<std::string, std::string>> entries) {
    reconciler compare(states, 10, of("{{run}}-{{item}}"), [](std::uint64_t item) { return item + 0xa0; });
    for (const auto& [reference, digest] : entries) compare.add(reference, digest);
    return compare.finish();
  }
  item_states states;
};

TEST_F(reconciling, is_clean_when_every_confirmed_item_is_there_once) {
  const auto result =
      with({{"r1-0", "a0"}, {"r1-1", "a1"}, {"r1-2", "a2"}, {"r1-3", "a3"}, {"r1-4", "a4"}, {"r1-5", "a5"}});
  EXPECT_TRUE(result.clean());
  EXPECT_EQ(result.matched, 6U);
  EXPECT_TRUE(result.digests_compared);
}

TEST_F(reconciling, tells_missing_duplicate_altered_and_unexpected_apart) {
  const auto result = with({{"r1-0", "a0"},
                            {"r1-0", "a0"},
                            {"r1-1", "ff"},
                            {"r1-2", ""},
                            {"r1-6", ""},
                            {"r1-9", ""},
                            {"r1-10", ""},
                            {"other", ""}});
  EXPECT_EQ(result.listed, 8U);
  EXPECT_EQ(result.matched, 2U);    // 0 and 2
  EXPECT_EQ(result.duplicate, 1U);  // 0 again
  EXPECT_EQ(result.altered, 1U);    // 1
  EXPECT_EQ(result.unexpected, 4U);
  EXPECT_EQ(result.missing, 3U);  // 3, 4, 5
  EXPECT_FALSE(result.clean());
  EXPECT_FALSE(result.examples.empty());
}

TEST_F(reconciling, what_was_in_doubt_and_is_there_is_settled) {
  const auto result = with(
      {{"r1-0", ""}, {"r1-1", ""}, {"r1-2", ""}, {"r1-3", ""}, {"r1-4", ""}, {"r1-5", ""}, {"r1-7", ""}, {"r1-8", ""}});
  EXPECT_TRUE(result.clean());
  EXPECT_EQ(result.settled, 2U);
}

}  // namespace
