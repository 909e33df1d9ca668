#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/net/listener.hpp>
#include <lakh/parallel/framed.hpp>
#include <lakh/parallel/local_workers.hpp>
#include <lakh/parallel/loop_thread.hpp>
#include <lakh/parallel/master.hpp>
#include <lakh/parallel/part_worker.hpp>
#include <lakh/parallel/remote_error.hpp>
#include <lakh/parallel/worker_protocol.hpp>

#include <algorithm>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace lakh {
namespace {

using namespace std::chrono_literals;

constexpr duration time_to_say_hello = 10s;
constexpr duration time_to_go_home = 5s;
// Strangers among them; a worker is one.
constexpr std::size_t most_connections = 4096;

// A program on another machine, or at least of another descent.
class remote_worker final : public detail::dispatcher::peer {
 public:
  remote_worker(std::string name, duration silence) : name_(std::move(name)), silence_(silence) {}

  void send(std::span<const std::string_view> frames) noexcept override {
    for (const std::string_view frame : frames) say(std::string(frame.substr(frame_header_size)));
  }
  void retire() noexcept override { outgoing_.close(); }

  // There is room for all the parts that one worker may have.
  void say(std::string message) noexcept {
    if (!outgoing_.try_push(std::move(message))) outgoing_.close();
  }
  // Where it has something to hear anyway, that is the sign.
  void say_alive() noexcept {
    if (outgoing_.size() == 0) say(std::string(1, detail::alive_message));
  }
  [[nodiscard]] blocking_queue<std::string>& outgoing() noexcept { return outgoing_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] duration silence() const noexcept { return silence_; }

 private:
  std::string name_;
  duration silence_;
  blocking_queue<std::string> outgoing_{detail::most_under_way};
};

struct introduction {
  std::string name;
  duration silence{};  // that it bears
};

// Throws what the worker is to be told.
introduction check_hello(std::string_view message, std::size_t limit) {
  unpacker in(message);
  if (message.empty() || in.next<char>() != detail::hello_message || in.next<std::string>() != detail::worker_protocol)
    throw protocol_error("this is a lakh master, and the worker speaks another protocol",
                         "build master and workers of the same version of lakh");
  introduction told;
  told.name = in.next<std::string>();
  if (told.name.size() > 256) unpacker::refuse("a name that is too long");
  const auto functions = in.next<std::map<std::string, std::uint64_t>>();
  const auto theirs = in.next<std::uint64_t>();
  told.silence = detail::silence_received(in.next<std::uint64_t>());
  in.finish();
  if (theirs < limit)
    throw input_error("the worker takes messages of " + std::to_string(theirs) + " bytes, the master sends up to " +
                          std::to_string(limit),
                      "raise the worker's message_limit, or lower the master's");
  const std::string advice = "build master and workers of the same source";
  for (const auto& [name, layout] : detail::registered_functions()) {
    const auto known = functions.find(name);
    if (known == functions.end()) throw input_error("the worker knows no function \"" + name + '"', advice);
    if (known->second != layout)
      throw input_error("the worker's function \"" + name + "\" has other parameters, or another result", advice);
  }
  return told;
}

task<void> send_all(framed_stream& to, remote_worker& from) {
  while (true) {
    const std::optional<std::string> message = co_await from.outgoing().async_pop();
    if (!message) break;
    co_await to.send(*message);
  }
  // By this it drops what it has, if it has any, and goes; if it is gone already, that is heard elsewhere.
  [[maybe_unused]] const std::error_code told = to.stream().shutdown_write();
}

task<void> keep_informed(remote_worker& whom) {
  while (true) {
    co_await sleep_for(whom.silence() / 3);
    whom.say_alive();
  }
}

task<void> hear_all(framed_stream& from, remote_worker& whom, detail::dispatcher& parts, duration silence) {
  while (true) {
    const std::optional<std::string> message = co_await from.receive(silence);
    if (!message) co_return;
    if (message->empty()) throw protocol_error("a worker sends an empty message");
    if (message->front() == detail::answer_message)
      parts.answer(whom, std::string_view(*message).substr(1));
    else if (message->front() != detail::alive_message)
      throw protocol_error("a worker sends a message of an unknown kind");
  }
}

}  // namespace

struct master::state {
  state(detail::dispatcher& to, const master_options& options)
      : parts(to), how(options), manager(std::in_place, "lakh-master") {}

  task<void> accept_all(net::listener at, shared_key key);
  task<void> serve(std::unique_ptr<net::stream> connection, const shared_key& key);
  task<std::unique_ptr<remote_worker>> let_in(framed_stream& connection, const shared_key& key);
  task<void> work_with(framed_stream& connection, remote_worker& worker);
  void lost_source(const std::exception_ptr& why, const std::string& told);
  void check_sources();
  void refused(const std::string& who, const std::exception& why) {
    const std::lock_guard<std::mutex> lock(telling);
    refusal = who + ": " + why.what();
  }

  detail::dispatcher& parts;
  const master_options how;
  // The manager's.
  std::list<std::unique_ptr<detail::local_workers>> processes;
  std::vector<remote_worker*> remotes;
  std::size_t connections = 0;
  std::size_t sources = 0;       // places and groups of processes from which workers may still come
  std::exception_ptr last_loss;  // of a source
  event went;                    // a remote worker
  std::mutex ending;             // join and terminate, one after the other; not while join waits
  mutable std::mutex telling;
  std::string refusal;
  std::optional<detail::loop_thread> manager;
};

task<void> master::state::accept_all(net::listener at, shared_key key) {
  try {
    co_await in_scope([&](scope& all) -> task<void> {
      while (true) {
        std::unique_ptr<net::stream> connection;
        try {
          connection = co_await at.accept();
        } catch (const cancelled&) {
          throw;
        } catch (const error& why) {  // for good; those who are there go on
          at.close();
          lost_source(std::current_exception(), at.local().text() + ": can no longer listen: " + why.what());
          co_return;
        }
        if (connections < most_connections) all.spawn(serve(std::move(connection), key));
      }
    });
  } catch (const error&) {
    // The master ends.
  }
}

void master::state::lost_source(const std::exception_ptr& why, const std::string& told) {
  {
    const std::lock_guard<std::mutex> lock(telling);
    refusal = told;
  }
  --sources;
  last_loss = why;
  check_sources();
}

void master::state::check_sources() {
  if (last_loss && sources == 0 && remotes.empty()) parts.give_up(last_loss);
}

task<void> master::state::serve(std::unique_ptr<net::stream> connection, const shared_key& key) {
  ++connections;
  framed_stream peer(std::move(connection), detail::most_hello);
  std::unique_ptr<remote_worker> worker;
  std::string who = peer.peer();
  bool over = false;  // the master itself ends
  try {
    worker = co_await let_in(peer, key);
  } catch (const cancelled&) {
    over = true;
  } catch (const std::exception& why) {
    refused(who, why);
  }
  if (worker) {
    remotes.push_back(worker.get());
    parts.join(*worker);
    try {
      co_await work_with(peer, *worker);
    } catch (const cancelled&) {
      over = true;
    } catch (const std::exception&) {
      // Whatever it was, the worker is of no more use; its part says so where it is given up.
    }
    parts.leave(*worker, [&](const detail::part& had) {
      return std::make_exception_ptr(worker_died("worker " + worker->name(), had.text(), std::nullopt));
    });
    std::erase(remotes, worker.get());
    went.set();
    went.clear();
    if (!over) check_sources();
  }
  --connections;
  if (over) throw cancelled();
}

task<std::unique_ptr<remote_worker>> master::state::let_in(framed_stream& connection, const shared_key& key) {
  co_await authenticate(connection, key, handshake_side::accepting, std::string(detail::worker_purpose));
  const std::optional<std::string> hello = co_await with_timeout(time_to_say_hello, connection.receive());
  if (!hello) throw closed_error(errc::end_of_stream, "a worker went away before it said who it is");
  std::string verdict;
  introduction told;
  std::exception_ptr reason;
  try {
    told = check_hello(*hello, how.message_limit_);
    verdict = detail::ready_message_of(true);
    pack_into(verdict, static_cast<std::uint64_t>(how.message_limit_), detail::silence_to_send(how.silence_));
  } catch (const error&) {
    verdict = detail::ready_message_of(false);
    reason = std::current_exception();
  }
  co_await with_timeout(time_to_say_hello, connection.send(std::string_view(verdict).substr(frame_header_size)));
  if (reason) std::rethrow_exception(reason);
  connection.limit(how.message_limit_ + detail::answer_overhead);
  co_return std::make_unique<remote_worker>(told.name + " at " + connection.peer(), told.silence);
}

task<void> master::state::work_with(framed_stream& connection, remote_worker& worker) {
  co_await in_scope([&](scope& all) -> task<void> {
    all.spawn(send_all(connection, worker));
    all.spawn(keep_informed(worker));
    co_await hear_all(connection, worker, parts, how.silence_);
    all.cancel();
  });
}

master::master(master_options how)
    : worker_group(std::make_shared<detail::dispatcher>(how.retries_, 0), how.message_limit_),
      state_(std::make_unique<state>(parts(), how)) {}

master::~master() {
  terminate();
}

net::endpoint master::listen(const net::endpoint& at, shared_key key) {
  const std::lock_guard<std::mutex> lock(state_->ending);
  if (!state_->manager) throw closed_error(errc::queue_closed, "listen for workers: the master has been ended");
  return state_->manager->call([&] {
    net::listener listener(at);
    net::endpoint local = listener.local();
    ++state_->sources;
    state_->manager->spawn(state_->accept_all(std::move(listener), std::move(key)));
    return local;
  });
}

void master::add_processes(fork_server& server, std::size_t count) {
  const std::lock_guard<std::mutex> lock(state_->ending);
  if (!state_->manager) throw closed_error(errc::queue_closed, "start workers: the master has been ended");
  if (count == 0) count = std::max(1U, std::thread::hardware_concurrency());
  state_->manager->call([&] {
    const std::size_t most = state_->how.message_limit_;
    const auto given_up = [self = state_.get()](const std::exception_ptr& why) {
      try {
        std::rethrow_exception(why);
      } catch (const std::exception& e) {
        self->lost_source(why, std::string("processes of this program: ") + e.what());
      }
    };
    auto added = std::make_unique<detail::local_workers>(server, parts(), detail::pack_worker_settings(most, {}), most,
                                                         given_up);
    added->start(count);
    state_->processes.push_back(std::move(added));
    ++state_->sources;
  });
}

void master::close() noexcept {
  parts().close();
}

void master::join() {
  close();
  parts().wait_idle();
  std::promise<void> gone;
  {
    const std::lock_guard<std::mutex> lock(state_->ending);
    if (!state_->manager) return;
    state_->manager->call([&] {
      state_->manager->spawn([](state& self, std::promise<void>& all_gone) -> task<void> {
        for (remote_worker* const one : self.remotes) one->retire();
        const auto tell = [&self] {
          self.went.set();
          self.went.clear();
        };
        for (const auto& one : self.processes) one->finish(tell);
        const auto left = [&self] {
          return !self.remotes.empty() ||
                 std::ranges::any_of(self.processes, [](const auto& one) { return !one->ids().empty(); });
        };
        const time_point late = loop::current().now() + time_to_go_home;
        try {
          while (left()) {
            auto next = self.went.wait();
            co_await with_deadline(late, [](auto& wait) -> task<void> { co_await wait; }(next));
          }
        } catch (const error&) {
          // The rest is cut off.
        }
        all_gone.set_value();
      }(*state_, gone));
    });
  }
  gone.get_future().wait();  // terminate() cuts it short
  terminate();
}

void master::terminate() noexcept {
  close();
  parts().give_up(std::make_exception_ptr(cancelled()));
  const std::lock_guard<std::mutex> lock(state_->ending);
  if (!state_->manager) return;
  state_->manager->call([&] { state_->processes.clear(); });
  state_->manager.reset();
}

std::size_t master::workers() const {
  return progress().workers;
}

std::string master::last_refusal() const {
  const std::lock_guard<std::mutex> lock(state_->telling);
  return state_->refusal;
}

}  // namespace lakh
