// A client's connections to its manager. Internal to the room.
#pragma once

#include <lakh/async/run.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/core/error.hpp>
#include <lakh/net/endpoint.hpp>
#include <lakh/parallel/authentication.hpp>
#include <lakh/parallel/framed.hpp>
#include <lakh/parallel/manager_protocol.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lakh::detail {

// Carries one call at a time. Dropping it is always right: the manager takes back what it holds.
class manager_connection {
 public:
  // Belongs to the loop that it is made on.
  manager_connection(std::unique_ptr<net::stream> over, std::size_t most, std::uint64_t era)
      : over_(std::move(over), most), home_(&loop::current()), era_(era) {}
  [[nodiscard]] framed_stream& over() noexcept { return over_; }
  [[nodiscard]] bool alive() noexcept { return over_.stream().is_idle_and_alive(); }
  [[nodiscard]] const loop* home() const noexcept { return home_; }
  // How often its client had begun anew when it was made.
  [[nodiscard]] std::uint64_t era() const noexcept { return era_; }

 private:
  framed_stream over_;
  const loop* home_;
  std::uint64_t era_;
};

class manager_connections {
 public:
  manager_connections(net::endpoint where, shared_key key, std::size_t most_message, duration call_limit)
      : where_(std::move(where)),
        key_(std::move(key)),
        most_message_(most_message),
        call_limit_(call_limit),
        home_(loop::running() ? &loop::current() : nullptr) {}

  // One that lies idle on this loop, or a new one.
  task<std::unique_ptr<manager_connection>> take();
  // For the next call. One whose call failed is not put back.
  void put_back(std::unique_ptr<manager_connection> one);
  // Tells the manager that the lock which this one holds is free, and puts it back; or drops it, which says the same.
  void let_go(std::unique_ptr<manager_connection> holder, const std::string& lock) noexcept;

  // The reply, of status done or nothing; throws where it was refused, or the manager is full.
  task<manager_reply> ask(manager_connection& over, manager_request request);
  // A call from its beginning to its end, within call_limit.
  task<manager_reply> call(manager_request request);
  // The same for verbs that wait.
  task<manager_reply> wait_for(manager_request request);

  // Runs a call on the loop that blocking calls have for themselves.
  template <class T> T block(task<T> work, std::optional<time_point> until = {}) {
    cancel_scope root;
    if (until) work = with_deadline_here(*until, std::move(work));
    return run_on(own_loop_, root, std::move(work));
  }

  [[nodiscard]] duration call_limit() const noexcept { return call_limit_; }
  void reconnect() noexcept;

 private:
  // As with_deadline, from where no loop runs yet.
  template <class T> static task<T> with_deadline_here(time_point until, task<T> work) {
    co_return co_await with_deadline(until, std::move(work));
  }
  task<std::unique_ptr<manager_connection>> connect();

  net::endpoint where_;
  shared_key key_;
  std::size_t most_message_;
  duration call_limit_;
  std::optional<std::uint64_t> instance_;
  loop* home_;     // of the coroutine that made the client
  loop own_loop_;  // for blocking calls
  std::uint64_t era_ = 0;
  std::vector<std::unique_ptr<manager_connection>> idle_;
};

}  // namespace lakh::detail
