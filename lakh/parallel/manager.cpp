#include <lakh/async/scope.hpp>
#include <lakh/core/error.hpp>
#include <lakh/parallel/framed.hpp>
#include <lakh/parallel/manager.hpp>
#include <lakh/parallel/manager_store.hpp>

#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace lakh {

using detail::manager_reply;
using detail::manager_request;
using detail::manager_status;
using detail::manager_store;
using detail::manager_verb;

namespace {

// A reply holds what a request brought, and some words of its own.
constexpr std::size_t reply_slack = 1024;

manager_reply reply_of(manager_status status, std::string message = {}) {
  manager_reply reply;
  reply.status = status;
  reply.message = std::move(message);
  return reply;
}

std::uint64_t random_number() {
  const shared_key bytes = shared_key::random();
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.bytes().data(), sizeof number);
  return number;
}

// One of the connections, from the moment it was accepted.
class counted {
 public:
  explicit counted(std::size_t& of) noexcept : number_(&of) { ++of; }
  counted(counted&& other) noexcept : number_(std::exchange(other.number_, nullptr)) {}
  counted& operator=(counted&&) = delete;
  ~counted() {
    if (number_ != nullptr) --*number_;
  }

 private:
  std::size_t* number_;
};

// One connection: what it holds goes back when it ends.
class manager_session {
 public:
  manager_session(manager_store& store, framed_stream& peer) noexcept : store_(store), peer_(peer) {}
  manager_session(const manager_session&) = delete;
  manager_session& operator=(const manager_session&) = delete;
  ~manager_session() {
    while (!held_.empty()) release(held_.begin()->first);
    if (!in_hand_) return;
    manager_store::named_queue& queue = *in_hand_->first;
    if (queue.forgotten) {
      store_.give_back(manager_store::cost(in_hand_->second));
      return;
    }
    queue.items.push_front(std::move(in_hand_->second));
    queue.tell();
  }

  // Nothing for what is not answered, and where the peer went while it waited.
  task<std::optional<manager_reply>> perform(manager_request request) {
    switch (request.verb) {
      case manager_verb::lock_take: co_return co_await take_lock(std::move(request));
      case manager_verb::lock_release:
        co_return reply_of(release(request.name) ? manager_status::done : manager_status::nothing);
      case manager_verb::queue_push: co_return co_await push(std::move(request));
      case manager_verb::queue_pop: co_return co_await pop(std::move(request));
      case manager_verb::queue_took: took(); co_return std::nullopt;
      default: co_return store_.perform(std::move(request));
    }
  }

 private:
  // Waits while the peer is there; false if it went. It has nothing to say while it waits for its answer.
  task<bool> while_connected(task<void> wait) {
    bool gone = false;
    bool spoke = false;
    const auto both = [&](scope& s) -> task<void> {
      s.spawn([](scope& ends, framed_stream& peer, bool& has_gone, bool& has_spoken) -> task<void> {
        try {
          has_spoken = (co_await peer.receive()).has_value();
          has_gone = true;
        } catch (const transport_error&) {
          has_gone = true;
        }
        ends.cancel();
      }(s, peer_, gone, spoke));
      co_await std::move(wait);
      s.cancel();
    };
    co_await in_scope(both);
    if (spoke) throw protocol_error("it did not wait for the answer to what it had asked");
    co_return !gone;
  }

  task<std::optional<manager_reply>> take_lock(manager_request request) {
    if (held_.contains(request.name)) co_return reply_of(manager_status::refused, "this connection holds it already");
    const auto lock = store_.lock(request.name);
    if (!lock) co_return reply_of(manager_status::full);
    users user(store_, request.name, *lock);
    permit taken;
    if (lock->one.try_take()) {
      taken = permit(lock->one);
    } else {
      const auto wait = [](manager_store::named_lock& of, permit& into) -> task<void> {
        into = co_await of.one.acquire();
      };
      const bool there = co_await while_connected(wait(*lock, taken));
      if (!there) co_return std::nullopt;
    }
    held_.emplace(request.name, holding(lock, std::move(taken)));
    user.keep();
    co_return reply_of(manager_status::done);
  }

  bool release(const std::string& name) {
    auto one = held_.extract(name);
    if (one.empty()) return false;
    one.mapped().taken.release();
    --one.mapped().lock->users;
    store_.drop_if_unused(one.key());
    return true;
  }

  task<std::optional<manager_reply>> push(manager_request request) {
    const auto queue = store_.queue(request.name, request.number);
    if (!queue) co_return reply_of(manager_status::full);
    const auto wait = [](manager_store::named_queue& of) -> task<void> {
      while (!of.closed && of.items.size() >= of.capacity) co_await of.changed.wait();
    };
    // Again where another was first, between the end of the wait and here.
    while (!queue->closed && queue->items.size() >= queue->capacity) {
      const bool there = co_await while_connected(wait(*queue));
      if (!there) co_return std::nullopt;
    }
    if (queue->closed) co_return reply_of(manager_status::nothing);
    if (!store_.take_memory(manager_store::cost(request.value))) co_return reply_of(manager_status::full);
    queue->items.push_back(std::move(request.value));
    queue->tell();
    co_return reply_of(manager_status::done);
  }

  task<std::optional<manager_reply>> pop(manager_request request) {
    took();
    const auto queue = store_.queue(request.name, request.number);
    if (!queue) co_return reply_of(manager_status::full);
    const auto wait = [](manager_store::named_queue& of) -> task<void> {
      while (!of.closed && of.items.empty()) co_await of.changed.wait();
    };
    while (!queue->closed && queue->items.empty()) {
      const bool there = co_await while_connected(wait(*queue));
      if (!there) co_return std::nullopt;
    }
    if (queue->items.empty()) co_return reply_of(manager_status::nothing);
    manager_reply reply;
    reply.value = queue->items.front();
    in_hand_.emplace(queue, std::move(queue->items.front()));
    queue->items.pop_front();
    queue->tell();
    co_return reply;
  }

  // What was handed out last has arrived.
  void took() {
    if (!in_hand_) return;
    store_.give_back(manager_store::cost(in_hand_->second));
    in_hand_.reset();
  }

  struct holding {
    holding(std::shared_ptr<manager_store::named_lock> of, permit with) noexcept
        : lock(std::move(of)), taken(std::move(with)) {}
    std::shared_ptr<manager_store::named_lock> lock;
    permit taken;
  };
  // Counts one who waits for a lock, or holds it from then on.
  class users {
   public:
    users(manager_store& store, const std::string& name, manager_store::named_lock& lock) noexcept
        : store_(store), name_(name), lock_(&lock) {
      ++lock.users;
    }
    users(const users&) = delete;
    users& operator=(const users&) = delete;
    ~users() {
      if (lock_ == nullptr) return;
      --lock_->users;
      store_.drop_if_unused(name_);
    }
    void keep() noexcept { lock_ = nullptr; }

   private:
    manager_store& store_;
    const std::string& name_;
    manager_store::named_lock* lock_;
  };

  manager_store& store_;
  framed_stream& peer_;
  std::map<std::string, holding> held_;
  std::optional<std::pair<std::shared_ptr<manager_store::named_queue>, manager_value>> in_hand_;
};

}  // namespace

struct manager::state {
  state(shared_key with, const manager_limits& limits)
      : key(std::move(with)),
        bounds(limits),
        store(limits.memory_, limits.message_ / 2),
        instance(random_number()),
        log([](std::string_view line) {
          std::fprintf(stderr, "manager: %.*s\n", static_cast<int>(line.size()), line.data());
        }) {}

  void refuse(const std::string& peer, const char* why) {
    ++refused;
    log("refused " + peer + ": " + why);
  }

  task<void> attend(std::unique_ptr<net::stream> stream, counted one) {
    const counted here = std::move(one);
    framed_stream peer(std::move(stream), bounds.message_);
    try {
      co_await authenticate(peer, key, handshake_side::accepting, std::string(detail::manager_purpose),
                            bounds.handshake_);
      detail::manager_welcome welcome;
      welcome.layout = detail::manager_layout();
      welcome.instance = instance;
      co_await peer.send(pack(welcome));
    } catch (const cancelled&) {
      throw;
    } catch (const error& e) {
      refuse(peer.peer(), e.what());
      co_return;
    }
    try {
      co_await converse(peer);
    } catch (const cancelled&) {
      throw;
    } catch (const transport_error&) {
      // It went away, as clients do; what it held has gone back.
    } catch (const error& e) {
      refuse(peer.peer(), e.what());
    }
  }

  task<void> converse(framed_stream& peer) {
    manager_session session(store, peer);
    for (;;) {
      const std::optional<std::string> message = co_await peer.receive();
      if (!message) co_return;
      const std::optional<manager_reply> reply = co_await session.perform(unpack<manager_request>(*message));
      if (!reply) continue;
      peer.limit(bounds.message_ + reply_slack);
      co_await peer.send(pack(*reply));
      peer.limit(bounds.message_);
    }
  }

  shared_key key;
  manager_limits bounds;
  manager_store store;
  std::uint64_t instance;
  std::function<void(std::string_view)> log;
  std::size_t connections = 0;
  std::uint64_t refused = 0;
};

manager::manager(shared_key key, const manager_limits& limits)
    : state_(std::make_unique<state>(std::move(key), limits)) {}
manager::~manager() = default;

void manager::on_refusal(std::function<void(std::string_view)> log) {
  state_->log = std::move(log);
}

task<void> manager::serve(net::listener& at) {
  const auto accept_all = [&](scope& s) -> task<void> {
    for (;;) {
      std::unique_ptr<net::stream> stream = co_await at.accept();
      if (state_->connections >= state_->bounds.connections_) {
        state_->refuse(stream->peer(), "there are as many connections as may be");
        continue;
      }
      s.spawn(state_->attend(std::move(stream), counted(state_->connections)));
    }
  };
  co_await in_scope(accept_all);
}

std::size_t manager::connections() const noexcept {
  return state_->connections;
}
std::uint64_t manager::refused() const noexcept {
  return state_->refused;
}
std::size_t manager::memory() const noexcept {
  return state_->store.memory();
}

}  // namespace lakh
