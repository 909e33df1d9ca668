#include <lakh/load/dispenser.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

namespace lakh::load {
namespace {

TEST(range_dispenser, it_hands_out_every_item_once_in_order) {
  range_dispenser items(10);
  EXPECT_EQ(items.remaining(), 10U);
  EXPECT_EQ(items.take(4), item_range(0, 4));
  EXPECT_EQ(items.take(4), item_range(4, 4));
  EXPECT_EQ(items.remaining(), 2U);
  EXPECT_EQ(items.take(4), item_range(8, 2));
  EXPECT_EQ(items.take(4), std::nullopt);
  EXPECT_EQ(items.remaining(), 0U);
}

TEST(range_dispenser, wanting_nothing_still_gives_one) {
  range_dispenser items(1);
  EXPECT_EQ(items.take(0), item_range(0, 1));
}

TEST(range_dispenser, threads_together_get_every_item_exactly_once) {
  constexpr std::uint64_t count = 50'000;
  range_dispenser items(count);
  std::vector<std::atomic<int>> seen(count);
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937_64 random(seed);
      while (const auto range = items.take(1 + random() % 40)) {
        for (std::uint64_t item = range->first; item < range->end(); ++item) ++seen[item];
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (std::uint64_t item = 0; item < count; ++item) ASSERT_EQ(seen[item].load(), 1) << item;
}

TEST(range_dispenser, after_stop_nothing_comes_even_if_something_is_left) {
  range_dispenser items(100);
  EXPECT_TRUE(items.take(1).has_value());
  items.stop();
  items.stop();
  EXPECT_EQ(items.take(1), std::nullopt);
  EXPECT_EQ(items.remaining(), 0U);
}

TEST(range_dispenser, without_an_end_it_goes_on_until_it_is_stopped) {
  const auto items = range_dispenser::unbounded(1'000'000);
  EXPECT_EQ(items->remaining(), std::nullopt);
  EXPECT_EQ(items->take(4096), item_range(1'000'000, 4096));
  EXPECT_EQ(items->take(1), item_range(1'004'096, 1));
  items->stop();
  EXPECT_EQ(items->take(1), std::nullopt);
}

TEST(range_dispenser, a_resume_gives_only_the_items_in_the_wanted_states) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 50; ++round) {
    item_states states(random() % 300);
    for (std::uint64_t item = 0; item < states.size(); ++item) states.set(item, static_cast<item_state>(random() % 5));
    const std::uint64_t count = states.size() + random() % 20;
    const state_set wanted = item_state::unclaimed | item_state::claimed;
    range_dispenser items(count, std::make_shared<item_states>(states), wanted);
    std::vector<int> seen(count);
    std::uint64_t left = items.remaining().value();
    while (const auto range = items.take(1 + random() % 10)) {
      for (std::uint64_t item = range->first; item < range->end(); ++item) ++seen[item];
      left -= range->count;
      EXPECT_EQ(items.remaining(), left);
    }
    EXPECT_EQ(left, 0U);
    for (std::uint64_t item = 0; item < count; ++item)
      EXPECT_EQ(seen[item], wanted.contains(states.get(item)) ? 1 : 0) << item;
  }
}

TEST(range_dispenser, a_resume_without_an_end_gives_the_wanted_first_and_then_new_items) {
  auto states = std::make_shared<item_states>(10);
  for (std::uint64_t item = 0; item < 10; ++item) states->set(item, item_state::confirmed);
  states->set(3, item_state::claimed);
  range_dispenser items(std::nullopt, states, item_state::claimed | item_state::unclaimed);
  EXPECT_EQ(items.take(5), item_range(3, 1));
  EXPECT_EQ(items.take(5), item_range(10, 5));
  EXPECT_EQ(items.take(5), item_range(15, 5));
  EXPECT_FALSE(items.remaining().has_value());

  range_dispenser doubtful_only(std::nullopt, states, item_state::claimed);
  EXPECT_EQ(doubtful_only.take(5), item_range(3, 1));
  EXPECT_FALSE(doubtful_only.take(5).has_value());
}

TEST(claim_size, it_follows_the_table) {
  struct row {
    double rate;
    std::uint64_t lanes;
    bool keyed;
    std::uint64_t size;
  };
  for (const row& one : {
           row{0, 1, true, 1},            // nothing known: one for each lane
           row{0, 64, true, 64},          //
           row{0, 10'000, true, 4096},    // but not too many
           row{0, 0, true, 1},            //
           row{100, 64, true, 5},         // 50 ms of work
           row{10'000, 64, true, 500},    //
           row{1e9, 64, true, 4096},      // bounded
           row{1e300, 64, true, 4096},    //
           row{0.1, 64, true, 1},         // bounded below
           row{-5, 8, true, 8},           // nonsense is nothing known
           row{10'000, 64, false, 64},    // without a key at most one for each lane
           row{10'000, 8, false, 8},      //
           row{100, 64, false, 5},        //
           row{1e9, 10'000, false, 4096}  //
       }) {
    EXPECT_EQ(claim_size(claim_need().rate(one.rate).lanes(one.lanes).keyed(one.keyed)), one.size)
        << one.rate << ' ' << one.lanes << ' ' << one.keyed;
  }
}

TEST(claim_size, without_a_key_it_may_be_more_than_the_lanes_where_beginnings_are_marked) {
  const auto size = [](double rate, std::uint64_t lanes) {
    return claim_size(claim_need().rate(rate).lanes(lanes).keyed(false).marked(true));
  };
  EXPECT_EQ(size(0, 2), 2U);
  EXPECT_EQ(size(1000, 1), 20U);
  EXPECT_EQ(size(10, 1), 1U);
  EXPECT_EQ(size(1e300, 1), 4096U);
  EXPECT_EQ(size(1000, 64), 50U);
}

}  // namespace
}  // namespace lakh::load
