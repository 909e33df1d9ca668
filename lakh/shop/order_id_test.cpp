#include <lakh/shop/order_id.hpp>

#include <gtest/gtest.h>

#include <set>

namespace lakh::shop {
namespace {

TEST(order_id, gives_its_number_back) {
  for (const std::int64_t number :
       {std::int64_t{1}, std::int64_t{31}, std::int64_t{32}, std::int64_t{100'000}, most_orders - 1}) {
    const std::string id = make_order_id(1'795'305'541'042, number);
    EXPECT_EQ(id.size(), 21U);
    EXPECT_EQ(number_of(id), number) << id;
  }
}

TEST(order_id, sorts_by_time_and_then_by_number) {
  EXPECT_LT(make_order_id(1'000, 900), make_order_id(1'001, 2));
  EXPECT_LT(make_order_id(1'000, 31), make_order_id(1'000, 32));
  EXPECT_LT(make_order_id(1'795'305'541'042, 1), make_order_id(2'795'305'541'042, 1));
}

TEST(order_id, what_is_no_id_has_no_number) {
  const std::string good = make_order_id(1'795'305'541'042, 7);
  EXPECT_FALSE(number_of(""));
  EXPECT_FALSE(number_of("7"));
  EXPECT_FALSE(number_of(good + "0"));
  EXPECT_FALSE(number_of(good.substr(1)));
  EXPECT_FALSE(number_of("oRd_" + good.substr(4)));
  EXPECT_FALSE(number_of(good.substr(0, 20) + "U"));  // a letter that the alphabet leaves out
  EXPECT_FALSE(number_of("ord_00000000000000000"));
}

TEST(order_id, a_cursor_gives_its_number_back_and_looks_like_no_number) {
  std::set<std::string> cursors;
  for (const std::int64_t number :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{2}, std::int64_t{100'000}, most_orders - 1}) {
    const std::string cursor = make_cursor(number);
    EXPECT_EQ(read_cursor(cursor), number);
    EXPECT_TRUE(cursors.insert(cursor).second);
  }
}

TEST(order_id, a_cursor_that_was_tampered_with_is_found_out) {
  const std::string good = make_cursor(1234);
  int accepted = 0;
  for (std::size_t i = 0; i < good.size(); ++i)
    for (const char letter : std::string_view("0123456789ABCDEFGHJKMNPQRSTVWXYZ")) {
      std::string bad = good;
      bad[i] = letter;
      if (bad != good && read_cursor(bad)) ++accepted;
    }
  EXPECT_LE(accepted, 1);  // one in 32768 fits by chance
  EXPECT_FALSE(read_cursor(""));
  EXPECT_FALSE(read_cursor("0"));
  EXPECT_FALSE(read_cursor(good + "0"));
  EXPECT_FALSE(read_cursor("lower-case!"));
}

}  // namespace
}  // namespace lakh::shop
