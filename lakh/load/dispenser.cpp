#include <lakh/load/dispenser.hpp>

#include <algorithm>

namespace lakh::load {

range_dispenser::range_dispenser(std::uint64_t count) : end_(count), left_(count) {}

std::unique_ptr<range_dispenser> range_dispenser::unbounded(std::uint64_t first) {
  auto made = std::make_unique<range_dispenser>(no_end);
  made->next_ = first;
  return made;
}

range_dispenser::range_dispenser(std::uint64_t count, item_states states, state_set wanted)
    : states_(std::move(states)), wanted_(wanted), end_(count) {
  states_.grow(count);
  for (std::uint64_t item = 0; item < count; ++item) left_ += wanted.contains(states_.get(item)) ? 1 : 0;
}

std::optional<item_range> range_dispenser::take(std::uint64_t want) {
  want = std::max<std::uint64_t>(want, 1);
  const std::lock_guard lock(mutex_);
  if (stopped_) return std::nullopt;
  if (auto again = take_returned(want)) return again;
  if (wanted_) {
    const auto found = states_.next(next_, *wanted_);
    next_ = found && *found < end_ ? *found : end_;
  }
  if (next_ == end_) return std::nullopt;
  const std::uint64_t limit = want < end_ - next_ ? next_ + want : end_;
  item_range range(next_, (wanted_ ? states_.end_of_run(next_, limit, *wanted_) : limit) - next_);
  next_ = range.end();
  if (end_ != no_end) left_ -= range.count;
  return range;
}

std::optional<item_range> range_dispenser::take_returned(std::uint64_t want) {
  if (returned_.empty()) return std::nullopt;
  item_range& last = returned_.back();
  const item_range range(last.first, std::min(want, last.count));
  last = item_range(last.first + range.count, last.count - range.count);
  if (last.count == 0) returned_.pop_back();
  if (end_ != no_end) left_ -= range.count;
  return range;
}

void range_dispenser::give_back(item_range range) {
  if (range.count == 0) return;
  const std::lock_guard lock(mutex_);
  returned_.push_back(range);
  if (end_ != no_end) left_ += range.count;
}

void range_dispenser::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
}

std::optional<std::uint64_t> range_dispenser::remaining() const {
  const std::lock_guard lock(mutex_);
  if (stopped_) return 0;
  if (end_ == no_end) return std::nullopt;
  return left_;
}

std::uint64_t claim_size(const claim_need& need) noexcept {
  constexpr double seconds_of_work = 0.05;
  constexpr std::uint64_t most = 4096;
  constexpr std::uint64_t most_at_start = 256;
  const std::uint64_t lanes = std::max<std::uint64_t>(need.lanes_, 1);
  std::uint64_t size = std::min(lanes, most_at_start);
  if (need.rate_ > 0)
    size = static_cast<std::uint64_t>(std::min(need.rate_ * seconds_of_work, static_cast<double>(most)));
  if (!need.keyed_) size = std::min(size, lanes);
  return std::clamp<std::uint64_t>(size, 1, most);
}

}  // namespace lakh::load
