// A pool of processes of this program that call its functions.
//
//   int square(int n) { return n * n; }
//
//   int main() {
//     lakh::process_pool pool(4);                                     // first thing, while there is one thread
//     int nine = pool.apply(square, 3);
//     std::vector<int> all = pool.map(square, std::views::iota(0, 1000));
//     ...                                                             // all else: worker_group.hpp
//   }
//
// Functions are function pointers, lambdas without captures, function objects whose members are packable, and
// worker_functions: everything that a process forked from this program knows (see fork_server.hpp, contract 2: globals
// are as they were when the server was made).
//
// 1. A worker that dies (killed, crashed, ended by exit) is replaced, as soon as the system has room for another. The
//    task that it had fails with worker_died, or is handed out again: retry_on_death. Tasks that were only on their way
//    to it go to another, as if nothing had been.
// 2. A worker whose initializer throws ends the pool: all tasks fail with what was thrown. So does the third worker in
//    a row that exits or crashes before it is ready. One that is killed from outside by then (SIGKILL, SIGTERM,
//    whatever no crash raises) is only replaced, until it is the thirtieth in a row.
// 3. A function that never returns keeps its worker, and a task of it the pool, busy for ever: terminate() ends both.
// 4. Ctrl-C reaches this program alone: workers do not take notice of it.
// 5. When this program dies, also by kill -9, its workers are killed.
#pragma once

#include <lakh/parallel/fork_server.hpp>
#include <lakh/parallel/worker_group.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace lakh {

class pool_options {
 public:
  // 0: one per core.
  pool_options&& workers(std::size_t count) && {
    workers_ = count;
    return std::move(*this);
  }
  // How often a task whose worker died is handed out again. It should bear being done twice.
  pool_options&& retry_on_death(std::uint32_t times) && {
    retries_ = times;
    return std::move(*this);
  }
  // A worker is replaced by a fresh one after so many messages, each a task or a chunk of elements. 0: never.
  pool_options&& renew_after(std::uint64_t messages) && {
    renew_after_ = messages;
    return std::move(*this);
  }
  // Bytes of a task's arguments, and of a result; up to most_message_limit.
  pool_options&& message_limit(std::size_t bytes) && {
    message_limit_ = std::min(bytes, most_message_limit);
    return std::move(*this);
  }
  // Called once in each worker before it takes work.
  template <class F, class... A> pool_options&& initializer(const F& f, A&&... args) && {
    using parameters = typename detail::call_of<typename detail::callee<F>::type, A...>::parameters;
    initializer_.clear();
    detail::function_reference<F>::template write<parameters>(initializer_, f);
    pack_into(initializer_, parameters{std::forward<A>(args)...});
    return std::move(*this);
  }
  template <class R, class... P, class... A> pool_options&& initializer(R (&f)(P...), A&&... args) && {
    return std::move(*this).initializer(&f, std::forward<A>(args)...);
  }

 private:
  friend class process_pool;
  std::size_t workers_ = 0;
  std::size_t message_limit_ = default_message_limit;
  std::uint64_t renew_after_ = 0;
  std::uint32_t retries_ = 0;
  std::string initializer_;
};

namespace detail {
template <class F> struct callable_in_a_fork : std::true_type {};
}  // namespace detail

class process_pool final : public worker_group<detail::callable_in_a_fork> {
 public:
  // With a fork server of its own: refused (error) where this program has threads already. Then make one fork_server
  // first, and the pool of it at any later time.
  explicit process_pool(std::size_t workers = 0);
  explicit process_pool(pool_options how);
  // The server outlives the pool.
  explicit process_pool(fork_server& server, std::size_t workers = 0);
  process_pool(fork_server& server, pool_options how);
  // As terminate().
  ~process_pool() override;

  // No more tasks are taken; what has been taken is done.
  void close() noexcept;
  // close(); returns when everything is done and every worker has ended. Not on a thread that workers wait for.
  void join();
  // Kills the workers, whatever they do. Tasks not done yet end as cancelled.
  void terminate() noexcept;

  [[nodiscard]] std::size_t workers() const override;
  // The processes that there are now. Any of them may have ended, or be replaced, by the time this returns.
  [[nodiscard]] std::vector<pid_t> worker_ids() const;

 private:
  struct state;
  process_pool(std::unique_ptr<state> with, pool_options how);
  std::unique_ptr<state> state_;
};

}  // namespace lakh
