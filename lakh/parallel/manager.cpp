#include <lakh/async/scope.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/intrusive_list.hpp>
#include <lakh/parallel/framed.hpp>
#include <lakh/parallel/manager.hpp>
#include <lakh/parallel/manager_store.hpp>

#include <cstdio>
#include <cstring>
#include <exception>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace lakh {

using detail::manager_reply;
using detail::manager_request;
using detail::manager_status;
using detail::manager_store;
using detail::manager_verb;
using detail::most_queue_capacity;
using detail::named_queue;

namespace {

std::uint64_t random_number() {
  const shared_key bytes = shared_key::random();
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.bytes().data(), sizeof number);
  return number;
}

// One of the connections that have shown that they may.
class counted {
 public:
  explicit counted(std::size_t& of) noexcept : number_(of) { ++number_; }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted() { --number_; }

 private:
  std::size_t& number_;
};

// One connection: what it holds goes back when it ends.
class manager_session {
 public:
  manager_session(manager_store& store, framed_stream& peer) noexcept : store_(store), peer_(peer) {}
  manager_session(const manager_session&) = delete;
  manager_session& operator=(const manager_session&) = delete;
  ~manager_session() {
    if (!in_hand_) return;
    named_queue& queue = *in_hand_->first;
    if (queue.forgotten) {
      store_.give_back(manager_store::cost(in_hand_->second));
      return;
    }
    --queue.in_hand;
    queue.items.push_front(std::move(in_hand_->second));
    queue.tell();
  }

  // Nothing for what is not answered, and where the peer went while it waited.
  task<std::optional<manager_reply>> perform(manager_request request) {
    switch (request.verb) {
      case manager_verb::lock_take: co_return co_await take_lock(std::move(request));
      case manager_verb::lock_release: release(request.name); co_return std::nullopt;
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

  // One who uses a lock or a queue, as long as this lives.
  template <class Named> class use {
   public:
    use(manager_store& store, std::string name, std::shared_ptr<Named> of) noexcept
        : store_(&store), name_(std::move(name)), of_(std::move(of)) {
      ++of_->users;
    }
    use(use&& other) noexcept = default;
    use& operator=(use&&) = delete;
    ~use() {
      if (of_ == nullptr) return;  // moved from
      --of_->users;
      if constexpr (std::is_same_v<Named, named_queue>) of_->tell();  // its rule 3
      store_->drop_if_unused(name_, *of_);
    }
    Named& operator*() const noexcept { return *of_; }
    Named* operator->() const noexcept { return of_.get(); }
    [[nodiscard]] const std::shared_ptr<Named>& shared() const noexcept { return of_; }

   private:
    manager_store* store_;
    std::string name_;
    std::shared_ptr<Named> of_;
  };
  struct holding {
    holding(use<manager_store::named_lock> of, permit with) noexcept : lock(std::move(of)), taken(std::move(with)) {}
    use<manager_store::named_lock> lock;
    permit taken;  // goes first
  };

  task<std::optional<manager_reply>> take_lock(manager_request request) {
    if (held_.contains(request.name)) co_return manager_reply::refused("this connection holds it already");
    auto named = store_.lock(request.name);
    if (!named) co_return manager_reply::full();
    use<manager_store::named_lock> lock(store_, request.name, std::move(named));
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
    held_.emplace(std::move(request.name), holding(std::move(lock), std::move(taken)));
    co_return manager_reply::done();
  }

  void release(const std::string& lock) { held_.erase(lock); }

  task<std::optional<manager_reply>> push(manager_request request) {
    auto named = store_.queue(request.name);
    if (!named) co_return manager_reply::full();
    const use<named_queue> queue(store_, std::move(request.name), std::move(named));
    const std::size_t capacity = request.number > 0 ? static_cast<std::size_t>(request.number) : 0;
    if (!queue->is_made() && (capacity == 0 || capacity > most_queue_capacity))
      co_return manager_reply::refused("it has to have room for at least 1 item, and at most 1,000,000");
    const auto wait = [](named_queue& of) -> task<void> {
      while (!of.can_push()) co_await of.wait_to_push();
    };
    // Again where another was first, between the end of the wait and here.
    while (!queue->can_push()) {
      const bool there = co_await while_connected(wait(*queue));
      if (!there) co_return std::nullopt;
    }
    if (queue->closed) co_return manager_reply::nothing();
    if (!store_.take_memory(manager_store::cost(request.value))) co_return manager_reply::full();
    if (queue->capacity == 0) queue->capacity = capacity;
    queue->items.push_back(std::move(request.value));
    co_return manager_reply::done();
  }

  task<std::optional<manager_reply>> pop(manager_request request) {
    took();
    auto named = store_.queue(request.name);
    if (!named) co_return manager_reply::full();
    const use<named_queue> queue(store_, std::move(request.name), std::move(named));
    const auto wait = [](named_queue& of) -> task<void> {
      while (!of.can_pop()) co_await of.wait_to_pop();
    };
    while (!queue->can_pop()) {
      const bool there = co_await while_connected(wait(*queue));
      if (!there) co_return std::nullopt;
    }
    if (queue->items.empty()) co_return manager_reply::nothing();
    manager_reply reply = manager_reply::done(queue->items.front());
    in_hand_.emplace(queue.shared(), std::move(queue->items.front()));
    queue->items.pop_front();
    ++queue->in_hand;
    co_return reply;
  }

  // What was handed out last has arrived.
  void took() {
    if (!in_hand_) return;
    store_.give_back(manager_store::cost(in_hand_->second));
    named_queue& queue = *in_hand_->first;
    if (!queue.forgotten) {
      --queue.in_hand;
      if (queue.closed) queue.tell();  // this may have been its end
    }
    in_hand_.reset();
  }

  manager_store& store_;
  framed_stream& peer_;
  std::map<std::string, holding> held_;
  std::optional<std::pair<std::shared_ptr<named_queue>, manager_value>> in_hand_;
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

  // One who has not shown yet that he has the key. Where there are too many, the oldest gives way: who means it is done
  // within a round trip, and a stranger who holds on keeps nobody out.
  class newcomer : public list_node<newcomer> {
   public:
    newcomer(cancel_scope& parent, std::size_t& among) noexcept : scope(parent), among_(among) { ++among_; }
    ~newcomer() {
      if (linked()) --among_;
    }
    void give_way() {
      unlink();
      --among_;
      scope.cancel(errc::timed_out);
    }
    cancel_scope scope;

   private:
    std::size_t& among_;
  };

  // False where it was refused, for a reason that has been told.
  task<bool> admit(framed_stream& peer) {
    newcomer self(co_await this_scope(), newcomer_count);
    newcomers.push_back(self);
    while (newcomer_count > bounds.handshakes_) newcomers.front().give_way();
    try {
      co_await authenticate(peer, key, handshake_side::accepting, std::string(detail::manager_purpose),
                            bounds.handshake_)
          .under(self.scope);
    } catch (const cancelled&) {
      throw;
    } catch (const error& e) {
      refuse(peer.peer(),
             self.scope.is_cancelled() ? "it had not shown that it has the key when others came" : e.what());
      co_return false;
    }
    if (connections < bounds.connections_) co_return true;
    refuse(peer.peer(), "there are as many connections as may be");
    co_return false;
  }

  // What goes wrong here ends this connection, and no other. What it held goes back.
  task<void> attend(std::unique_ptr<net::stream> stream) {
    framed_stream peer(std::move(stream), bounds.message_);
    try {
      const bool admitted = co_await admit(peer);
      if (!admitted) co_return;
      const counted here(connections);
      detail::manager_welcome welcome;
      welcome.layout = detail::manager_layout();
      welcome.instance = instance;
      co_await peer.send(pack(welcome));
      co_await converse(peer);
    } catch (const cancelled&) {
      throw;
    } catch (const transport_error&) {
      // It went away, as clients do.
    } catch (const std::exception& e) {
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
      peer.limit(bounds.message_ + detail::manager_reply_slack);
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
  std::size_t newcomer_count = 0;
  intrusive_list<newcomer, newcomer> newcomers;  // the oldest first
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
      s.spawn(state_->attend(std::move(stream)));
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
