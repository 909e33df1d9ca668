#include <lakh/load/dispenser.hpp>

#include <algorithm>
#include <array>

namespace lakh::load {

range_dispenser::range_dispenser(std::uint64_t count) : end_(count), left_(count) {}

std::unique_ptr<range_dispenser> range_dispenser::unbounded(std::uint64_t first) {
  auto made = std::make_unique<range_dispenser>(no_end);
  made->next_ = first;
  return made;
}

range_dispenser::range_dispenser(std::optional<std::uint64_t> count, std::shared_ptr<const item_states> states,
                                 state_set wanted)
    : states_(std::move(states)), wanted_(wanted), end_(count.value_or(no_end)) {
  if (!count) return;
  constexpr std::array all = {item_state::unclaimed, item_state::claimed, item_state::confirmed, item_state::failed,
                              item_state::unknown};
  for (const item_state state : all)
    if (wanted.contains(state)) left_ += states_->count(state);
  if (wanted.contains(item_state::unclaimed)) left_ += end_ - std::min(end_, states_->size());
}

std::optional<item_range> range_dispenser::next_wanted(std::uint64_t want) const noexcept {
  std::uint64_t first = next_;
  if (states_) {
    const std::uint64_t known = std::min(states_->size(), end_);
    const auto found = states_->next(first, wanted_);
    if (found && *found < known)
      first = *found;
    else if (wanted_.contains(item_state::unclaimed))
      first = std::max(first, known);
    else
      return std::nullopt;
  }
  if (first >= end_) return std::nullopt;
  const std::uint64_t limit = want < end_ - first ? first + want : end_;
  return item_range(first, (states_ ? states_->end_of_run(first, limit, wanted_) : limit) - first);
}

std::optional<item_range> range_dispenser::take(std::uint64_t want) {
  want = std::max<std::uint64_t>(want, 1);
  const std::lock_guard lock(mutex_);
  if (stopped_) return std::nullopt;
  const auto range = next_wanted(want);
  if (!range) {
    next_ = end_;
    return std::nullopt;
  }
  next_ = range->end();
  if (end_ != no_end) left_ -= range->count;
  return range;
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
  constexpr double seconds_if_marked = 0.02;
  constexpr std::uint64_t most = most_in_a_claim;
  const std::uint64_t lanes = std::max<std::uint64_t>(need.lanes_, 1);
  std::uint64_t size = std::min(lanes, most);
  if (need.rate_ > 0)
    size = static_cast<std::uint64_t>(std::min(need.rate_ * seconds_of_work, static_cast<double>(most)));
  if (!need.keyed_) {
    const double ahead = need.marked_ && need.rate_ > 0 ? need.rate_ * seconds_if_marked : 0;
    size = std::min(size, std::max(lanes, static_cast<std::uint64_t>(std::min(ahead, static_cast<double>(most)))));
  }
  return std::clamp<std::uint64_t>(size, 1, most);
}

}  // namespace lakh::load
