// What a manager keeps, used from another process or machine.
//
//   lakh::manager_client shared(lakh::net::endpoint::parse("127.0.0.1:7000"), key);
//   lakh::manager_dict settings = shared.dict("settings");
//   settings.set("limit", std::int64_t{64});                           // a thread waits for it
//   auto limit = co_await settings.async_get("limit");                 // a coroutine waits for it
//   {
//     const lakh::manager_hold alone = shared.lock("billing").take();  // nobody else has it, on any machine
//   }
//
// Contract
// 1. Every function comes twice: `f` blocks the thread, `async_f` is for coroutines. A client belongs to one thread.
// One
//    that is made in a coroutine belongs to its loop, and dies before it, as streams do; on another loop its async
//    functions are an input_error.
// 2. A connection carries one call at a time; as many are made as there are calls at once, and kept for the next ones.
// 3. Errors: authentication_error for a wrong key; connect_error where no manager answers; closed_error where it went
//    away within a call, or where another one has taken its place since (what was kept is gone: reconnect() says that
//    this is known, and begins with the new one); timeout_error where it does not answer within call_limit; error of
//    kind limit where it is full; input_error where a call asks for what cannot be, such as adding to a text.
// 4. A call that failed, ran out of time or was cancelled may have been carried out or not, but for: a lock, which is
//    given back then, and a queue's pop, which then has taken nothing.
// 5. take, push and pop wait as long as it takes, or until the time that they are given; but not for a manager whose
//    machine has gone without a word: over TCP the kernel asks for it, and they throw within a minute.
#pragma once

#include <lakh/async/loop.hpp>
#include <lakh/async/task.hpp>
#include <lakh/net/endpoint.hpp>
#include <lakh/parallel/authentication.hpp>
#include <lakh/parallel/manager_protocol.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lakh {

class manager_client;

namespace detail {

class manager_connections;
class manager_connection;

// A thing of a name that a manager keeps.
class manager_object {
 protected:
  manager_object(std::shared_ptr<manager_connections> of, std::string name)
      : of_(std::move(of)), name_(std::move(name)) {}
  [[nodiscard]] manager_request request(manager_verb verb) const;
  [[nodiscard]] const std::shared_ptr<manager_connections>& of() const noexcept { return of_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  std::shared_ptr<manager_connections> of_;
  std::string name_;
};

}  // namespace detail

// Keys in order, with values.
class manager_dict : detail::manager_object {
 public:
  using entry = std::pair<std::string, manager_value>;

  std::optional<manager_value> get(std::string key);
  void set(std::string key, manager_value value);
  // To an integer, or to 0 if the key is not there. Returns the sum.
  std::int64_t add(std::string key, std::int64_t amount);
  // Only if `expected` stands there (nothing: if the key is not there). False if not.
  bool replace(std::string key, std::optional<manager_value> expected, manager_value value);
  bool erase(std::string key);
  std::size_t size();
  // All of them. Fetched in pages: what others change meanwhile may be in it or not.
  std::vector<entry> items();

  task<std::optional<manager_value>> async_get(std::string key);
  task<void> async_set(std::string key, manager_value value);
  task<std::int64_t> async_add(std::string key, std::int64_t amount);
  task<bool> async_replace(std::string key, std::optional<manager_value> expected, manager_value value);
  task<bool> async_erase(std::string key);
  task<std::size_t> async_size();
  task<std::vector<entry>> async_items();

 private:
  friend class manager_client;
  using manager_object::manager_object;
};

class manager_list : detail::manager_object {
 public:
  // They return the new length.
  std::size_t push_back(manager_value value);
  std::size_t push_front(manager_value value);
  // Nothing where there is none.
  std::optional<manager_value> pop_front();
  std::optional<manager_value> pop_back();
  std::optional<manager_value> get(std::size_t index);
  bool set(std::size_t index, manager_value value);
  std::size_t size();
  // All of them. Fetched in pages, by index: while others take values from the front or put some there, those at the
  // border between two pages may be left out or come twice. What has to be exact stands under a lock.
  std::vector<manager_value> items();

  task<std::size_t> async_push_back(manager_value value);
  task<std::size_t> async_push_front(manager_value value);
  task<std::optional<manager_value>> async_pop_front();
  task<std::optional<manager_value>> async_pop_back();
  task<std::optional<manager_value>> async_get(std::size_t index);
  task<bool> async_set(std::size_t index, manager_value value);
  task<std::size_t> async_size();
  task<std::vector<manager_value>> async_items();

 private:
  friend class manager_client;
  using manager_object::manager_object;
};

// Begins as 0.
class manager_counter : detail::manager_object {
 public:
  std::int64_t add(std::int64_t amount = 1);  // returns the sum
  std::int64_t get();
  void set(std::int64_t value);

  task<std::int64_t> async_add(std::int64_t amount = 1);
  task<std::int64_t> async_get();
  task<void> async_set(std::int64_t value);

 private:
  friend class manager_client;
  using manager_object::manager_object;
};

// A lock that is held. Given back when it goes, without waiting; at the latest when the process dies.
class [[nodiscard]] manager_hold {
 public:
  manager_hold(manager_hold&& other) noexcept;
  manager_hold& operator=(manager_hold&& other) noexcept;
  ~manager_hold();
  // False where the manager has visibly gone: then another may hold the lock.
  [[nodiscard]] bool valid() const noexcept;

 private:
  friend class manager_lock;
  manager_hold(std::shared_ptr<detail::manager_connections> of, std::unique_ptr<detail::manager_connection> by,
               std::string name) noexcept;
  std::shared_ptr<detail::manager_connections> of_;  // whose loop the connection is on
  std::unique_ptr<detail::manager_connection> by_;
  std::string name_;
};

// Those who wait are served in the order in which they came.
class manager_lock : detail::manager_object {
 public:
  // timeout_error where the time comes first.
  manager_hold take(std::optional<time_point> until = {});
  task<manager_hold> async_take();

 private:
  friend class manager_client;
  using manager_object::manager_object;
};

// Bounded: the first push decides its capacity. It is there from its first push or its close until it is forgotten.
class manager_queue : detail::manager_object {
 public:
  // False if it is closed. timeout_error where the time comes first.
  bool push(manager_value value, std::optional<time_point> until = {});
  // Nothing if it is closed and empty, and nothing can come back: where another client was sent the last item and has
  // not confirmed that it arrived, pop waits until that is known.
  std::optional<manager_value> pop(std::optional<time_point> until = {});
  void close();
  std::size_t size();

  task<bool> async_push(manager_value value);
  task<std::optional<manager_value>> async_pop();
  task<void> async_close();
  task<std::size_t> async_size();

 private:
  friend class manager_client;
  manager_queue(std::shared_ptr<detail::manager_connections> of, std::string name, std::size_t capacity)
      : manager_object(std::move(of), std::move(name)), capacity_(capacity) {}
  [[nodiscard]] detail::manager_request request(detail::manager_verb verb) const;
  std::size_t capacity_;
};

class manager_client {
 public:
  // Connects when the first call is made.
  manager_client(net::endpoint where, shared_key key, std::size_t most_message = std::size_t{1} << 20U,
                 duration call_limit = std::chrono::seconds(30));
  ~manager_client();
  manager_client(manager_client&&) noexcept = default;
  manager_client& operator=(manager_client&&) noexcept = default;

  // These cost nothing, and outlive neither the loop nor the thread of the client.
  [[nodiscard]] manager_dict dict(std::string name) const;
  [[nodiscard]] manager_list list(std::string name) const;
  [[nodiscard]] manager_counter counter(std::string name) const;
  [[nodiscard]] manager_lock lock(std::string name) const;
  // Throws input_error for a capacity of 0 or above 1,000,000.
  [[nodiscard]] manager_queue queue(std::string name, std::size_t capacity = 1000) const;

  // Drops dict, list, counter and queue of that name, and their memory. False if there was none; a dict or list with
  // nothing in it is none.
  bool forget(std::string name);
  task<bool> async_forget(std::string name);

  // Asks for a sign of life, and waits for it. Throws what rule 3 says.
  void ping();
  task<void> async_ping();

  // Forgets the manager that it knew, and takes the one that is there now.
  void reconnect() noexcept;

 private:
  std::shared_ptr<detail::manager_connections> connections_;
};

}  // namespace lakh
