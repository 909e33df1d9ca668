#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>
#include <lakh/load/reconcile.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <tuple>
#include <vector>

namespace {

using namespace lakh;
using namespace lakh::load;
using testing::ElementsAre;
using testing::HasSubstr;

using entries = std::vector<std::tuple<int, std::string>>;  // item (-1: none) and digest

// Items 0 – 5 are confirmed, 6 failed, 7 is unknown, 8 in doubt, 9 was never sent. Sent digests are a0 – a9.
class reconciling : public testing::Test {
 protected:
  reconciling() : states_(10) {
    for (std::uint64_t i = 0; i < 6; ++i) states_.set(i, item_state::confirmed);
    states_.set(6, item_state::failed);
    states_.set(7, item_state::unknown);
    states_.set(8, item_state::claimed);
  }
  static void add(reconciler& to, int item, const std::string& digest) {
    const std::string reference = "r1-" + std::to_string(item);
    target_entry entry;
    if (item >= 0) entry.item = static_cast<std::uint64_t>(item);
    entry.reference = reference;
    entry.digest = digest;
    to.add(entry);
  }
  reconciliation with(const entries& all) {
    for (const auto& [item, digest] : all) add(both_, item, digest);
    return both_.finish();
  }
  std::vector<std::uint64_t> all_of(item_verdict wanted) {
    std::vector<std::uint64_t> found;
    for (auto at = both_.next(0, wanted); at; at = both_.next(*at + 1, wanted)) found.push_back(*at);
    return found;
  }
  item_states states_;
  reconciler both_{states_, 10, [](std::uint64_t item) { return item + 0xa0; }};
};

TEST_F(reconciling, is_clean_when_every_confirmed_item_is_there_once) {
  const auto result = with({{0, "a0"}, {1, "a1"}, {2, "00000000000000a2"}, {3, "A3"}, {4, "a4"}, {5, "a5"}});
  EXPECT_TRUE(result.clean());
  EXPECT_EQ(result.matched, 6U);
  EXPECT_EQ(result.absent, 2U);
  EXPECT_TRUE(result.digests_compared);
}

TEST_F(reconciling, tells_missing_duplicate_altered_and_unexpected_apart) {
  const auto result =
      with({{0, "a0"}, {0, "a0"}, {1, "ff"}, {2, ""}, {6, ""}, {9, ""}, {10, ""}, {-1, ""}, {-1, "a3"}});
  EXPECT_EQ(result.listed, 9U);
  EXPECT_EQ(result.matched, 2U);    // 0 and 2
  EXPECT_EQ(result.duplicate, 1U);  // 0 again
  EXPECT_EQ(result.altered, 1U);    // 1
  EXPECT_EQ(result.unexpected, 5U);
  EXPECT_EQ(result.missing, 3U);  // 3, 4, 5
  EXPECT_EQ(result.absent, 2U);   // 7, 8
  EXPECT_FALSE(result.clean());
  EXPECT_THAT(result.examples, testing::Contains("duplicate: item 0 ('r1-0') is there more than once"));
  EXPECT_THAT(result.examples, testing::Contains("missing: item 3 is confirmed here, but not there"));
  EXPECT_THAT(result.examples, testing::Contains("unexpected: item 6 ('r1-6') failed here, but is there"));
}

TEST_F(reconciling, names_the_items_of_each_verdict) {
  with({{0, "a0"}, {0, "a0"}, {1, "ff"}, {6, ""}, {7, "a7"}, {9, ""}});
  EXPECT_THAT(all_of(item_verdict::matched), ElementsAre(0));
  EXPECT_THAT(all_of(item_verdict::altered), ElementsAre(1));
  EXPECT_THAT(all_of(item_verdict::missing), ElementsAre(2, 3, 4, 5));
  EXPECT_THAT(all_of(item_verdict::unexpected), ElementsAre(6, 9));
  EXPECT_THAT(all_of(item_verdict::settled), ElementsAre(7));
  EXPECT_THAT(all_of(item_verdict::absent), ElementsAre(8));
  EXPECT_THAT(all_of(item_verdict::agreed), ElementsAre());
  EXPECT_EQ(both_.duplicated().next(0), 0U);
  EXPECT_EQ(both_.duplicated().count(), 1U);
  EXPECT_EQ(both_.altered().count(), 1U);
  EXPECT_EQ(both_.found().count(), 5U);
}

TEST_F(reconciling, what_was_in_doubt_and_is_there_is_settled) {
  const auto result = with({{0, ""}, {1, ""}, {2, ""}, {3, ""}, {4, ""}, {5, ""}, {7, "a7"}, {8, ""}});
  EXPECT_TRUE(result.clean());
  EXPECT_EQ(result.settled, 2U);
  EXPECT_EQ(result.absent, 0U);
}

TEST_F(reconciling, what_was_in_doubt_and_is_there_otherwise_is_altered_not_settled) {
  const auto result = with({{0, ""}, {1, ""}, {2, ""}, {3, ""}, {4, ""}, {5, ""}, {7, "bad"}, {8, ""}});
  EXPECT_EQ(result.altered, 1U);
  EXPECT_EQ(result.settled, 1U);
  EXPECT_FALSE(result.clean());
}

TEST_F(reconciling, a_second_entry_that_differs_makes_the_item_altered_as_well) {
  const auto result = with({{0, "a0"}, {0, "bb"}, {1, "bb"}, {1, "a1"}, {1, "cc"}});
  EXPECT_EQ(result.duplicate, 3U);
  EXPECT_EQ(result.altered, 2U);  // items, not entries
  EXPECT_EQ(result.matched, 0U);
}

TEST_F(reconciling, a_digest_that_is_no_number_differs) {
  for (const char* digest : {"zz", "a0 ", "0xa0", "-a0", "100000000000000a0"}) {
    reconciler fresh(states_, 10, [](std::uint64_t item) { return item + 0xa0; });
    add(fresh, 0, digest);
    EXPECT_EQ(fresh.finish().altered, 1U) << digest;
  }
}

TEST_F(reconciling, where_it_cannot_be_told_what_was_sent_nothing_is_altered) {
  for (const reconciler::digest_of_item& digest :
       {reconciler::digest_of_item(), reconciler::digest_of_item([](std::uint64_t) { return 0; })}) {
    reconciler fresh(states_, 10, digest);
    add(fresh, 0, "abc");
    const auto result = fresh.finish();
    EXPECT_EQ(result.altered, 0U);
    EXPECT_FALSE(result.digests_compared);
  }
}

TEST_F(reconciling, examples_are_few_and_fit_to_print) {
  for (int i = 0; i < 1000; ++i) add(both_, -1, "");
  for (int i = 0; i < 1000; ++i) add(both_, 0, "a0");
  EXPECT_LE(both_.finish().examples.size(), 20U);

  reconciler fresh(states_, 10);
  target_entry entry;
  const std::string evil = "\x1b[31m\n" + std::string(100'000, 'x');
  entry.reference = evil;
  fresh.add(entry);
  entry.reference = "\xff\xfe";
  fresh.add(entry);
  for (const std::string& text : fresh.finish().examples) {
    EXPECT_LT(text.size(), 300U);
    EXPECT_TRUE(is_utf8(text));
    EXPECT_EQ(text.find_first_of("\x1b\n"), std::string::npos);
  }
}

TEST_F(reconciling, a_target_that_does_not_end_is_refused) {
  target_entry entry;
  EXPECT_THROW(
      {
        for (int i = 0; i < 1'000'101; ++i) both_.add(entry);
      },
      protocol_error);
}

// However a target lies, every item has one verdict, and the counts are those of the verdicts.
TEST_F(reconciling, the_counts_always_add_up) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    item_states some(50);
    for (std::uint64_t i = 0; i < 50; ++i) some.set(i, static_cast<item_state>(random() % 5));
    reconciler any(some, 50, [](std::uint64_t item) { return item + 1; });
    std::uint64_t added = 0;
    std::uint64_t strangers = 0;
    for (std::uint64_t n = random() % 100; n > 0; --n) {
      const int item = static_cast<int>(random() % 55) - 2;
      char digest[20];
      std::snprintf(digest, sizeof digest, "%x", random() % 4 == 0 ? 0 : item + 1);
      add(any, item, random() % 3 == 0 ? std::string() : std::string(digest));
      ++added;
      strangers += item < 0 || item >= 50 ? 1 : 0;
    }
    std::uint64_t count[7] = {};
    for (std::uint64_t i = 0; i < 50; ++i) ++count[static_cast<std::size_t>(any.verdict_of(i))];
    const std::uint64_t found = any.found().count();
    const reconciliation result = any.finish();
    EXPECT_EQ(result.listed, added);
    EXPECT_EQ(result.listed, found + result.duplicate + strangers);
    EXPECT_EQ(result.matched, count[0]);
    EXPECT_EQ(result.missing, count[1]);
    EXPECT_EQ(result.altered, count[2]);
    EXPECT_EQ(result.unexpected, count[3] + strangers);
    EXPECT_EQ(result.settled, count[4]);
    EXPECT_EQ(result.absent, count[5]);
    EXPECT_EQ(count[0] + count[1] + count[2] + count[3] + count[4] + count[5] + count[6], 50U);
  }
}

}  // namespace
