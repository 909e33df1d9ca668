#include <lakh/parallel/manager_store.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace lakh::detail {
namespace {

// What an entry costs beyond its bytes: node, string and variant, as near as matters for a bound.
constexpr std::size_t overhead = 128;
constexpr std::int64_t most_capacity = 1'000'000;

manager_reply done(std::int64_t number = 0) {
  manager_reply reply;
  reply.number = number;
  return reply;
}
manager_reply done(manager_value value) {
  manager_reply reply;
  reply.value = std::move(value);
  return reply;
}
manager_reply without(manager_status status) {
  manager_reply reply;
  reply.status = status;
  return reply;
}
manager_reply nothing() {
  return without(manager_status::nothing);
}
manager_reply full() {
  return without(manager_status::full);
}
manager_reply refused(std::string why) {
  manager_reply reply = without(manager_status::refused);
  reply.message = std::move(why);
  return reply;
}

std::size_t name_cost(std::string_view name) noexcept {
  return overhead + name.size();
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
  const auto at = in.find(name);
  if (at != in.end()) return &at->second;
  if (!take_memory(name_cost(name))) return nullptr;
  return &in[name];
}

std::shared_ptr<manager_store::named_queue> manager_store::queue(const std::string& name, std::int64_t capacity) {
  auto* const slot = made(queues_, name);
  if (slot == nullptr) return nullptr;
  if (*slot == nullptr) {
    *slot = std::make_shared<named_queue>();
    (*slot)->capacity = static_cast<std::size_t>(std::clamp<std::int64_t>(capacity, 1, most_capacity));
  }
  return *slot;
}

std::shared_ptr<manager_store::named_lock> manager_store::lock(const std::string& name) {
  auto* const slot = made(locks_, name);
  if (slot == nullptr) return nullptr;
  if (*slot == nullptr) *slot = std::make_shared<named_lock>();
  return *slot;
}

void manager_store::drop_if_unused(const std::string& lock_name) {
  const auto at = locks_.find(lock_name);
  if (at == locks_.end() || at->second->users != 0) return;
  locks_.erase(at);
  give_back(name_cost(lock_name));
}

manager_reply manager_store::perform(manager_request request) {
  const manager_verb verb = request.verb;
  if (verb <= manager_verb::dict_items) return on_dict(std::move(request));
  if (verb <= manager_verb::list_items) return on_list(std::move(request));
  if (verb <= manager_verb::counter_set) return on_counter(request);
  if (verb == manager_verb::queue_close || verb == manager_verb::queue_size) return on_queue(request);
  if (verb == manager_verb::forget) return forget(request);
  return refused("this cannot be asked for here");
}

bool manager_store::put(dict& into, std::string key, manager_value value) {
  const std::size_t wanted = cost(value);
  const auto at = into.find(key);
  if (at != into.end()) {
    const std::size_t had = cost(at->second);
    if (wanted > had && !take_memory(wanted - had)) return false;
    if (wanted < had) give_back(had - wanted);
    at->second = std::move(value);
    return true;
  }
  if (!take_memory(wanted + key.size())) return false;
  into.emplace(std::move(key), std::move(value));
  return true;
}

manager_reply manager_store::on_dict(manager_request request) {
  dict* const found = made(dicts_, request.name);
  if (found == nullptr) return full();
  dict& d = *found;
  const auto at = d.find(request.key);
  const bool there = at != d.end();
  switch (request.verb) {
    case manager_verb::dict_get: return there ? done(at->second) : nothing();
    case manager_verb::dict_set: return put(d, std::move(request.key), std::move(request.value)) ? done() : full();
    case manager_verb::dict_add: {
      const auto* number = there ? std::get_if<std::int64_t>(&at->second) : nullptr;
      if (there && number == nullptr) return refused("what stands there is no integer");
      const auto result = sum(number != nullptr ? *number : 0, request.number);
      if (!result) return refused("the sum does not fit 64 bits");
      return put(d, std::move(request.key), *result) ? done(*result) : full();
    }
    case manager_verb::dict_replace: {
      const bool as_expected = request.expected ? there && at->second == *request.expected : !there;
      if (!as_expected) return nothing();
      return put(d, std::move(request.key), std::move(request.value)) ? done() : full();
    }
    case manager_verb::dict_erase:
      if (!there) return nothing();
      give_back(cost(at->second) + at->first.size());
      d.erase(at);
      return done();
    case manager_verb::dict_size: return done(static_cast<std::int64_t>(d.size()));
    default: return items_of(d, request);
  }
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
  list* const found = made(lists_, request.name);
  if (found == nullptr) return full();
  list& l = *found;
  const bool front = request.verb == manager_verb::list_push_front || request.verb == manager_verb::list_pop_front;
  const bool inside = request.number >= 0 && static_cast<std::uint64_t>(request.number) < l.size();
  const auto index = static_cast<std::size_t>(request.number);
  switch (request.verb) {
    case manager_verb::list_push_back:
    case manager_verb::list_push_front:
      if (!take_memory(cost(request.value))) return full();
      if (front)
        l.push_front(std::move(request.value));
      else
        l.push_back(std::move(request.value));
      return done(static_cast<std::int64_t>(l.size()));
    case manager_verb::list_pop_front:
    case manager_verb::list_pop_back: {
      if (l.empty()) return nothing();
      manager_value value = std::move(front ? l.front() : l.back());
      if (front)
        l.pop_front();
      else
        l.pop_back();
      give_back(cost(value));
      return done(std::move(value));
    }
    case manager_verb::list_get: return inside ? done(l[index]) : nothing();
    case manager_verb::list_set: {
      if (!inside) return nothing();
      const std::size_t wanted = cost(request.value);
      const std::size_t had = cost(l[index]);
      if (wanted > had && !take_memory(wanted - had)) return full();
      if (wanted < had) give_back(had - wanted);
      l[index] = std::move(request.value);
      return done();
    }
    case manager_verb::list_size: return done(static_cast<std::int64_t>(l.size()));
    default: return items_of(l, request);
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
  std::int64_t* const found = made(counters_, request.name);
  if (found == nullptr) return full();
  if (request.verb == manager_verb::counter_set) *found = request.number;
  if (request.verb == manager_verb::counter_add) {
    const auto result = sum(*found, request.number);
    if (!result) return refused("the sum does not fit 64 bits");
    *found = *result;
  }
  return done(*found);
}

manager_reply manager_store::on_queue(const manager_request& request) {
  const auto found = queue(request.name, request.number);
  if (!found) return full();
  if (request.verb == manager_verb::queue_size) return done(static_cast<std::int64_t>(found->items.size()));
  found->closed = true;
  found->tell();
  return done();
}

// Dicts, lists and counters of that name, and a queue, whose waiters are told that it is closed. Not locks: they go
// when nobody uses them.
manager_reply manager_store::forget(const manager_request& request) {
  bool any = false;
  const auto gone = [&](std::size_t bytes) {
    give_back(bytes + name_cost(request.name));
    any = true;
  };
  if (const auto at = dicts_.find(request.name); at != dicts_.end()) {
    std::size_t bytes = 0;
    for (const auto& [key, value] : at->second) bytes += key.size() + cost(value);
    dicts_.erase(at);
    gone(bytes);
  }
  if (const auto at = lists_.find(request.name); at != lists_.end()) {
    std::size_t bytes = 0;
    for (const manager_value& value : at->second) bytes += cost(value);
    lists_.erase(at);
    gone(bytes);
  }
  if (counters_.erase(request.name) != 0) gone(0);
  if (const auto at = queues_.find(request.name); at != queues_.end()) {
    const std::shared_ptr<named_queue> old = at->second;
    queues_.erase(at);
    std::size_t bytes = 0;
    for (const manager_value& value : old->items) bytes += cost(value);
    old->items.clear();
    old->closed = old->forgotten = true;
    old->tell();
    gone(bytes);
  }
  return any ? done() : nothing();
}

}  // namespace lakh::detail
