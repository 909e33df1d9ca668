// The ledger on a disk that loses its power: what was claimed is claimed, what was flushed is known, and of the
// outcomes after that only the last are missing.
#include "power_cuts.hpp"

#include <lakh/load/ledger.hpp>
#include <lakh/load/run_folder.hpp>

#include <gtest/gtest.h>

#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace lakh::load {
namespace {

using chaos::power_cuts;
using chaos::power_loss;
using chaos::survival;

const std::string run_id = "20261122-031500-k7f3q2";

struct promises {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> claimed;   // acknowledged: first, count
  std::set<std::uint64_t> released;                               // handed over, acknowledged or not
  std::vector<std::pair<std::uint64_t, std::uint16_t>> outcomes;  // handed over, in this order: item, status
  std::size_t flushed = 0;                                        // so many of them are durable
  std::uint64_t closed_entries = 0;                               // once closed
};

void examine(const std::filesystem::path& image, const promises& made) {
  try {
    ledger_reader reader(image);
    const item_states states = reader.read();
    for (const auto& [first, count] : made.claimed) {
      for (std::uint64_t item = first; item < first + count; ++item) {
        if (!made.released.contains(item)) {
          ASSERT_NE(states.get(item), item_state::unclaimed) << "item " << item << " was claimed";
        }
      }
    }
    std::size_t known = 0;
    reader.for_each([&](const outcome_record& record) {
      ASSERT_LT(known, made.outcomes.size());
      EXPECT_EQ(std::pair(record.item, record.status), made.outcomes[known]) << "outcome " << known << " is another";
      ++known;
    });
    ASSERT_GE(known, made.flushed);
    if (made.closed_entries != 0) {
      ASSERT_EQ(reader.files().size(), 1U);
      EXPECT_TRUE(reader.files()[0].closed);
      EXPECT_EQ(reader.files()[0].entries, made.closed_entries);
    }
    if (std::filesystem::exists(image / ledger_file_name(0))) {
      ASSERT_EQ(chaos::integrity_of(image / ledger_file_name(0)), "ok");
    }
    // And the run goes on.
    ledger_writer next(image, ledger_identity(run_id, "00ff", 2, 1));
    next.claim(0, 1);
    next.close();
    EXPECT_NE(ledger_reader(image).read().get(0), item_state::unclaimed);
  } catch (const std::exception& failure) {
    FAIL() << failure.what();
  }
}

// Loads what `luck` says, and closes. `padding` bytes stand in each outcome.
class loader {
 public:
  loader(std::uint64_t seed, std::uint64_t every, int steps, std::size_t padding)
      : luck_(seed),
        padding_(padding == 0 ? std::string() : "{\"pad\":\"" + std::string(padding, 'x') + "\"}"),
        cuts_(seed, every, [this] {
          const std::lock_guard lock(mutex_);
          return [made = made_](const std::filesystem::path& image) { examine(image, made); };
        }) {
    ledger_writer writer(cuts_.folder(), ledger_identity(run_id, "00ff", 1, 0));
    for (int step = 0; step < steps; ++step) one_step(writer);
    const ledger_summary closed = writer.close();
    const std::lock_guard lock(mutex_);
    made_.closed_entries = closed.entries;
    made_.flushed = made_.outcomes.size();
  }

  // Cuts after the end.
  void cut(const power_loss& how) { cuts_.cut(how); }
  [[nodiscard]] std::uint64_t cuts() const { return cuts_.cuts(); }

 private:
  void one_step(ledger_writer& writer) {
    const std::uint64_t first = next_;
    const std::uint64_t count = 1 + luck_.below(40);
    next_ += count;
    const auto acknowledge = [this, first, count] {
      const std::lock_guard lock(mutex_);
      made_.claimed.emplace_back(first, count);
    };
    if (luck_.below(3) == 0) {  // nobody waits: several share a transaction
      writer.submit_claim(first, count, [acknowledge](std::error_code code) {
        if (!code) acknowledge();
      });
    } else {
      writer.claim(first, count);
      acknowledge();
    }
    for (std::uint64_t item = first; item < next_; ++item) settle(writer, item);
    if (luck_.below(6) == 0) hand_over(writer);
    if (luck_.below(12) == 0) {
      hand_over(writer);
      writer.flush();
      const std::lock_guard lock(mutex_);
      made_.flushed = made_.outcomes.size();
    }
  }

  void settle(ledger_writer& writer, std::uint64_t item) {
    const std::uint64_t fate = luck_.below(30);
    if (fate == 0) return;  // never answered
    if (fate == 1) {
      {
        const std::lock_guard lock(mutex_);
        made_.released.insert(item);
      }
      writer.submit_release(item, 1);
      return;
    }
    outcome_record record;
    record.item = item;
    record.state = outcome_state::confirmed;
    record.status = static_cast<std::uint16_t>(200 + luck_.below(100));
    record.attempts = 1;
    record.last_attempt = certainty::answered;
    record.kept = padding_;
    batch_.append(record);
    waiting_.emplace_back(item, record.status);
    if (batch_.full()) hand_over(writer);
  }

  void hand_over(ledger_writer& writer) {
    {
      const std::lock_guard lock(mutex_);
      made_.outcomes.insert(made_.outcomes.end(), waiting_.begin(), waiting_.end());
    }
    waiting_.clear();
    while (!writer.submit(batch_)) std::this_thread::yield();
  }

  random_sequence luck_;
  std::string padding_;
  std::uint64_t next_ = 0;
  outcome_batch batch_;
  std::vector<std::pair<std::uint64_t, std::uint16_t>> waiting_;
  std::mutex mutex_;
  promises made_;  // under the mutex
  power_cuts cuts_;
};

TEST(ledger_power_loss, claims_survive_and_outcomes_are_missing_only_at_the_end) {
  std::uint64_t cuts = 0;
  for (std::uint64_t seed = 1; seed <= 12 && !HasFatalFailure() && !HasNonfatalFailure(); ++seed) {
    loader one(seed, 3, 25, 0);
    for (std::uint64_t end = 0; end < 5; ++end) one.cut(power_loss(survival::some, seed * 10 + end));
    one.cut(power_loss(survival::nothing, 0));
    cuts += one.cuts();
  }
  EXPECT_GT(cuts, 300U);
  RecordProperty("cuts", std::to_string(cuts));
}

// So much that the log is copied into the file, and begins anew, while the run goes on.
TEST(ledger_power_loss, the_same_while_the_log_is_copied_into_the_file) {
  loader one(7, 151, 600, 2000);
  for (std::uint64_t end = 0; end < 3; ++end) one.cut(power_loss(survival::some, end));
  EXPECT_GT(one.cuts(), 30U);
  RecordProperty("cuts", std::to_string(one.cuts()));
}

}  // namespace
}  // namespace lakh::load
