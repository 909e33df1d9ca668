#include <lakh/parallel/rendezvous.hpp>

namespace lakh {

broken_rendezvous::broken_rendezvous()
    : error(error_kind::cancelled, errc::cancelled, "the rendezvous is broken",
            "somebody did not come in time, or broke it up; reset() makes it whole again") {}

rendezvous::rendezvous(std::size_t parties) : parties_(parties), now_(std::make_shared<round>()) {
  if (parties == 0) throw input_error("a rendezvous of 0 parties has nobody to wait for");
}

std::size_t rendezvous::arrive(std::optional<time_point> until) {
  std::unique_lock<std::mutex> lock(mutex_);
  const std::shared_ptr<round> mine = now_;
  if (mine->became == outcome::broken) throw broken_rendezvous();
  const std::size_t order = mine->arrived++;
  if (mine->arrived == parties_) {
    now_ = std::make_shared<round>();
    mine->became = outcome::complete;
    ended_.notify_all();
    return order;
  }
  const auto over = [&] { return mine->became != outcome::open; };
  if (!until) {
    ended_.wait(lock, over);
  } else if (!ended_.wait_until(lock, *until, over)) {
    mine->became = outcome::broken;
    ended_.notify_all();
    throw timeout_error("wait for the others at a rendezvous: timed out");
  }
  if (mine->became == outcome::broken) throw broken_rendezvous();
  return order;
}

void rendezvous::break_round() {
  now_->became = outcome::broken;
  ended_.notify_all();
}

void rendezvous::break_up() {
  const std::lock_guard<std::mutex> lock(mutex_);
  break_round();
}

void rendezvous::reset() {
  const std::lock_guard<std::mutex> lock(mutex_);
  auto next = std::make_shared<round>();
  break_round();
  now_ = std::move(next);
}

bool rendezvous::is_broken() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return now_->became == outcome::broken;
}

std::size_t rendezvous::waiting() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return now_->became == outcome::open ? now_->arrived : 0;
}

}  // namespace lakh
