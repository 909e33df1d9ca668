#include <lakh/load/ledger_reader.hpp>
#include <lakh/load/shared_dispenser.hpp>
#include <lakh/parallel/robust_mutex.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <new>

namespace lakh::load {
namespace {

using word = std::uint64_t;

// A range in one word, so that it is there or not: items have 32 bits, as ledger_reader::default_item_limit says.
constexpr std::uint64_t most_at_once = std::uint32_t{0xffff'ffff};
constexpr std::uint64_t to_word(const item_range& range) noexcept {
  return range.first << 32U | range.count;
}
item_range to_range(std::uint64_t held) noexcept {
  return {held >> 32U, held & most_at_once};
}
static_assert(ledger_reader::default_item_limit == std::uint64_t{1} << 32U);

// Words that somebody reads while somebody else sets other bits of them.
word load(const word& from) noexcept {
  return std::atomic_ref<word>(const_cast<word&>(from)).load(std::memory_order_relaxed);
}
void set_bit(word* words, std::uint64_t item) noexcept {
  std::atomic_ref<word>(words[item / 64]).fetch_or(word{1} << item % 64, std::memory_order_relaxed);
}

}  // namespace

// Plain members are under the mutex.
struct shared_dispenser::table {
  // A set of items that wait to be handed out. The bounds never exclude a bit that is set, the count is exact but while
  // somebody is at work on it.
  struct bounds {
    std::uint64_t low = 0;
    std::uint64_t end = 0;
    std::uint64_t count = 0;
  };

  robust_mutex mutex;
  run_counters counters;
  std::atomic<bool> stopped{false};
  std::atomic<bool> doubts{false};  // whether any item is in doubt
  std::uint64_t next = 0;           // from here on nothing was taken yet
  std::uint64_t end = 0;
  bounds again;
  bounds redo;
  std::uint32_t redo_above = 0;  // of rule 4
  // Behind it: held, as many words as there are takers; then the three sets.
};

class shared_dispenser::pool {
 public:
  pool(table::bounds& of, word* words) noexcept : of_(of), words_(words) {}

  [[nodiscard]] bool contains(std::uint64_t item) const noexcept { return (words_[item / 64] >> item % 64 & 1U) != 0; }
  void insert(std::uint64_t item) noexcept {
    of_.low = std::min(of_.low, item);
    of_.end = std::max(of_.end, item + 1);
    if (contains(item)) return;
    words_[item / 64] |= word{1} << item % 64;
    ++of_.count;
  }
  void erase(const item_range& range) noexcept {
    const std::uint64_t end = std::min(range.end(), of_.end);
    for (std::uint64_t item = range.first; item < end; ++item) {
      if (!contains(item)) continue;
      words_[item / 64] &= ~(word{1} << item % 64);
      --of_.count;
    }
  }
  // The first run of items, at most `want`.
  [[nodiscard]] std::optional<item_range> first(std::uint64_t want) noexcept {
    if (of_.count == 0) return std::nullopt;
    std::uint64_t at = of_.low / 64;
    const std::uint64_t words = (of_.end + 63) / 64;
    while (at < words && words_[at] == 0) ++at;
    if (at >= words) return std::nullopt;
    const std::uint64_t first = at * 64 + static_cast<unsigned>(std::countr_zero(words_[at]));
    of_.low = first;  // nothing is below it
    std::uint64_t end = first + 1;
    while (end < of_.end && end - first < want && contains(end)) ++end;
    return item_range(first, end - first);
  }
  void recount() noexcept {
    of_.count = 0;
    for (std::uint64_t at = of_.low / 64; at < (of_.end + 63) / 64; ++at)
      of_.count += static_cast<unsigned>(std::popcount(words_[at]));
  }
  void clear() noexcept {
    for (std::uint64_t at = of_.low / 64; at < (of_.end + 63) / 64; ++at) words_[at] = 0;
    of_ = {};
  }

 private:
  table::bounds& of_;
  word* words_;
};

// Holds the lock. What a dead holder has left half done is done first.
class shared_dispenser::guard {
 public:
  explicit guard(const shared_dispenser& of) : mutex_(of.table_->mutex) {
    if (mutex_.lock() == robust_mutex::taken::abandoned) of.repair();
  }
  guard(const guard&) = delete;
  guard& operator=(const guard&) = delete;
  ~guard() { mutex_.unlock(); }

 private:
  robust_mutex& mutex_;
};

std::size_t shared_dispenser::head_size(unsigned takers) noexcept {
  return (sizeof(table) + takers * sizeof(std::atomic<word>) + 63) / 64 * 64;
}

shared_dispenser::shared_dispenser(std::optional<std::uint64_t> count, unsigned takers)
    : items_(std::min(count.value_or(ledger_reader::default_item_limit), ledger_reader::default_item_limit)),
      stride_(items_ / 64 + 1),
      takers_(takers),
      endless_(!count),
      memory_(head_size(takers) + 3 * stride_ * sizeof(word)),
      table_(new(memory_.bytes().data()) table{}),
      held_(reinterpret_cast<std::atomic<word>*>(memory_.bytes().data() + sizeof(table))),
      words_(reinterpret_cast<word*>(memory_.bytes().data() + head_size(takers))) {
  table_->end = items_;
}

run_counters& shared_dispenser::counters() const noexcept {
  return table_->counters;
}
shared_dispenser::pool shared_dispenser::again() const noexcept {
  return {table_->again, words_};
}
shared_dispenser::pool shared_dispenser::redo() const noexcept {
  return {table_->redo, words_ + stride_};
}

// Rule 3 for one range. Twice is once.
void shared_dispenser::apply(const item_range& range) const noexcept {
  again().erase(range);
  redo().erase(range);
  table_->next = std::max(table_->next, range.end());
}

void shared_dispenser::repair() const noexcept {
  for (unsigned taker = 0; taker < takers_; ++taker)
    if (const std::uint64_t held = held_[taker].load(std::memory_order_relaxed); held != 0) apply(to_range(held));
  again().recount();
  redo().recount();
}

std::optional<item_range> shared_dispenser::take(unsigned taker, std::uint32_t writer, std::uint64_t want) {
  want = std::clamp<std::uint64_t>(want, 1, most_at_once);
  table& all = *table_;
  const guard lock(*this);
  if (all.stopped.load(std::memory_order_relaxed)) return std::nullopt;
  std::optional<item_range> range;
  if (writer > all.redo_above) range = redo().first(want);
  if (!range) range = again().first(want);
  if (!range && all.next < all.end) range = item_range(all.next, std::min(want, all.end - all.next));
  if (!range) return std::nullopt;
  held_[taker].store(to_word(*range), std::memory_order_release);  // rule 2
  // Nothing of what follows may be put before it.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  apply(*range);
  return range;
}

void shared_dispenser::resume(const item_states& states, state_set wanted, std::optional<std::uint64_t> count) {
  table& all = *table_;
  const guard lock(*this);
  again().clear();
  redo().clear();
  for (unsigned taker = 0; taker < takers_; ++taker) held_[taker].store(0, std::memory_order_relaxed);
  const std::uint64_t end = std::min(count.value_or(items_), items_);
  const std::uint64_t known = std::min(states.size(), end);
  for (auto item = states.next(0, wanted); item && *item < known; item = states.next(*item + 1, wanted)) {
    again().insert(*item);
    if (left_in_doubt.contains(states.get(*item))) {
      set_bit(words_ + 2 * stride_, *item);
      all.doubts.store(true, std::memory_order_relaxed);
    }
  }
  all.next = known;
  all.end = wanted.contains(item_state::unclaimed) ? end : known;
}

shared_dispenser::reclaimed shared_dispenser::reclaim(unsigned first_taker, unsigned takers, std::uint32_t writer,
                                                      const item_states& ledger,
                                                      std::span<const item_range> never_begun, bool repeatable) {
  table& all = *table_;
  reclaimed result;
  const guard lock(*this);
  for (unsigned taker = first_taker; taker < first_taker + takers; ++taker) {
    const item_range held = to_range(held_[taker].exchange(0, std::memory_order_relaxed));
    for (std::uint64_t item = held.first; item < held.end(); ++item) {
      if (ledger.get(item) != item_state::unclaimed) continue;
      again().insert(item);
      ++result.not_claimed;
    }
  }
  for (const item_range& range : never_begun)
    for (std::uint64_t item = range.first; item < std::min(range.end(), items_); ++item) {
      if (ledger.get(item) != item_state::claimed || redo().contains(item)) continue;
      redo().insert(item);
      ++result.not_begun;
    }
  for (auto item = ledger.next(0, item_state::claimed); item; item = ledger.next(*item + 1, item_state::claimed)) {
    if (*item < items_ && redo().contains(*item)) continue;  // what it had taken waited nowhere (rule 3)
    ++result.in_doubt;
    if (!repeatable || *item >= items_) continue;
    set_bit(words_ + 2 * stride_, *item);
    redo().insert(*item);
  }
  if (result.in_doubt != 0) all.doubts.store(true, std::memory_order_relaxed);
  if (result.in_doubt + result.not_begun != 0) all.redo_above = std::max(all.redo_above, writer);
  // So many fewer have been started for good: the schedule's places go to those who start them again.
  const std::uint64_t back = result.not_claimed + result.not_begun + (repeatable ? result.in_doubt : 0);
  std::uint64_t positions = all.counters.positions.load(std::memory_order_relaxed);
  while (!all.counters.positions.compare_exchange_weak(positions, positions - std::min(positions, back),
                                                       std::memory_order_relaxed)) {
  }
  return result;
}

std::optional<std::uint64_t> shared_dispenser::remaining() const {
  const guard lock(*this);
  if (table_->stopped.load(std::memory_order_relaxed)) return 0;
  if (endless_ && table_->end == items_ && table_->next < items_) return std::nullopt;
  return table_->again.count + table_->redo.count + (table_->end - table_->next);
}

void shared_dispenser::stop() noexcept {
  table_->stopped.store(true, std::memory_order_relaxed);
}

bool shared_dispenser::in_doubt(std::uint64_t item) const noexcept {
  if (!table_->doubts.load(std::memory_order_relaxed)) return false;
  return (load(words_[2 * stride_ + item / 64]) >> item % 64 & 1U) != 0;
}

class process_dispenser::loop_part final : public dispenser {
 public:
  loop_part(shared_dispenser& items, unsigned taker, std::uint32_t writer)
      : items_(items), taker_(taker), writer_(writer) {}
  std::optional<item_range> take(std::uint64_t want) override { return items_.take(taker_, writer_, want); }
  void stop() override { items_.stop(); }
  [[nodiscard]] std::optional<std::uint64_t> remaining() const override { return items_.remaining(); }
  [[nodiscard]] bool in_doubt(std::uint64_t item) const noexcept override { return items_.in_doubt(item); }

 private:
  shared_dispenser& items_;
  unsigned taker_;
  std::uint32_t writer_;
};

process_dispenser::process_dispenser(shared_dispenser& items, unsigned first_taker, unsigned loops,
                                     std::uint32_t writer)
    : items_(items) {
  for (unsigned i = 0; i < loops; ++i) loops_.push_back(std::make_unique<loop_part>(items, first_taker + i, writer));
}

}  // namespace lakh::load
