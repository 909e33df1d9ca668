// A master that splits work and hands the parts to workers: processes of this program, and programs on other machines
// that connect to it. The same calls for both; workers may come at any time and go at any time.
//
//   // primes.hpp, which both programs include
//   inline const lakh::worker_function count_primes("count_primes", [](int from, int to) { ... });
//
//   // the master
//   lakh::master team;
//   team.listen(lakh::net::endpoint("0.0.0.0", 7000), lakh::shared_key::from_file("team.key"));
//   for (int count : team.imap_unordered(count_primes, parts)) sum += count;
//
//   // a worker, on any machine: work_for.hpp
//   return lakh::run_main(lakh::work_for(lakh::net::endpoint("master.example", 7000), key));
//
// What else can be asked of it stands in worker_group.hpp.
//
// 1. Parts wait until there is a worker. A worker that goes away with a part in hand, or says nothing for too long, has
//    not taken it along: it is handed out again, three times unless told otherwise, and then fails with worker_died.
//    So a function may be called more than once for an element; its result comes once.
// 2. Functions are worker_functions (worker_function.hpp): known by name, compared when a worker comes. A worker that
//    does not hold the key, or was built of other source, is refused, and told why.
// 3. Keys prove who is there, they do not encrypt: see authentication.hpp. Whoever holds the key can have the workers
//    do what their functions do, and the master believe what they say they did.
// 4. A place where it can no longer listen, or processes that can no longer be replaced (their fork server is gone), do
//    not disturb the others: last_refusal() says so. Only where none is left from which a worker might come does the
//    work fail, with what befell the last.
#pragma once

#include <lakh/core/error.hpp>
#include <lakh/net/endpoint.hpp>
#include <lakh/parallel/authentication.hpp>
#include <lakh/parallel/fork_server.hpp>
#include <lakh/parallel/worker_function.hpp>
#include <lakh/parallel/worker_group.hpp>
#include <lakh/parallel/worker_protocol.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace lakh {

class master_options {
 public:
  // How often a part whose worker went away is handed out again.
  master_options&& retry_on_death(std::uint32_t times) && {
    retries_ = times;
    return std::move(*this);
  }
  // Bytes of an element's arguments, and of a result; up to most_message_limit. A worker with a smaller limit is
  // refused.
  master_options&& message_limit(std::size_t bytes) && {
    message_limit_ = std::min(bytes, most_message_limit);
    return std::move(*this);
  }
  // A worker on another machine of which not a byte comes for so long is taken for dead. It gives a sign of life three
  // times as often, also while it works. From 10 ms to a year.
  master_options&& silence(duration at_most) && {
    silence_ = detail::bounded_silence(at_most);
    return std::move(*this);
  }

 private:
  friend class master;
  duration silence_ = std::chrono::seconds(30);
  std::size_t message_limit_ = default_message_limit;
  std::uint32_t retries_ = 3;
};

namespace detail {
template <class F> struct known_everywhere : std::false_type {};
template <class F> struct known_everywhere<worker_function<F>> : std::true_type {};
}  // namespace detail

class master final : public worker_group<detail::known_everywhere> {
 public:
  explicit master(master_options how = {});
  // As terminate().
  ~master() override;

  // Lets workers come from other programs and machines: over TCP or a Unix-domain socket, at several places if wanted.
  // Returns the place, with the port that the kernel chose if 0 was asked for. Throws as net::listener does.
  net::endpoint listen(const net::endpoint& at, shared_key key);
  // Workers that are processes of this program; 0: one per core. They are replaced when they die. The server outlives
  // the master. Throws as fork_server::start does.
  void add_processes(fork_server& server, std::size_t count = 0);

  // No more work is taken; what has been taken is done, given workers.
  void close() noexcept;
  // close(); returns when everything is done and the workers have been sent home.
  void join();
  // At once: what is not done yet ends as cancelled, connections are closed, processes killed.
  void terminate() noexcept;

  // Those that are there now.
  [[nodiscard]] std::size_t workers() const override;
  // Why the last one that was not let in was refused: "127.0.0.1:40312: …"; or what befell a source of workers
  // (contract 4). Empty if there was nothing.
  [[nodiscard]] std::string last_refusal() const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace lakh
