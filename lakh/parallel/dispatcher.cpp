#include <lakh/core/error.hpp>
#include <lakh/parallel/dispatcher.hpp>
#include <lakh/parallel/remote_error.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace lakh::detail {
namespace {

using namespace std::chrono_literals;

constexpr duration busy_for = 2ms;
constexpr std::size_t most_in_hand = 64;
constexpr std::size_t least_workers = 4;
constexpr std::size_t messages_per_worker = 16;
// Of parts beyond the first: what does not fit a socket's buffer would only be copied.
constexpr std::size_t most_bytes_ahead = 128 * 1024;

// False where the worker was to stop behind a failure, and did.
bool take_items(part& of, unpacker& in, std::uint32_t count, bool stops, std::uint32_t& told) {
  while (count > 0) {
    const std::uint32_t done = of.take(in, count);
    told += done;
    count -= done;
    if (count == 0) return true;
    if (!in.take_if(item_failed)) unpacker::refuse("an item that is neither done nor failed");
    std::exception_ptr failure = unpack_exception(in);
    if (stops && count != 1) throw protocol_error("a worker goes on where it was to stop");
    of.take_failure(std::move(failure));
    ++told;
    --count;
    if (stops) return false;
  }
  return true;
}

}  // namespace

std::size_t parts_in_hand(duration average) noexcept {
  if (average <= duration::zero()) return 1;
  return std::clamp<std::size_t>(static_cast<std::size_t>(busy_for / average), 1, most_in_hand);
}

std::size_t usual_chunk(std::size_t elements, std::size_t workers) noexcept {
  const std::size_t messages = std::max(workers, least_workers) * messages_per_worker;
  return std::max<std::size_t>(1, (elements + messages - 1) / messages);
}

std::size_t chunks_ahead(std::size_t workers) noexcept {
  return messages_per_worker * std::max(workers, least_workers);
}

dispatcher::~dispatcher() {
  give_up(std::make_exception_ptr(cancelled()));
}

void dispatcher::add(std::unique_ptr<part>& next) {
  parts dropped;
  std::unique_ptr<part> refused;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) throw closed_error(errc::queue_closed, "hand work to workers: they have been closed");
    if (given_up_) {
      refused = std::move(next);
    } else {
      next->id_ = next_id_++;
      queue_.push_back(std::move(next));
      ++live_;
      if (!idle_.empty()) hand_out_to_idle(dropped);
    }
  }
  bury(std::move(dropped));
  if (refused) refused->fail(given_up_);  // which does not change any more
}

void dispatcher::join(peer& worker) {
  parts dropped;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    peers_.push_back(&worker);
    idle_.push_back(&worker);
    hand_out_to_idle(dropped);
  }
  bury(std::move(dropped));
}

void dispatcher::hand_out_to_idle(parts& dropped) {
  while (!queue_.empty() && !idle_.empty()) {
    peer& next = *idle_.back();
    idle_.pop_back();
    hand_out(next, dropped);
    if (next.in_hand_.empty()) {  // all that waited was dropped
      idle_.push_back(&next);
      return;
    }
  }
}

// To one that is not among the idle.
void dispatcher::hand_out(peer& to, parts& dropped) {
  std::size_t wanted = parts_in_hand(to.average_);
  // Its share, so that the others get theirs.
  wanted = std::min(wanted, to.in_hand_.size() + 1 + queue_.size() / peers_.size());
  if (to.in_hand_.empty()) to.since_ = clock::now();
  std::size_t bytes = 0;
  frames_.clear();
  while (!queue_.empty() && to.in_hand_.size() < wanted && !to.retiring_ && bytes < most_bytes_ahead) {
    std::unique_ptr<part> next = std::move(queue_.front());
    queue_.pop_front();
    if (!next->begun_ && !next->begin()) {
      dropped.push_back(std::move(next));
      continue;
    }
    next->begun_ = true;
    next->message_.address(next->id_, next->told_);
    frames_.push_back(next->message_.frame());
    bytes += frames_.back().size();
    to.in_hand_.push_back(std::move(next));
    to.retiring_ = ++to.begun_ == parts_per_worker_;
  }
  if (!frames_.empty()) to.send(frames_);
}

void dispatcher::answer(peer& worker, std::string_view message) {
  unpacker in(message);
  const auto id = in.next<std::uint64_t>();
  const auto first = in.next<std::uint32_t>();
  const auto count = in.next<std::uint32_t>();
  const bool last = in.next<bool>();

  part* now = nullptr;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!worker.in_hand_.empty() && worker.in_hand_.front()->id_ == id) now = worker.in_hand_.front().get();
  }
  if (now == nullptr) throw protocol_error("a worker answers what it was not asked");
  if (first != now->told_ || count > now->items() - now->told_ || (count == 0 && !last))
    throw protocol_error("a worker answers other items than it was asked");

  const bool failed = !take_items(*now, in, count, now->message_.stops_at_failure(), now->told_);
  in.finish();
  if (failed && !last) throw protocol_error("a worker goes on where it was to stop");
  if (last && !failed && now->told_ != now->items())
    throw protocol_error("a worker ends with items that it has not told");
  now->flush();

  std::unique_ptr<part> ended;
  parts dropped;
  bool retired = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    done_ += count;
    if (!last) return;
    ended = std::move(worker.in_hand_.front());
    worker.in_hand_.pop_front();
    const time_point at = clock::now();
    const duration took = std::max<duration>(at - worker.since_, std::chrono::nanoseconds(1));
    // One long part ends the lead at once, short ones bring it back by and by.
    worker.average_ =
        worker.average_ == duration::zero() || took > worker.average_ ? took : (worker.average_ * 3 + took) / 4;
    worker.since_ = at;
    if (!worker.retiring_) {
      hand_out(worker, dropped);
      if (worker.in_hand_.empty()) idle_.push_back(&worker);
    }
    retired = worker.retiring_ && worker.in_hand_.empty();
  }
  ended->end();
  ended.reset();
  settle(1);
  bury(std::move(dropped));
  if (retired) worker.retire();
}

void dispatcher::leave(peer& worker, const std::function<std::exception_ptr(const part&)>& why) {
  parts lost;
  parts dropped;
  std::exception_ptr given_up;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::erase(peers_, &worker);
    std::erase(idle_, &worker);
    given_up = given_up_;
    if (!worker.in_hand_.empty()) ++deaths_;
    while (worker.in_hand_.size() > 1 && !given_up) {
      queue_.push_front(std::move(worker.in_hand_.back()));
      worker.in_hand_.pop_back();
    }
    for (auto& one : worker.in_hand_) {
      if (!given_up && one->deaths_++ < retries_)
        queue_.push_front(std::move(one));
      else
        lost.push_back(std::move(one));
    }
    worker.in_hand_.clear();
    if (!idle_.empty()) hand_out_to_idle(dropped);
  }
  for (const auto& one : lost) one->fail(given_up ? given_up : why(*one));
  const std::size_t count = lost.size();
  lost.clear();
  settle(count);
  bury(std::move(dropped));
}

void dispatcher::settle(std::size_t count) {
  if (count == 0) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  live_ -= count;
  if (live_ == 0) idle_changed_.notify_all();
}

void dispatcher::bury(parts dropped) {
  const std::size_t count = dropped.size();
  dropped.clear();
  settle(count);
}

void dispatcher::close() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
}

void dispatcher::give_up(const std::exception_ptr& why) noexcept {
  std::deque<std::unique_ptr<part>> waiting;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (given_up_) return;
    given_up_ = why;
    waiting.swap(queue_);
  }
  for (const auto& one : waiting) one->fail(why);
  const std::size_t count = waiting.size();
  waiting.clear();
  settle(count);
}

void dispatcher::wait_idle() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (live_ != 0) idle_changed_.wait(lock);
}

work_progress dispatcher::progress() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return {peers_.size(), queue_.size(), live_ - queue_.size(), done_, deaths_};
}

}  // namespace lakh::detail
