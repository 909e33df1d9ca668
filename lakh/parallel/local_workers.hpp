// Worker processes of this program, forked by a fork server: kept at a number, replaced when they die. Internal to the
// room. Everything is called on the thread of one loop.
#pragma once

#include <lakh/parallel/dispatcher.hpp>
#include <lakh/parallel/fork_server.hpp>
#include <lakh/parallel/process.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

namespace lakh::detail {

class local_worker;

class local_workers {
 public:
  // Server and dispatcher outlive it. `settings` as pack_worker_settings wrote them.
  local_workers(fork_server& server, dispatcher& parts, std::string settings, std::size_t message_limit);
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

  fork_server& server_;
  dispatcher& parts_;
  const std::string settings_;
  const std::size_t message_limit_;
  std::list<std::unique_ptr<local_worker>> workers_;
  std::function<void()> all_gone_;
  std::size_t next_name_ = 0;
  int died_unready_ = 0;  // in a row
  bool finishing_ = false;
};

}  // namespace lakh::detail
