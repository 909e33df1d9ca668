#include <lakh/parallel/manager_store.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace lakh::detail {
namespace {

// What an entry costs beyond its bytes: node, string and variant, as near as matters for a bound. And what a deque
// costs that is empty.
constexpr std::size_t overhead = 128;
constexpr std::size_t deque_overhead = 576;

template <class Named> constexpr std::size_t overhead_of = overhead;
template <> constexpr std::size_t overhead_of<std::deque<manager_value>> = overhead + deque_overhead;
template <> constexpr std::size_t overhead_of<std::shared_ptr<named_queue>> = overhead + deque_overhead;

template <class Map> std::size_t name_cost(const Map& /*of*/, std::string_view name) noexcept {
  return overhead_of<typename Map::mapped_type> + name.size();
}

template <class Map> auto* find(Map& in, const std::string& name) {
  const auto at = in.find(name);
  return at == in.end() ? nullptr : &at->second;
}

// Nothing where it would overflow.
std::optional<std::int64_t> sum(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t result = 0;
  if (__builtin_add_overflow(a, b, &result)) return std::nullopt;
  return result;
}

}  // namespace

std::size_t manager_store::cost(const manager_value& value) noexcept {
  const auto* bytes = std::get_if<std::string>(&value);
  return overhead + (bytes != nullptr ? bytes->size() : 0);
}

template <class Map> typename Map::mapped_type* manager_store::made(Map& in, const std::string& name) {
  if (auto* const there = find(in, name)) return there;
  if (!take_memory(name_cost(in, name))) return nullptr;
  return &in[name];
}

template <class Map> void manager_store::drop(Map& from, const std::string& name) {
  if (from.erase(name) != 0) give_back(name_cost(from, name));
}

std::shared_ptr<named_queue> manager_store::queue(const std::string& name) {
  auto* const slot = made(queues_, name);
  if (slot == nullptr) return nullptr;
  if (*slot == nullptr) *slot = std::make_shared<named_queue>();
  return *slot;
}

std::shared_ptr<manager_store::named_lock> manager_store::lock(const std::string& name) {
  auto* const slot = made(locks_, name);
  if (slot == nullptr) return nullptr;
  if (*slot == nullptr) *slot = std::make_shared<named_lock>();
  return *slot;
}

void manager_store::drop_if_unused(const std::string& name, const named_queue& queue) {
  if (queue.users != 0 || queue.is_made()) return;
  const auto* const there = find(queues_, name);
  if (there != nullptr && there->get() == &queue) drop(queues_, name);  // otherwise it was forgotten
}

void manager_store::drop_if_unused(const std::string& name, const named_lock& lock) {
  if (lock.users == 0) drop(locks_, name);
}

manager_reply manager_store::perform(manager_request request) {
  const manager_verb verb = request.verb;
  if (verb <= manager_verb::dict_items) return on_dict(std::move(request));
  if (verb <= manager_verb::list_items) return on_list(std::move(request));
  if (verb <= manager_verb::counter_set) return on_counter(request);
  if (verb == manager_verb::queue_close || verb == manager_verb::queue_size) return on_queue(request);
  if (verb == manager_verb::forget) return forget(request);
  if (verb == manager_verb::ping) return manager_reply::done();
  return manager_reply::refused("this cannot be asked for here");
}

bool manager_store::put(const std::string& name, std::string key, manager_value value) {
  dict* const into = made(dicts_, name);
  if (into == nullptr) return false;
  const std::size_t wanted = cost(value);
  const auto at = into->find(key);
  if (at != into->end()) {
    const std::size_t had = cost(at->second);
    if (wanted > had && !take_memory(wanted - had)) return false;
    if (wanted < had) give_back(had - wanted);
    at->second = std::move(value);
    return true;
  }
  if (!take_memory(wanted + key.size())) {
    if (into->empty()) drop(dicts_, name);
    return false;
  }
  into->emplace(std::move(key), std::move(value));
  return true;
}

manager_reply manager_store::on_dict(manager_request request) {
  dict* const found = find(dicts_, request.name);
  const manager_value* const there = found != nullptr ? find(*found, request.key) : nullptr;
  switch (request.verb) {
    case manager_verb::dict_get: return there != nullptr ? manager_reply::done(*there) : manager_reply::nothing();
    case manager_verb::dict_set: break;
    case manager_verb::dict_add: {
      const auto* number = there != nullptr ? std::get_if<std::int64_t>(there) : nullptr;
      if (there != nullptr && number == nullptr) return manager_reply::refused("what stands there is no integer");
      const auto result = sum(number != nullptr ? *number : 0, request.number);
      if (!result) return manager_reply::refused("the sum does not fit 64 bits");
      if (!put(request.name, std::move(request.key), *result)) return manager_reply::full();
      return manager_reply::done(*result);
    }
    case manager_verb::dict_replace: {
      const bool as_expected = request.expected ? there != nullptr && *there == *request.expected : there == nullptr;
      if (!as_expected) return manager_reply::nothing();
      break;
    }
    case manager_verb::dict_erase:
      if (there == nullptr) return manager_reply::nothing();
      give_back(cost(*there) + request.key.size());
      found->erase(request.key);
      if (found->empty()) drop(dicts_, request.name);
      return manager_reply::done();
    case manager_verb::dict_size:
      return manager_reply::done(found != nullptr ? static_cast<std::int64_t>(found->size()) : 0);
    default: return found != nullptr ? items_of(*found, request) : manager_reply::done();
  }
  if (!put(request.name, std::move(request.key), std::move(request.value))) return manager_reply::full();
  return manager_reply::done();
}

// A page: those behind the key, in the order of keys; from the first one where the number is 0.
manager_reply manager_store::items_of(const dict& from, const manager_request& request) const {
  manager_reply reply;
  std::size_t bytes = 0;
  for (auto at = request.number == 0 ? from.begin() : from.upper_bound(request.key); at != from.end(); ++at) {
    bytes += cost(at->second) + at->first.size();
    if (!reply.entries.empty() && bytes > most_in_reply_) {
      reply.more = true;
      break;
    }
    reply.entries.emplace_back(at->first, at->second);
  }
  return reply;
}

manager_reply manager_store::on_list(manager_request request) {
  const manager_verb verb = request.verb;
  const bool front = verb == manager_verb::list_push_front || verb == manager_verb::list_pop_front;
  if (verb == manager_verb::list_push_back || verb == manager_verb::list_push_front) {
    list* const into = made(lists_, request.name);
    if (into == nullptr) return manager_reply::full();
    if (!take_memory(cost(request.value))) {
      if (into->empty()) drop(lists_, request.name);
      return manager_reply::full();
    }
    if (front)
      into->push_front(std::move(request.value));
    else
      into->push_back(std::move(request.value));
    return manager_reply::done(static_cast<std::int64_t>(into->size()));
  }

  list* const found = find(lists_, request.name);
  const std::size_t size = found != nullptr ? found->size() : 0;
  const bool inside = request.number >= 0 && static_cast<std::uint64_t>(request.number) < size;
  const auto index = static_cast<std::size_t>(request.number);
  switch (verb) {
    case manager_verb::list_pop_front:
    case manager_verb::list_pop_back: {
      if (size == 0) return manager_reply::nothing();
      manager_value value = std::move(front ? found->front() : found->back());
      if (front)
        found->pop_front();
      else
        found->pop_back();
      give_back(cost(value));
      if (found->empty()) drop(lists_, request.name);
      return manager_reply::done(std::move(value));
    }
    case manager_verb::list_get: return inside ? manager_reply::done((*found)[index]) : manager_reply::nothing();
    case manager_verb::list_set: {
      if (!inside) return manager_reply::nothing();
      manager_value& at = (*found)[index];
      const std::size_t wanted = cost(request.value);
      const std::size_t had = cost(at);
      if (wanted > had && !take_memory(wanted - had)) return manager_reply::full();
      if (wanted < had) give_back(had - wanted);
      at = std::move(request.value);
      return manager_reply::done();
    }
    case manager_verb::list_size: return manager_reply::done(static_cast<std::int64_t>(size));
    default: return found != nullptr ? items_of(*found, request) : manager_reply::done();
  }
}

// A page, from the index on.
manager_reply manager_store::items_of(const list& from, const manager_request& request) const {
  manager_reply reply;
  std::size_t bytes = 0;
  const std::size_t first = request.number < 0 ? from.size() : static_cast<std::size_t>(request.number);
  for (std::size_t at = first; at < from.size(); ++at) {
    bytes += cost(from[at]);
    if (!reply.entries.empty() && bytes > most_in_reply_) {
      reply.more = true;
      break;
    }
    reply.entries.emplace_back(std::string(), from[at]);
  }
  return reply;
}

manager_reply manager_store::on_counter(const manager_request& request) {
  const std::int64_t* const there = find(counters_, request.name);
  std::int64_t value = there != nullptr ? *there : 0;
  if (request.verb == manager_verb::counter_get) return manager_reply::done(value);
  if (request.verb == manager_verb::counter_set) {
    value = request.number;
  } else {
    const auto result = sum(value, request.number);
    if (!result) return manager_reply::refused("the sum does not fit 64 bits");
    value = *result;
  }
  std::int64_t* const kept = made(counters_, request.name);
  if (kept == nullptr) return manager_reply::full();
  *kept = value;
  return manager_reply::done(value);
}

manager_reply manager_store::on_queue(const manager_request& request) {
  if (request.verb == manager_verb::queue_size) {
    const auto* const found = find(queues_, request.name);
    return manager_reply::done(found != nullptr ? static_cast<std::int64_t>((*found)->items.size()) : 0);
  }
  const auto closing = queue(request.name);
  if (closing == nullptr) return manager_reply::full();
  closing->closed = true;
  closing->tell();
  return manager_reply::done();
}

// Dicts, lists and counters of that name, and a queue, whose waiters are told that it is closed. Not locks: they go
// when nobody uses them.
manager_reply manager_store::forget(const manager_request& request) {
  const std::string& name = request.name;
  bool any = false;
  if (const auto at = dicts_.find(name); at != dicts_.end()) {
    for (const auto& [key, value] : at->second) give_back(key.size() + cost(value));
    drop(dicts_, name);
    any = true;
  }
  if (const auto at = lists_.find(name); at != lists_.end()) {
    for (const manager_value& value : at->second) give_back(cost(value));
    drop(lists_, name);
    any = true;
  }
  if (counters_.contains(name)) {
    drop(counters_, name);
    any = true;
  }
  if (const auto at = queues_.find(name); at != queues_.end()) {
    const std::shared_ptr<named_queue> old = at->second;
    for (const manager_value& value : old->items) give_back(cost(value));
    drop(queues_, name);
    old->items.clear();
    old->in_hand = 0;  // what is in hand comes back to nobody
    old->closed = old->forgotten = true;
    old->tell();
    any = true;
  }
  return any ? manager_reply::done() : manager_reply::nothing();
}

}  // namespace lakh::detail
