#include <lakh/load/folded_words.hpp>
#include <lakh/load/ledger_states.hpp>

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace lakh::load {
namespace {

constexpr std::uint64_t pattern_of(unsigned digit) {
  return digit * 0x1111'1111'1111'1111U;
}

TEST(folded_words, hold_what_was_written_whatever_is_folded_meanwhile) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20; ++round) {
    const std::uint64_t size = 1 + random() % (3 * folded_words::block_size);
    folded_words words(size);
    std::vector<std::uint64_t> expected(size);
    for (int stretch = 0; stretch < 60; ++stretch) {
      const std::uint64_t first = random() % size;
      const std::uint64_t end = std::min(size, first + random() % (2 * folded_words::block_size));
      const std::uint64_t word = stretch % 5 == 0 ? random() : pattern_of(static_cast<unsigned>(random() % 3));
      for (std::uint64_t index = first; index < end; ++index) {
        words.set(index, word);
        expected[index] = word;
      }
    }
    const folded_words copy = words;
    for (std::uint64_t index = 0; index < size; ++index) {
      ASSERT_EQ(words.get(index), expected[index]);
      ASSERT_EQ(copy.get(index), expected[index]);
    }
  }
}

TEST(folded_words, that_become_alike_again_take_no_memory) {
  folded_words words(4 * folded_words::block_size);
  EXPECT_EQ(words.memory(), 0U);
  std::size_t most = 0;
  for (std::uint64_t index = 0; index < words.size(); ++index) {
    words.set(index, index | 1U);  // first some of its items, then all
    words.set(index, pattern_of(2));
    most = std::max(most, words.memory());
  }
  EXPECT_EQ(words.memory(), 0U);
  EXPECT_EQ(most, folded_words::block_size * sizeof(std::uint64_t));
  words.set(7, 3);
  EXPECT_EQ(words.get(6), pattern_of(2));
  EXPECT_EQ(words.get(7), 3U);
  EXPECT_GT(words.memory(), 0U);
}

TEST(folded_words, growing_keeps_what_was_there) {
  folded_words words(10);
  words.set(9, 5);
  words.grow(3 * folded_words::block_size);
  words.grow(20);  // never shrinks
  EXPECT_EQ(words.size(), 3 * folded_words::block_size);
  EXPECT_EQ(words.get(9), 5U);
  EXPECT_EQ(words.get(2 * folded_words::block_size), 0U);
}

// Items settled in another order than they were claimed in, by several lanes, as in a run.
TEST(folded_words, states_of_a_run_that_was_confirmed_fold_up) {
  item_states states(1'000'000);
  std::mt19937_64 random(2);
  std::vector<std::uint64_t> in_flight;
  std::uint64_t next = 0;
  while (next < states.size() || !in_flight.empty()) {
    if (in_flight.size() < 256 && next < states.size()) {
      in_flight.push_back(next++);
      continue;
    }
    std::swap(in_flight[random() % in_flight.size()], in_flight.back());
    states.set(in_flight.back(), item_state::confirmed);
    in_flight.pop_back();
    ASSERT_LE(states.memory(), 2 * folded_words::block_size * sizeof(std::uint64_t));
  }
  EXPECT_EQ(states.count(item_state::confirmed), states.size());
  EXPECT_EQ(states.next(0, item_state::unclaimed | item_state::failed), std::nullopt);
  states.set(777'777, item_state::failed);
  EXPECT_EQ(states.next(0, item_state::unclaimed | item_state::failed), 777'777U);
  EXPECT_EQ(states.next(0, item_state::confirmed), 0U);
  EXPECT_EQ(states.get(777'776), item_state::confirmed);
}

}  // namespace
}  // namespace lakh::load
