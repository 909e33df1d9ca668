#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/net/connect.hpp>
#include <lakh/parallel/blocking_queue.hpp>
#include <lakh/parallel/on_pool.hpp>
#include <lakh/parallel/part_worker.hpp>
#include <lakh/parallel/remote_error.hpp>
#include <lakh/parallel/work_for.hpp>
#include <lakh/parallel/worker_protocol.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <stop_token>

#include <unistd.h>

namespace lakh {
namespace {

using namespace std::chrono_literals;

constexpr duration between_tries = 100ms;
constexpr duration time_for_a_verdict = 20s;
// Answers that wait to be sent: then the function's thread waits.
constexpr std::size_t most_answers = 4;

std::string usual_name() {
  std::array<char, 256> host{};
  (void)::gethostname(host.data(), host.size() - 1);
  return std::string(host.data()).substr(0, 200) + ':' + std::to_string(::getpid());
}

task<std::unique_ptr<net::stream>> connect_patiently(const net::endpoint& to, duration patience) {
  const time_point until = loop::current().now() + patience;
  while (true) {
    std::error_code why;
    {
      net::connect_result connected =
          co_await net::try_connect(to, std::max(until, loop::current().now() + between_tries));
      if (connected) co_return std::move(*connected);
      why = connected.error();
    }
    if (why == errc::cancelled || loop::current().now() + between_tries > until)
      throw_error(why, "connect to the master at " + to.text());
    co_await sleep_for(between_tries);
  }
}

}  // namespace

class worker_session {
 public:
  worker_session(std::unique_ptr<net::stream> connection, worker_options how)
      : master_(std::move(connection), detail::most_hello), how_(std::move(how)), most_(how_.message_limit_) {}

  static duration patience(const worker_options& how) { return how.patience_; }

  task<void> introduce(const shared_key& key) {
    co_await authenticate(master_, key, handshake_side::connecting, std::string(detail::worker_purpose));
    const std::string name = how_.name_.empty() ? usual_name() : how_.name_.substr(0, 256);
    const std::string hello =
        pack(detail::hello_message, std::string(detail::worker_protocol), name, detail::registered_functions(),
             static_cast<std::uint64_t>(how_.message_limit_), detail::silence_to_send(how_.silence_));
    co_await master_.send(hello);
    const std::optional<std::string> verdict = co_await with_timeout(time_for_a_verdict, master_.receive());
    if (!verdict) throw closed_error(errc::end_of_stream, "the master went away before it let this worker in");
    unpacker in(*verdict);
    if (in.next<char>() != detail::ready_message) throw protocol_error("the master's first message is no verdict");
    if (!in.next<bool>()) std::rethrow_exception(detail::unpack_exception(in));
    most_ = static_cast<std::size_t>(std::min<std::uint64_t>(most_, in.next<std::uint64_t>()));
    masters_silence_ = detail::silence_received(in.next<std::uint64_t>());
    in.finish();
    // What the master puts into one message beside a single element is within this.
    master_.limit(how_.message_limit_ + detail::message_ahead + detail::message_overhead);
  }

  task<void> work() {
    co_await in_scope([this](scope& all) -> task<void> {
      all.spawn(tell_all());
      all.spawn(do_all());
      all.spawn(keep_informed());
      co_await hear_all();
      all.cancel();  // the master has what it wanted
    });
  }

 private:
  task<void> hear_all() {
    while (true) {
      std::optional<std::string> message = co_await master_.receive(how_.silence_);
      if (!message) break;
      if (message->size() == 1 && message->front() == detail::alive_message) continue;
      if (!parts_.try_push(std::move(*message))) throw protocol_error("the master sends more than a worker holds");
    }
  }
  // Not in answer to the master: while much comes from it slowly, it would ask in vain.
  task<void> keep_informed() {
    while (true) {
      co_await sleep_for(masters_silence_ / 3);
      if (answers_.size() == 0) (void)answers_.try_push(std::string(1, detail::alive_message));
    }
  }
  task<void> tell_all() {
    // However this ends, the function's thread must not wait for room any longer.
    struct closer {
      explicit closer(blocking_queue<std::string>& which) : queue(which) {}
      closer(const closer&) = delete;
      closer& operator=(const closer&) = delete;
      ~closer() { queue.close(); }
      blocking_queue<std::string>& queue;
    };
    const closer at_end(answers_);
    while (true) {
      const std::optional<std::string> answer = co_await answers_.async_pop();
      if (!answer) co_return;
      co_await master_.send(*answer);
    }
  }
  task<void> do_all() {
    detail::part_worker worker(
        [this](std::string& framed) {
          if (!answers_.push(framed.substr(frame_header_size)))
            throw closed_error(errc::queue_closed, "tell the master: it is gone");
        },
        most_, detail::part_worker::trust::names);
    while (true) {
      const std::optional<std::string> message = co_await parts_.async_pop();
      if (!message) co_return;
      co_await on_pool(thread_, [&](const std::stop_token& cancelled) {
        const std::stop_callback stop(cancelled, [&worker] { worker.stop(); });
        worker.work(*message);
      });
    }
  }

  framed_stream master_;
  worker_options how_;
  std::size_t most_;
  duration masters_silence_ = detail::longest_wait;
  blocking_queue<std::string> parts_{detail::most_under_way};
  blocking_queue<std::string> answers_{most_answers};
  thread_pool thread_{1, "work"};
};

task<void> work_for(net::endpoint master, shared_key key, worker_options how) {
  std::unique_ptr<net::stream> connection = co_await connect_patiently(master, worker_session::patience(how));
  worker_session session(std::move(connection), std::move(how));
  co_await session.introduce(key);
  co_await session.work();
}

}  // namespace lakh
