#include <lakh/load/claim_source.hpp>
#include <lakh/load/ledger_writer.hpp>

#include <algorithm>
#include <chrono>

namespace lakh::load {
namespace {

// Time enough for a claim's way to the disk, also on a slow one.
constexpr auto claim_before_due = std::chrono::milliseconds(100);

}  // namespace

claim_source::claim_source(dispenser& from, ledger_writer* ledger, std::atomic<std::uint64_t>& positions,
                           std::uint64_t lanes, bool keyed)
    : from_(from), ledger_(ledger), positions_(positions), lanes_(lanes), keyed_(keyed) {
  settled_.set();
}

bool claim_source::deal(std::optional<claimed_item>& to) {
  if (stopped_ || ready_.empty()) return false;
  reserved& front = ready_.front();
  to = claimed_item{front.items.first, front.position};
  if (front.mark != nullptr) marks_->begin_one(*front.mark);
  ++front.items.first;
  ++front.position;
  if (--front.items.count == 0) ready_.pop_front();
  ++dealt_;
  --ready_count_;
  return true;
}

// Half of a claim is time enough for the next one's way to the disk and back.
void claim_source::ask_ahead() {
  if (ready_count_ <= last_size_ / 2) ask();
}

void claim_source::ask() {
  if (asking_ || exhausted_ || stopped_ || armed()) return;
  loop& here = loop::current();
  const time_point now = here.now();
  // A lane asks for its next item when it is done with the one before: who has only just got the first has shown
  // nothing. Taken for finished, those would be a rate that claims whole small runs for one of several loops.
  const std::uint64_t finished = dealt_ - std::min(dealt_, lanes_);
  if (finished > finished_at_last_ask_ && now > last_ask_) {
    const double lately =
        static_cast<double>(finished - finished_at_last_ask_) / std::chrono::duration<double>(now - last_ask_).count();
    rate_ = rate_ == 0 ? lately : rate_ * 0.5 + lately * 0.5;
  }
  last_ask_ = now;
  finished_at_last_ask_ = finished;
  const std::uint64_t want =
      due_of(claim_size(claim_need().rate(rate_).lanes(lanes_).keyed(keyed_).marked(marks_ != nullptr)));
  if (want == 0 && !exhausted_) return;
  const std::optional<item_range> taken = want == 0 ? std::nullopt : from_.take(want);
  if (!taken) {
    exhausted_ = true;
    if (ready_.empty()) wake_waiting();
    return;
  }
  reserved claim{*taken, positions_.fetch_add(taken->count, std::memory_order_relaxed)};
  if (marks_ != nullptr) claim.mark = marks_->open(*taken);
  last_size_ = taken->count;
  asking_ = true;
  settled_.clear();
  if (ledger_ == nullptr) {
    here.post([this, claim] { arrived(claim, {}); });
    return;
  }
  ledger_->submit_claim(taken->first, taken->count, [this, claim, &here](std::error_code error) {
    here.post([this, claim, error] { arrived(claim, error); });
  });
}

std::uint64_t claim_source::due_of(std::uint64_t want) {
  if (schedule_ == nullptr || !schedule_->open()) return want;
  loop& here = loop::current();
  const std::uint64_t next = positions_.load(std::memory_order_relaxed);
  const std::uint64_t due = schedule_->due_at(here.now() + claim_before_due - schedule_start_);
  if (due > next) return std::min(want, due - next);
  if (const auto start = schedule_->start_of(next))
    here.arm(*this, schedule_start_ + *start - claim_before_due);
  else
    exhausted_ = true;
  return 0;
}

void claim_source::on_timer() noexcept {
  ask();
}

void claim_source::arrived(reserved claim, std::error_code error) {
  asking_ = false;
  settled_.set();
  if (error) {
    failure_ = error;
    stop();
    if (on_failure) on_failure(error);
    return;
  }
  if (stopped_) {
    release(claim.items);
    wake_waiting();
    return;
  }
  ready_count_ += claim.items.count;
  ready_.push_back(claim);
  wake_waiting();
}

void claim_source::wake_waiting() {
  while (!waiting_.empty()) {
    auto& lane = static_cast<next_operation&>(waiting_.front());
    if (!deal(lane.item_) && !ended()) break;
    lane.wake();
  }
  // Only now: asking may find that there is nothing left, and then calls this again.
  ask_ahead();
}

void claim_source::stop() {
  if (stopped_) return;
  stopped_ = true;
  if (armed()) loop::current().disarm(*this);
  for (const reserved& rest : ready_) release(rest.items);
  ready_.clear();
  ready_count_ = 0;
  wake_waiting();
}

void claim_source::release(std::uint64_t item) {
  if (marks_ != nullptr) (void)marks_->open(item_range(item, 1));  // begun, and then it was not
  release(item_range(item, 1));
}

void claim_source::release(const item_range& range) {
  if (ledger_ != nullptr) ledger_->submit_release(range.first, range.count);
}

task<void> claim_source::finish() {
  co_await settled_.wait();
}

}  // namespace lakh::load
