#include <lakh/async/timeout.hpp>
#include <lakh/http/server.hpp>

namespace lakh::http {

void server::stop() {
  loop_.post([self = shared_from_this()] { self->stop_.set(); });
}

task<void> server::run(net::listener at) {
  co_await in_scope([&](scope& connections) { return until_stopped(connections, at); });
}

task<void> server::until_stopped(scope& connections, net::listener& at) {
  connections.spawn(accept(connections, at));
  co_await stop_.wait();
  if (accepting_ != nullptr) accepting_->cancel();
  at.close();
  drain();
  try {
    co_await with_timeout(grace_, all_gone());
  } catch (const timeout_error&) {  // NOLINT(bugprone-empty-catch): what is left is cancelled below
  }
  connections.cancel();
}

task<void> server::accept(scope& connections, net::listener& at) {
  cancel_scope scope(co_await this_scope());
  accepting_ = &scope;
  try {
    co_await accept_all(connections, at).under(scope);
  } catch (...) {
    accepting_ = nullptr;
    if (!stop_.is_set()) throw;
  }
}

task<void> server::accept_all(scope& connections, net::listener& at) {
  for (;;) {
    while (count_ >= limits_.max_connections) {
      left_.clear();
      co_await left_.wait();
    }
    std::unique_ptr<net::stream> stream = co_await at.accept();
    ++count_;
    connections.spawn(serve(std::move(stream)));
  }
}

task<void> server::serve(std::unique_ptr<net::stream> stream) {
  struct counted {
    explicit counted(server& of) noexcept : owner(of) {}
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() {
      --owner.count_;
      owner.left_.set();
    }
    server& owner;
  } const counted(*this);
  server_connection connection(std::move(stream), service_, limits_, cache_);
  connections_.push_back(connection);
  if (stop_.is_set()) connection.drain();
  co_await connection.run();
}

task<void> server::all_gone() {
  while (count_ != 0) {
    left_.clear();
    co_await left_.wait();
  }
}

void server::drain() noexcept {
  intrusive_list<server_connection, server_connection> drained;
  while (!connections_.empty()) {
    server_connection& connection = connections_.pop_front();
    drained.push_back(connection);
    connection.drain();
  }
  connections_.splice(drained);
}

}  // namespace lakh::http
