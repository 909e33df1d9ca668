#include <lakh/core/error.hpp>
#include <lakh/parallel/local_workers.hpp>
#include <lakh/parallel/loop_thread.hpp>
#include <lakh/parallel/part_worker.hpp>
#include <lakh/parallel/process_pool.hpp>

#include <algorithm>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

namespace lakh {

struct process_pool::state {
  state() : server(own.emplace()) {}
  explicit state(fork_server& shared) : server(shared) {}

  std::optional<fork_server> own;
  fork_server& server;
  std::size_t count = 0;
  std::mutex ending;  // join and terminate, one after the other; not while join waits
  std::promise<void> going;
  std::shared_future<void> gone;  // when every worker has ended; valid from the first join on
  std::optional<detail::loop_thread> manager;
  std::optional<detail::local_workers> workers;  // the manager's
};

process_pool::process_pool(std::size_t workers) : process_pool(pool_options().workers(workers)) {}
process_pool::process_pool(pool_options how) : process_pool(std::make_unique<state>(), std::move(how)) {}
process_pool::process_pool(fork_server& server, std::size_t workers)
    : process_pool(server, pool_options().workers(workers)) {}
process_pool::process_pool(fork_server& server, pool_options how)
    : process_pool(std::make_unique<state>(server), std::move(how)) {}

process_pool::process_pool(std::unique_ptr<state> with, pool_options how)
    : worker_group(std::make_shared<detail::dispatcher>(how.retries_, how.renew_after_), how.message_limit_),
      state_(std::move(with)) {
  state& self = *state_;
  self.count = how.workers_ != 0 ? how.workers_ : std::max(1U, std::thread::hardware_concurrency());
  self.manager.emplace("lakh-workers");
  try {
    self.manager->call([&] {
      self.workers.emplace(self.server, parts(), detail::pack_worker_settings(how.message_limit_, how.initializer_),
                           how.message_limit_, [&to = parts()](const std::exception_ptr& why) { to.give_up(why); });
      self.workers->start(self.count);
    });
  } catch (...) {
    terminate();
    throw;
  }
}

process_pool::~process_pool() {
  terminate();
}

void process_pool::close() noexcept {
  parts().close();
}

void process_pool::join() {
  close();
  parts().wait_idle();
  state& self = *state_;
  std::shared_future<void> gone;
  {
    const std::lock_guard<std::mutex> lock(self.ending);
    if (!self.gone.valid()) {
      self.gone = self.going.get_future().share();
      self.manager->call([&] {
        if (self.workers)
          self.workers->finish([&self] { self.going.set_value(); });
        else
          self.going.set_value();
      });
    }
    gone = self.gone;
  }
  gone.wait();
}

void process_pool::terminate() noexcept {
  close();
  parts().give_up(std::make_exception_ptr(cancelled()));
  const std::lock_guard<std::mutex> lock(state_->ending);
  state_->manager->call([&] { state_->workers.reset(); });
}

std::size_t process_pool::workers() const {
  return state_->count;
}

std::vector<pid_t> process_pool::worker_ids() const {
  return state_->manager->call([&] { return state_->workers ? state_->workers->ids() : std::vector<pid_t>(); });
}

}  // namespace lakh
