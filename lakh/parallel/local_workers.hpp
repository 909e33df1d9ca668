// Worker processes of this program, forked by a fork server: kept at a number, replaced when they die. Internal to the
// room. Everything is called on the thread of one loop.
//
// 1. What cannot be replaced at once, because the system has no room for it, is replaced as soon as it has.
// 2. The group is given up, which means that nobody is replaced any more and that whoever owns it is told why, once:
//    an initializer has thrown; three workers in a row have exited or crashed before they were ready, which is what an
//    initializer can bring about; thirty in a row have been killed before they were ready, by a signal that others
//    send (the kernel, where memory ran out, among them: that is why it is not for ever); the fork server is gone, or
//    there was no room for ten seconds, and no worker is left.
#pragma once

#include <lakh/async/loop.hpp>
#include <lakh/parallel/dispatcher.hpp>
#include <lakh/parallel/fork_server.hpp>
#include <lakh/parallel/process.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace lakh::detail {

class local_worker;

class local_workers final : private timer_node {
 public:
  // Server and dispatcher outlive it. `settings` as pack_worker_settings wrote them. `given_up` must not throw, nor
  // end this object.
  local_workers(fork_server& server, dispatcher& parts, std::string settings, std::size_t message_limit,
                std::function<void(const std::exception_ptr& why)> given_up);
  local_workers(const local_workers&) = delete;
  local_workers& operator=(const local_workers&) = delete;
  // Kills those that are left.
  ~local_workers();

  // Throws what fork_server::start throws.
  void start(std::size_t count);
  // Workers end when they have done what they have; `all_gone` is called after the last, perhaps at once.
  void finish(std::function<void()> all_gone);
  void kill_all() noexcept;
  [[nodiscard]] std::vector<pid_t> ids() const;

 private:
  friend class local_worker;
  void start_one();
  void is_ready(local_worker& worker);
  // Its initializer has thrown: no worker will do better.
  void cannot(local_worker& worker, const std::exception_ptr& why);
  void lost(local_worker& worker);
  // True if it should not be tried again.
  bool count_unready(const std::optional<exit_status>& status);
  void refill() noexcept;
  void refill_later();
  void give_up(const std::exception_ptr& why);
  void on_timer() noexcept override { refill(); }

  fork_server& server_;
  dispatcher& parts_;
  const std::string settings_;
  const std::size_t message_limit_;
  std::list<std::unique_ptr<local_worker>> workers_;
  std::function<void(const std::exception_ptr&)> given_up_;
  std::function<void()> all_gone_;
  std::optional<time_point> without_any_;  // since when there has been no room for a single worker
  std::size_t wanted_ = 0;
  std::size_t next_name_ = 0;
  int failed_unready_ = 0;  // in a row
  int killed_unready_ = 0;
  bool finishing_ = false;  // nobody is replaced any more
};

}  // namespace lakh::detail
