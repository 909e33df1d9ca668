#include <lakh/shop/mailbox.hpp>

#include <iterator>
#include <utility>

namespace lakh::shop {

const std::shared_ptr<mailbox>& mailbox::here() {
  static thread_local const std::shared_ptr<mailbox> mine = std::make_shared<mailbox>();
  return mine;
}

void mailbox::expect(loop& home) {
  std::vector<std::unique_ptr<letter>> unread;  // destroyed after the lock is given back
  const std::lock_guard lock(mutex_);
  if (waiting_++ != 0) return;
  // What was posted to a loop that has ended since will never run.
  home_ = &home;
  posted_ = false;
  unread.swap(arrived_);
}

void mailbox::leave() noexcept {
  const std::lock_guard lock(mutex_);
  --waiting_;
}

void mailbox::deliver(std::vector<std::unique_ptr<letter>> letters) {
  const std::lock_guard lock(mutex_);
  if (waiting_ == 0) return;
  if (arrived_.empty())
    arrived_.swap(letters);
  else
    arrived_.insert(arrived_.end(), std::make_move_iterator(letters.begin()), std::make_move_iterator(letters.end()));
  if (std::exchange(posted_, true)) return;
  // Under the lock: somebody waits on that loop, and cannot leave meanwhile, so it is alive.
  home_->post([self = shared_from_this()] { self->open_all(); });
}

void mailbox::open_all() {
  std::vector<std::unique_ptr<letter>> opened;
  {
    const std::lock_guard lock(mutex_);
    posted_ = false;
    opened.swap(arrived_);
  }
  for (const auto& each : opened) each->open();
}

}  // namespace lakh::shop
