#include <lakh/core/error.hpp>

#include <gtest/gtest.h>

#include <cerrno>

namespace {

using lakh::errc;
using lakh::error_kind;

TEST(error, every_condition_has_a_kind_and_a_message) {
  for (int value = 1; value <= static_cast<int>(errc::queue_closed); ++value) {
    const std::error_code code = static_cast<errc>(value);
    EXPECT_NE(lakh::kind_of(code), error_kind::internal) << code.message();
    EXPECT_NE(code.message(), "unknown condition");
  }
}

TEST(error, every_kind_has_a_name_of_its_own) {
  for (std::size_t i = 0; i + 1 < lakh::error_kind_count; ++i)
    EXPECT_NE(lakh::name(static_cast<error_kind>(i)), lakh::name(static_cast<error_kind>(i + 1)));
}

TEST(error, system_errors_are_classified) {
  EXPECT_EQ(lakh::kind_of({ECONNREFUSED, std::system_category()}), error_kind::connect);
  EXPECT_EQ(lakh::kind_of({ECONNRESET, std::system_category()}), error_kind::closed);
  EXPECT_EQ(lakh::kind_of({ENOSPC, std::generic_category()}), error_kind::storage);
  EXPECT_EQ(lakh::kind_of({}), error_kind::none);
}

TEST(error, throw_error_throws_the_class_that_fits) {
  EXPECT_THROW(lakh::throw_error(errc::timed_out, "connect"), lakh::timeout_error);
  EXPECT_THROW(lakh::throw_error(errc::cancelled, "connect"), lakh::cancelled);
  EXPECT_THROW(lakh::throw_error({ECONNREFUSED, std::system_category()}, "connect"), lakh::connect_error);
  EXPECT_THROW(lakh::throw_error({EPIPE, std::system_category()}, "write"), lakh::closed_error);
}

TEST(error, an_input_error_names_file_line_and_column) {
  const lakh::input_error e(lakh::input_place("plan.yaml", 12, 3), "no such column", "columns are: a, b");
  EXPECT_STREQ(e.what(), "plan.yaml:12:3: no such column");
  EXPECT_EQ(e.hint(), "columns are: a, b");
}

}  // namespace
