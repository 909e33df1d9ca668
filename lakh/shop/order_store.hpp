// The shop's memory: orders go in from any loop, and come back durable.
//
//   auto placed = co_await store.place(std::move(entry));
//
// 1. `created` and `replayed` mean that the order is on the disk: committed, and waited for (WAL, synchronous=FULL).
// 2. One thread writes. It takes all that wait, from every connection and loop, writes them in one transaction, waits
//    once for the disk, and wakes each loop once.
// 3. An entry that was taken belongs to the store: a coroutine that is cancelled while it waits leaves, and its order
// is
//    committed, or not, all the same.
// 4. A key that an entry claims is claimed until its outcome is certain, and free when the coroutine learns it.
// 5. At most `queue_limit` entries wait; more are refused at once.
#pragma once

#include <lakh/async/waiter.hpp>
#include <lakh/shop/keys_in_progress.hpp>
#include <lakh/shop/mailbox.hpp>
#include <lakh/shop/order_database.hpp>
#include <lakh/shop/order_entry.hpp>
#include <lakh/shop/order_reader.hpp>

#include <coroutine>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace lakh::shop {

class order_store;

class store_options {
 public:
  store_options() = default;
  database_tuning tuning;
  std::size_t queue_limit = 20'000;
  std::size_t group_limit = 2'000;               // entries in one transaction
  std::size_t checkpoint_every = 50'000;         // orders between two copies of the log into the file
  std::size_t longest_log = 64'000;              // pages, beyond which the writer itself stops to finish the copy
  std::function<void(const error&)> on_trouble;  // told, on a thread of the store, when a group or a copy failed
};

// What waits: lives in the coroutine, while the entry lives in the store.
class [[nodiscard]] place_operation final : public waiter {
 public:
  place_operation(order_store& store, order_entry entry);
  place_operation(const place_operation&) = delete;
  place_operation& operator=(const place_operation&) = delete;
  ~place_operation();

  template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) {
    if (!begin(self)) return false;
    if (send()) return true;
    leave();
    return false;
  }
  // Throws `cancelled` or timeout_error where the wait was cut short.
  placed await_resume() {
    throw_if_failed("wait for an order's commit");
    return std::move(placed_);
  }

  // For the store: an entry with the way back to its waiter, which is touched on the waiter's thread only.
  struct parcel final : mailbox::letter {
    parcel(order_entry what, std::shared_ptr<mailbox> home) : entry(std::move(what)), sender(std::move(home)) {}
    order_entry entry;
    std::shared_ptr<mailbox> sender;
    place_operation* waiting = nullptr;

   private:
    void open() noexcept override;
  };

 private:
  bool send();  // false if the store refused: then placed_ says so
  void give_up() noexcept;
  void abandon() noexcept override { give_up(); }

  order_store& store_;
  std::unique_ptr<parcel> unsent_;
  parcel* sent_ = nullptr;
  placed placed_;
};

class order_store {
 public:
  // Opens or creates the file; throws as open_to_write does.
  explicit order_store(const std::filesystem::path& file, store_options options = {});
  order_store(const order_store&) = delete;
  order_store& operator=(const order_store&) = delete;
  // Commits what waits, copies the log into the file, and closes it.
  ~order_store();

  // co_await it. The order must have passed check(); its key, if it has one, is claimed.
  place_operation place(order_entry entry) { return {*this, std::move(entry)}; }

  keys_in_progress& keys() noexcept;

  // Reading is short and does not wait for writers, so it blocks its thread: at most for the disk. From any thread.
  std::optional<std::string> find(std::string_view id);
  std::string list(const std::optional<std::string>& run, std::int64_t after, std::int64_t limit,
                   order_fields fields = order_fields::all());
  std::optional<customer_view> find_customer(std::string_view email);
  order_counts count();

 private:
  friend class place_operation;
  bool try_put(std::unique_ptr<place_operation::parcel>& entry);

  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace lakh::shop
