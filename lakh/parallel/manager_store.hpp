// What a manager keeps, and the requests about it that need no waiting. Internal to the room: no I/O.
//
// Asking makes nothing: a dict or list is there while something is in it, a counter from the first number that is given
// to it, a queue from its first push or its close (named_queue.hpp), a lock while somebody has it or waits for it.
#pragma once

#include <lakh/async/semaphore.hpp>
#include <lakh/parallel/manager_protocol.hpp>
#include <lakh/parallel/named_queue.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace lakh::detail {

class manager_store {
 public:
  // Bounds: bytes of keys and values with what it costs to keep them; bytes of the entries in one reply.
  manager_store(std::size_t most_memory, std::size_t most_in_reply) noexcept
      : most_memory_(most_memory), most_in_reply_(most_in_reply) {}

  struct named_lock {
    semaphore one{1};
    std::size_t users = 0;  // who hold it or wait for it
  };

  // Everything but lock_take, lock_release, queue_push and queue_pop, which wait.
  manager_reply perform(manager_request request);

  // Room for so many more bytes, or not; `give_back` what was taken.
  [[nodiscard]] bool take_memory(std::size_t bytes) noexcept {
    if (bytes > most_memory_ - memory_) return false;
    memory_ += bytes;
    return true;
  }
  void give_back(std::size_t bytes) noexcept { memory_ -= bytes; }
  [[nodiscard]] std::size_t memory() const noexcept { return memory_; }
  static std::size_t cost(const manager_value& value) noexcept;

  // The queue or lock of that name, with a place for it if it is not there; null if there is no memory for that.
  // Whoever uses it counts himself among its users, and calls `drop_if_unused` when he no longer is. Shared ownership
  // keeps it for those who wait, also where it is forgotten meanwhile.
  std::shared_ptr<named_queue> queue(const std::string& name);
  std::shared_ptr<named_lock> lock(const std::string& name);
  void drop_if_unused(const std::string& name, const named_queue& queue);
  void drop_if_unused(const std::string& name, const named_lock& lock);

 private:
  using dict = std::map<std::string, manager_value, std::less<>>;
  using list = std::deque<manager_value>;

  manager_reply on_dict(manager_request request);
  manager_reply on_list(manager_request request);
  manager_reply on_counter(const manager_request& request);
  manager_reply on_queue(const manager_request& request);
  manager_reply forget(const manager_request& request);
  manager_reply items_of(const dict& from, const manager_request& request) const;
  manager_reply items_of(const list& from, const manager_request& request) const;
  bool put(const std::string& name, std::string key, manager_value value);
  // Null where there is no memory for another name.
  template <class Map> typename Map::mapped_type* made(Map& in, const std::string& name);
  template <class Map> void drop(Map& from, const std::string& name);

  std::map<std::string, dict> dicts_;
  std::map<std::string, list> lists_;
  std::map<std::string, std::int64_t> counters_;
  std::map<std::string, std::shared_ptr<named_queue>> queues_;
  std::map<std::string, std::shared_ptr<named_lock>> locks_;
  std::size_t memory_ = 0;
  std::size_t most_memory_;
  std::size_t most_in_reply_;
};

}  // namespace lakh::detail
