// What a manager and its clients say to each other (docs/manager.md). Both are of the same source: fields are packed as
// they stand here, and the layout's digest is compared before anything else is said.
#pragma once

#include <lakh/parallel/packed.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lakh {

// What a manager keeps: nothing, a truth value, a number, or bytes (text, JSON, packed values: whatever the clients
// agree on).
using manager_value = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

namespace detail {

// The purpose that is bound into the handshake (authentication.hpp).
inline constexpr std::string_view manager_purpose = "lakh manager";
// A reply holds what a request brought, and some words of its own.
inline constexpr std::size_t manager_reply_slack = 1024;
inline constexpr std::size_t most_queue_capacity = 1'000'000;

BOOST_DEFINE_ENUM_CLASS(manager_verb, dict_get, dict_set, dict_add, dict_replace, dict_erase, dict_size, dict_items,
                        list_push_back, list_push_front, list_pop_front, list_pop_back, list_get, list_set, list_size,
                        list_items, counter_add, counter_get, counter_set, lock_take, lock_release, queue_push,
                        queue_pop, queue_took, queue_close, queue_size, forget, ping)

// A verb uses the fields that it needs.
struct manager_request {
  manager_request() = default;  // no aggregate: g++ 12 destroys those twice that coroutines are handed
  manager_verb verb{};
  std::string name;                       // of the dict, list, ...
  std::string key;                        // of a dict; where a page begins
  std::int64_t number = 0;                // an index, an amount, a capacity
  manager_value value;                    // what to keep
  std::optional<manager_value> expected;  // for dict_replace: nothing means that the key is not there
};
BOOST_DESCRIBE_STRUCT(manager_request, (), (verb, name, key, number, value, expected))

BOOST_DEFINE_ENUM_CLASS(manager_status, done, nothing, refused, full)

struct manager_reply {
  manager_reply() = default;
  explicit manager_reply(manager_status how, std::string why = {}) : status(how), message(std::move(why)) {}
  static manager_reply done(std::int64_t number = 0) {
    manager_reply reply;
    reply.number = number;
    return reply;
  }
  static manager_reply done(manager_value value) {
    manager_reply reply;
    reply.value = std::move(value);
    return reply;
  }
  static manager_reply nothing() { return manager_reply(manager_status::nothing); }
  static manager_reply full() { return manager_reply(manager_status::full); }
  static manager_reply refused(std::string why) { return manager_reply(manager_status::refused, std::move(why)); }

  manager_status status{};
  std::int64_t number = 0;
  manager_value value;
  std::vector<std::pair<std::string, manager_value>> entries;
  bool more = false;    // entries: there are more behind the last one
  std::string message;  // why it was refused
};
BOOST_DESCRIBE_STRUCT(manager_reply, (), (status, number, value, entries, more, message))

// The manager's first message, behind the handshake.
struct manager_welcome {
  manager_welcome() = default;
  std::uint64_t layout = 0;    // manager_layout()
  std::uint64_t instance = 0;  // random: another one means that what was kept is gone
};
BOOST_DESCRIBE_STRUCT(manager_welcome, (), (layout, instance))

inline std::uint64_t manager_layout() {
  static const std::uint64_t digest = layout_digest<manager_request, manager_reply, manager_welcome>();
  return digest;
}

}  // namespace detail

}  // namespace lakh
