// How much a loop claims at once. Time is virtual: what is seen here does not depend on the machine.
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/load/begun_marks.hpp>
#include <lakh/load/claim_source.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace lakh::load {
namespace {

using namespace std::chrono_literals;

struct taken {
  std::vector<std::uint64_t> by_source;
  std::uint64_t all = 0;
  std::uint64_t most = 0;  // by one source
};

// `sources` loops of `lanes` each work off one run, an item in `each`.
taken work_off(std::uint64_t items, unsigned sources, unsigned lanes, duration each) {
  taken counts;
  counts.by_source.resize(sources);
  auto all = [&]() -> task<void> {
    range_dispenser from(items);
    std::atomic<std::uint64_t> positions{0};
    std::vector<std::unique_ptr<claim_source>> made;
    for (unsigned i = 0; i < sources; ++i)
      made.push_back(std::make_unique<claim_source>(from, nullptr, positions, lanes, true));
    auto lane = [&](unsigned source) -> task<void> {
      while (co_await made[source]->next()) {
        ++counts.by_source[source];
        co_await sleep_for(each);
      }
    };
    co_await in_scope([&](scope& running) -> task<void> {
      for (unsigned i = 0; i < sources; ++i)
        for (unsigned k = 0; k < lanes; ++k) running.spawn(lane(i));
      co_return;
    });
    for (const auto& source : made) co_await source->finish();
  };
  run_virtual(all());
  for (const std::uint64_t one : counts.by_source) {
    counts.all += one;
    counts.most = std::max(counts.most, one);
  }
  return counts;
}

TEST(claim_source, a_small_run_of_long_items_is_shared_by_the_loops) {
  // 16 lanes do an item in 20 ms each: 40 items are 50 ms of their work.
  const taken counts = work_off(500, 2, 16, 20ms);
  EXPECT_EQ(counts.all, 500U);
  EXPECT_LE(counts.most, 300U);
}

TEST(claim_source, fewer_items_than_lanes_are_all_done) {
  EXPECT_EQ(work_off(5, 2, 16, 20ms).all, 5U);
  EXPECT_EQ(work_off(17, 2, 16, 20ms).all, 17U);
}

TEST(claim_source, short_items_are_all_done_and_shared) {
  const taken counts = work_off(100'000, 2, 16, 100us);
  EXPECT_EQ(counts.all, 100'000U);
  EXPECT_LE(counts.most, 60'000U);
}

// A release is a row that waits for the disk: whoever is killed before it is there has still never begun the item.
TEST(claim_source, what_is_released_stays_marked_as_never_begun) {
  std::string name = (std::filesystem::temp_directory_path() / "lakh-claims-XXXXXX").string();
  const std::filesystem::path folder = ::mkdtemp(name.data());
  const ledger_identity writer("run", "00", 1, 0);
  std::uint64_t taken = 0;
  {
    begun_marks marks(folder, writer);
    auto all = [&]() -> task<void> {
      range_dispenser from(1000);
      std::atomic<std::uint64_t> positions{0};
      claim_source source(from, nullptr, positions, 8, false);
      source.mark_in(&marks);
      for (int i = 0; i < 3; ++i) (void)co_await source.next();
      source.release(1);  // dealt out, and surely not sent
      source.stop();
      co_await source.finish();
      taken = 1000 - from.remaining().value();
    };
    run_virtual(all());
  }
  EXPECT_GE(taken, 8U);
  std::vector<std::uint64_t> items;
  for (const item_range& range : never_begun(folder, writer))
    for (std::uint64_t item = range.first; item < range.end(); ++item) items.push_back(item);
  std::ranges::sort(items);
  std::vector<std::uint64_t> expected{1};
  for (std::uint64_t item = 3; item < taken; ++item) expected.push_back(item);
  EXPECT_EQ(items, expected);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace lakh::load
