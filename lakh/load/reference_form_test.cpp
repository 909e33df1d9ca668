#include <lakh/load/reference_form.hpp>

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

TEST(reference_form, is_checked_before_any_run_is_known) {
  template_scope scope;
  const std::vector<std::string> columns{"name"};
  scope.add_feed("customers", columns);
  const auto check = [&](const std::string& text) {
    check_reference_form(text_template(text, text_format::plain, scope, "t"), input_place("plan.yaml", 3, 1));
  };
  EXPECT_NO_THROW(check("{{run}}-{{item}}"));
  EXPECT_THROW(check("{{customers.name}}-{{item}}"), input_error);
  EXPECT_THROW(check("{{run}}"), input_error);
}

}  // namespace
