// For tests: a manager on a thread, one in a process, and clients that do not behave as clients do.
#pragma once

#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/net/connect.hpp>
#include <lakh/net/listener.hpp>
#include <lakh/parallel/forked_for_test.hpp>
#include <lakh/parallel/framed.hpp>
#include <lakh/parallel/manager.hpp>
#include <lakh/parallel/manager_client.hpp>
#include <lakh/parallel/manager_protocol.hpp>
#include <lakh/parallel/message_pipe.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

namespace lakh::manager_test {

inline const shared_key key("the key of the tests");

inline std::int64_t integer(std::int64_t value) {
  return value;
}
inline std::string text_in(const std::optional<manager_value>& value) {
  return value ? std::get<std::string>(*value) : "(nothing)";
}

inline net::endpoint fresh_name() {
  static std::atomic<int> number{0};
  return net::endpoint::parse("unix:@lakh-test-" + std::to_string(::getpid()) + "-" + std::to_string(++number));
}

// A manager on a thread of its own.
class running_manager {
 public:
  explicit running_manager(const manager_limits& limits = manager_limits(), net::endpoint at = fresh_name())
      : thread_([this, limits, at] {
          const auto serve = [&]() -> task<void> {
            net::listener listening(at);
            manager shared(key, limits);
            shared.on_refusal([this](std::string_view line) { refusals_.emplace_back(line); });
            scope_ = &co_await this_scope();
            where_ = listening.local();
            ready_.set_value();
            try {
              co_await shared.serve(listening);
            } catch (const cancelled&) {  // by stop()
            }
            memory_ = shared.memory();
            connections_ = shared.connections();
          };
          cancel_scope root;
          run_on(loop_, root, serve());
        }) {
    ready_.get_future().wait();
  }
  ~running_manager() { stop(); }
  void stop() {
    if (!thread_.joinable()) return;
    loop_.post([this] { scope_->cancel(); });
    thread_.join();
  }
  [[nodiscard]] const net::endpoint& where() const { return where_; }
  [[nodiscard]] manager_client client() const { return manager_client(where_, key); }
  // After stop().
  [[nodiscard]] const std::vector<std::string>& refusals() const { return refusals_; }
  [[nodiscard]] std::size_t memory() const { return memory_; }
  [[nodiscard]] std::size_t connections() const { return connections_; }

 private:
  loop loop_;
  std::promise<void> ready_;
  cancel_scope* scope_ = nullptr;
  net::endpoint where_;
  std::vector<std::string> refusals_;
  std::size_t memory_ = 0;
  std::size_t connections_ = 0;
  std::thread thread_;
};

// A manager in a process, to be killed.
inline forked manager_in_a_process(const net::endpoint& at) {
  auto [mine, theirs] = message_pipe::make();
  forked child([&] {
    const auto serve = [&]() -> task<void> {
      net::listener listening(at);
      manager shared(key);
      theirs.send("ready");
      co_await shared.serve(listening);
    };
    run(serve());
    return 0;
  });
  theirs.close();
  EXPECT_EQ(mine.receive(), "ready");
  return child;
}

// A client that stops where it likes: connected and authenticated.
inline task<std::unique_ptr<framed_stream>> raw_connection(const net::endpoint& where) {
  auto over = std::make_unique<framed_stream>(co_await net::connect(where));
  co_await authenticate(*over, key, handshake_side::connecting, std::string(detail::manager_purpose));
  (void)co_await over->receive();
  co_return over;
}
inline detail::manager_request a_request(detail::manager_verb verb, std::string name) {
  detail::manager_request request;
  request.verb = verb;
  request.name = std::move(name);
  request.number = 10;
  return request;
}

}  // namespace lakh::manager_test
