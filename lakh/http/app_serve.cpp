// Serving an app: on this loop, or on many threads with a loop each.
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/signals.hpp>
#include <lakh/http/app.hpp>
#include <lakh/http/server.hpp>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <optional>
#include <thread>

namespace lakh::http {

task<void> app::serve(std::unique_ptr<net::stream> connection, server_limits limits) {
  answer_cache cache;
  server_connection one(std::move(connection), *this, limits, cache);
  co_await one.run();
}

task<void> app::serve(std::string_view at, serve_options options) {
  co_await serve(net::listener(net::endpoint::parse(at)), std::move(options));
}

namespace {

// Caught before anybody is told that the server listens: who knows of it may send a signal at once.
std::unique_ptr<signal_watch> catch_signals(bool wanted) {
  return wanted ? std::make_unique<signal_watch>(std::initializer_list<int>{SIGINT, SIGTERM}) : nullptr;
}

}  // namespace

task<void> app::serve(net::listener at, serve_options options) {
  std::unique_ptr<signal_watch> signals = catch_signals(options.stops_on_signals());
  if (options.listening()) options.listening()(at.local());
  co_await serve_here(std::move(at), std::move(options), std::move(signals));
}

task<void> app::serve_while(std::function<task<void>(std::string)> work, serve_options options) {
  net::listener at(net::endpoint("127.0.0.1", 0));
  std::string url = "http://" + at.local().text();
  const auto both = [&](scope& s) -> task<void> {
    s.spawn(serve(std::move(at), std::move(options)));
    co_await work(std::move(url));
    stop();
  };
  co_await in_scope(both);
}

task<void> app::serve_here(net::listener at, serve_options options, std::unique_ptr<signal_watch> signals) {
  const auto one = std::make_shared<server>(static_cast<const service&>(*this), options);
  // While it is in the list its loop lives, so that stop() can reach it.
  struct listed {
    listed(app& owner, server& entry) : owner(owner), entry(entry) {
      const std::scoped_lock lock(owner.servers_mutex_);
      owner.servers_.push_back(&entry);
      if (owner.stopped_) entry.stop();
    }
    listed(const listed&) = delete;
    listed& operator=(const listed&) = delete;
    ~listed() {
      const std::scoped_lock lock(owner.servers_mutex_);
      std::erase(owner.servers_, &entry);
    }
    app& owner;
    server& entry;
  } const listed(*this, *one);

  co_await in_scope([&](scope& s) { return run_server(s, *one, at, signals.get()); });
}

task<void> app::run_server(scope& around, server& one, net::listener& at, signal_watch* signals) {
  if (signals != nullptr) around.spawn(stop_on_signal(*signals));
  co_await one.run(std::move(at));
  around.cancel();
}

task<void> app::stop_on_signal(signal_watch& signals) {
  co_await signals.next();
  stop();
}

void app::stop() noexcept {
  const std::scoped_lock lock(servers_mutex_);
  stopped_ = true;
  for (server* one : servers_) one->stop();
}

task<void> app::serve_thread(net::endpoint at, bool first, const serve_options& options,
                             std::function<void(const net::endpoint&)> bound) {
  // The first makes sure that no other program serves there: joining it would take a share of its connections.
  const auto sharing = first ? net::port_sharing::opened : net::port_sharing::joined;
  net::listener here(at, net::listen_options().share_port(sharing));
  std::unique_ptr<signal_watch> signals = catch_signals(first && options.stops_on_signals());
  bound(here.local());
  co_await serve_here(std::move(here), options, std::move(signals));
}

void app::serve_threads(std::string_view at, unsigned threads, serve_options options) {
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  net::endpoint where = net::endpoint::parse(at);
  if (where.kind() == net::endpoint::family::unix_domain && threads > 1)
    throw input_error("a Unix-domain socket cannot be shared by " + std::to_string(threads) + " threads",
                      "serve it on one thread, or serve a TCP port");

  struct {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<net::endpoint> last_bound;
    unsigned bound = 0;
    std::exception_ptr failure;
  } state;
  // The first failure counts, and ends all threads.
  const auto fail = [&](std::exception_ptr why) {
    {
      const std::scoped_lock lock(state.mutex);
      if (!state.failure) state.failure = std::move(why);
      state.changed.notify_all();
    }
    stop();
  };
  const auto serve_one = [&](unsigned number, const net::endpoint& place) {
    try {
      run(serve_thread(place, number == 0, options, [&](const net::endpoint& local) {
        const std::scoped_lock lock(state.mutex);
        state.last_bound = local;
        ++state.bound;
        state.changed.notify_all();
      }));
    } catch (...) {
      fail(std::current_exception());
    }
  };
  {
    std::vector<std::jthread> running;
    try {
      bool all_bound = true;
      // One after another: the first may have to find out which port it is.
      for (unsigned i = 0; i < threads && all_bound; ++i) {
        running.emplace_back([&serve_one, i, where] { serve_one(i, where); });
        std::unique_lock lock(state.mutex);
        state.changed.wait(lock, [&] { return state.bound > i || state.failure; });
        all_bound = !state.failure;
        if (all_bound) where = *state.last_bound;
      }
      if (all_bound && options.listening()) options.listening()(where);
    } catch (...) {  // no more threads to be had, or the callback threw: the others must end, or joining them would not
      fail(std::current_exception());
    }
  }
  if (state.failure) std::rethrow_exception(state.failure);
}

}  // namespace lakh::http
