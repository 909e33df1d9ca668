#include <lakh/parallel/spin_pause.hpp>
#include <lakh/parallel/thread_pool.hpp>

#include <algorithm>

#include <pthread.h>

namespace lakh {
namespace {

thread_local const thread_pool* current_pool = nullptr;

// A thread that has nothing to do looks around for so long before it sleeps: waking it costs a system call.
constexpr int looks_before_sleep = 200;

closed_error shut_down() {
  return closed_error(errc::queue_closed, "submit to a thread pool: it has been shut down");
}

class thread_in_line final : public detail::room_waiter {
 public:
  std::condition_variable served;

 private:
  void settled() noexcept override { served.notify_one(); }
};

std::size_t thread_count(std::size_t wanted) {
  return wanted != 0 ? wanted : std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

}  // namespace

const thread_pool* thread_pool::current() noexcept {
  return current_pool;
}

thread_pool::thread_pool(std::size_t threads, std::string_view name, std::size_t queue) : ring_(queue), name_(name) {
  try {
    // threads_ is read by the threads' tasks (size): it stands before the first one runs.
    threads_.resize(thread_count(threads));
    const std::lock_guard<std::mutex> not_yet(mutex_);
    for (std::size_t i = 0; i < threads_.size(); ++i) threads_[i] = std::thread([this, i] { work(i); });
  } catch (...) {
    shutdown(pending::cancel);
    throw;
  }
}

thread_pool::~thread_pool() {
  shutdown(pending::run);
}

void thread_pool::push(detail::task_state& task) {
  // Whoever stands in line comes first.
  if (in_line_.load(std::memory_order_relaxed) == 0 && ring_.push(&task) == detail::task_ring::pushed::yes)
    wake_one();
  else
    push_slowly(task);
}

bool thread_pool::try_push(detail::task_state& task) {
  if (in_line_.load(std::memory_order_relaxed) == 0 && ring_.push(&task) == detail::task_ring::pushed::yes) {
    wake_one();
    return true;
  }
  task.release();
  return false;
}

void thread_pool::push_slowly(detail::task_state& task) {
  thread_in_line self;
  self.task = &task;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!closed_ && current_pool == this) {
      lock.unlock();
      task.run();
      task.release();
      return;
    }
    if (!closed_) {
      rooms_.push_back(self);
      in_line_.fetch_add(1, std::memory_order_seq_cst);
      admit();
      while (self.linked()) self.served.wait(lock);
    }
  }
  if (self.accepted) return;
  task.release();
  throw shut_down();
}

bool thread_pool::enter_later(detail::task_state& task, detail::room_waiter& waiter) {
  if (in_line_.load(std::memory_order_relaxed) == 0 && ring_.push(&task) == detail::task_ring::pushed::yes) {
    wake_one();
    return true;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (closed_) return false;
  waiter.task = &task;
  rooms_.push_back(waiter);
  in_line_.fetch_add(1, std::memory_order_seq_cst);
  admit();
  return true;
}

bool thread_pool::withdraw(detail::room_waiter& waiter) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!waiter.linked()) return false;
  waiter.unlink();
  in_line_.fetch_sub(1, std::memory_order_seq_cst);
  return true;
}

// Gives those in line the places that are free. With the mutex held.
void thread_pool::admit() noexcept {
  while (!rooms_.empty() && ring_.has_room()) {
    detail::room_waiter& first = rooms_.pop_front();
    detail::task_state* const task = first.task;
    first.accepted = true;
    first.settled();
    // Once its task is in the ring, who waited may be gone.
    if (ring_.push(task) != detail::task_ring::pushed::yes) {  // somebody took the place without standing in line
      first.accepted = false;
      room_list again;
      again.push_back(first);
      again.splice(rooms_);
      rooms_.splice(again);
      return;
    }
    in_line_.fetch_sub(1, std::memory_order_seq_cst);
    wake_one_locked();
  }
}

// One at a time: who wakes up calls the next, if there is more to do than it takes itself.
void thread_pool::wake_one() noexcept {
  if (idle_.load(std::memory_order_seq_cst) == 0 || waking_.exchange(true, std::memory_order_seq_cst)) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++calls_;
  }
  called_.notify_one();
}

void thread_pool::wake_one_locked() noexcept {
  if (idle_.load(std::memory_order_seq_cst) == 0 || waking_.exchange(true, std::memory_order_seq_cst)) return;
  ++calls_;
  called_.notify_one();
}

// Sleeps until there may be something to do. False if there never will be.
bool thread_pool::park() {
  if (ring_.is_drained()) return false;
  std::unique_lock<std::mutex> lock(mutex_);
  idle_.fetch_add(1, std::memory_order_seq_cst);
  // Looked at after idle_ was raised: whoever put something in since sees a sleeper.
  bool was_called = false;
  while (!ring_.has_item() && !closed_) {
    if (calls_ != 0) {
      --calls_;
      was_called = true;
      break;
    }
    called_.wait(lock);
  }
  idle_.fetch_sub(1, std::memory_order_seq_cst);
  if (!was_called && calls_ != 0) {  // the call was for whoever comes first
    --calls_;
    was_called = true;
  }
  if (was_called) waking_.store(false, std::memory_order_seq_cst);
  const bool closing = closed_;
  lock.unlock();
  if (!closing) return true;
  if (ring_.is_drained()) return false;
  std::this_thread::yield();  // somebody is in the middle of a cell
  return true;
}

detail::task_state* thread_pool::next() noexcept {
  for (int look = 0; look < looks_before_sleep; ++look) {
    if (void* const item = ring_.pop()) return static_cast<detail::task_state*>(item);
    detail::spin_pause();
  }
  return nullptr;
}

void thread_pool::work(std::size_t index) noexcept {
  constexpr std::size_t longest_name = 15;
  const std::string number = "-" + std::to_string(index);
  const std::string name = name_.substr(0, longest_name - std::min(longest_name, number.size())) + number;
  pthread_setname_np(pthread_self(), name.c_str());
  current_pool = this;
  {
    const std::lock_guard<std::mutex> all_started(mutex_);
  }

  while (true) {
    detail::task_state* const task = next();
    if (task == nullptr) {
      if (!park()) return;
      continue;
    }
    if (in_line_.load(std::memory_order_seq_cst) != 0) {
      const std::lock_guard<std::mutex> lock(mutex_);
      admit();
    }
    if (idle_.load(std::memory_order_relaxed) != 0 && ring_.has_item()) wake_one();
    if (discard_.load(std::memory_order_relaxed))
      task->cancel();
    else
      task->run();
    task->release();
  }
}

void thread_pool::shutdown(pending what) {
  if (current_pool == this)
    throw input_error("shut down a thread pool from one of its own threads",
                      "let its owner do it: it waits for the threads");
  if (what == pending::cancel) discard_.store(true, std::memory_order_relaxed);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    ring_.close();
    while (!rooms_.empty()) {
      rooms_.pop_front().settled();
      in_line_.fetch_sub(1, std::memory_order_seq_cst);
    }
    called_.notify_all();
  }
  const std::lock_guard<std::mutex> lock(joining_);
  for (std::thread& one : threads_)
    if (one.joinable()) one.join();
}

}  // namespace lakh
