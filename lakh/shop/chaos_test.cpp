#include <lakh/core/error.hpp>
#include <lakh/shop/chaos.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>

namespace lakh::shop {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(shop_chaos, every_word_stands_for_the_mishap_of_its_place) {
  const std::array<std::pair<const char*, mishap>, 9> table{{{"drop-before", mishap::drop_before},
                                                             {"429", mishap::too_many_requests},
                                                             {"500", mishap::internal_error},
                                                             {"503", mishap::unavailable},
                                                             {"swallow", mishap::swallow},
                                                             {"drop-after", mishap::drop_after},
                                                             {"500-after", mishap::internal_error_late},
                                                             {"cut", mishap::cut},
                                                             {"misanswer", mishap::misanswer}}};
  for (const auto& [word, what] : table) EXPECT_EQ(chaos(read_chaos(word, "--chaos")).fate_of(1).what, what) << word;
  EXPECT_EQ(chaos_rules().size(), mishap_count);
  EXPECT_EQ(chaos_rules()[static_cast<std::size_t>(mishap::forget)].name, "forget");
}

TEST(shop_chaos, one_mishap_befalls_an_order_and_each_as_often_as_its_share_says) {
  const chaos harm(read_chaos("drop-before:10%,cut:20%,503:5%@2s..4s,delay:25%@1ms..9ms,seed:7", "--chaos"));
  int dropped = 0;
  int cut = 0;
  int refused = 0;
  int delayed = 0;
  for (std::uint64_t number = 1; number <= 10'000; ++number) {
    const fate luck = harm.fate_of(number);
    dropped += luck.what == mishap::drop_before ? 1 : 0;
    cut += luck.what == mishap::cut ? 1 : 0;
    if (luck.what == mishap::unavailable) {
      ++refused;
      EXPECT_THAT(luck.value, ::testing::AllOf(::testing::Ge(2U), ::testing::Le(4U)));
    }
    if (luck.delay == duration::zero()) continue;
    ++delayed;
    EXPECT_GE(luck.delay, 1ms);
    EXPECT_LE(luck.delay, 9ms);
  }
  EXPECT_NEAR(dropped, 1'000, 150);
  EXPECT_NEAR(cut, 2'000, 200);
  EXPECT_NEAR(refused, 500, 100);
  EXPECT_NEAR(delayed, 2'500, 250);
}

TEST(shop_chaos, the_same_seed_means_the_same_fates_in_the_same_order) {
  chaos first(read_chaos("drop-after:30%,seed:7", "--chaos"));
  chaos again(read_chaos("drop-after:30%,seed:7", "--chaos"));
  chaos other(read_chaos("drop-after:30%,seed:8", "--chaos"));
  int differ = 0;
  for (std::uint64_t number = 1; number <= 200; ++number) {
    const fate luck = first.draw();
    EXPECT_EQ(luck.number, number);
    EXPECT_EQ(luck.what, again.fate_of(number).what);
    differ += luck.what != other.fate_of(number).what ? 1 : 0;
  }
  EXPECT_GT(differ, 20);
  EXPECT_EQ(first.orders(), 200);
}

TEST(shop_chaos, a_word_more_behind_the_others_does_not_change_whom_they_befall) {
  const chaos less(read_chaos("drop-after:10%,500:10%,seed:7", "--chaos"));
  const chaos more(read_chaos("drop-after:10%,500:10%,drop-before:30%,seed:7", "--chaos"));
  int befallen = 0;
  for (std::uint64_t number = 1; number <= 1'000; ++number) {
    const fate before = less.fate_of(number);
    if (!before.what) continue;
    ++befallen;
    EXPECT_EQ(more.fate_of(number).what, before.what);
  }
  EXPECT_GT(befallen, 100);
}

TEST(shop_chaos, a_key_is_forgotten_always_or_never) {
  const chaos harm(read_chaos("forget:30%,seed:7", "--chaos"));
  int forgotten = 0;
  for (int i = 0; i < 1'000; ++i) {
    const std::string key = "key-" + std::to_string(i);
    forgotten += harm.forgets(key) ? 1 : 0;
    EXPECT_EQ(harm.forgets(key), harm.forgets(key));
  }
  EXPECT_NEAR(forgotten, 300, 60);
}

TEST(shop_chaos, retry_after_is_a_second_unless_it_is_said) {
  EXPECT_EQ(chaos(read_chaos("503", "--chaos")).fate_of(1).value, 1U);
  EXPECT_EQ(chaos(read_chaos("429@3s", "--chaos")).fate_of(1).value, 3U);
  EXPECT_EQ(chaos(read_chaos("503@0s", "--chaos")).fate_of(1).value, 0U);
}

TEST(shop_chaos, another_orders_answer_is_never_ones_own) {
  chaos harm(read_chaos("misanswer", "--chaos"));
  EXPECT_FALSE(harm.another(harm.draw(), "a"));
  harm.keep("a", "A");
  EXPECT_FALSE(harm.another(harm.draw(), "a"));
  EXPECT_EQ(harm.another(harm.draw(), "b")->answer, "A");
  for (int i = 0; i < 200; ++i) harm.keep("k" + std::to_string(i), "K" + std::to_string(i));
  for (int i = 0; i < 200; ++i) {
    const std::string id = "k" + std::to_string(i);
    const auto other = harm.another(harm.draw(), id);
    ASSERT_TRUE(other);
    EXPECT_NE(other->id, id);
    EXPECT_GE(std::stoi(other->id.substr(1)), 136) << "the last 64 are kept";
  }
}

TEST(shop_chaos, shares_of_more_than_all_orders_are_refused) {
  EXPECT_NO_THROW((void)read_chaos("drop-before:50%,cut:50%,delay:100%@1s,forget:100%", "--chaos"));
  try {
    (void)read_chaos("drop-before:50%,cut:50.0001%", "--chaos");
    FAIL();
  } catch (const input_error& wrong) {
    EXPECT_THAT(wrong.what(), HasSubstr("add up to more than all orders"));
  }
  EXPECT_THROW((void)read_chaos("drop-befor:50%", "--chaos"), input_error);
}

}  // namespace
}  // namespace lakh::shop
