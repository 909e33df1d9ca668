// The worker's side of a master (master.hpp): a program that connects to it, does what it is given, and goes home when
// the work is done.
//
//   int main() {
//     return lakh::run_main(lakh::work_for(lakh::net::endpoint("master.example", 7000),
//                                          lakh::shared_key::from_file("team.key")));
//   }
#pragma once

#include <lakh/async/loop.hpp>
#include <lakh/async/task.hpp>
#include <lakh/net/endpoint.hpp>
#include <lakh/parallel/authentication.hpp>
#include <lakh/parallel/framed.hpp>
#include <lakh/parallel/worker_protocol.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

namespace lakh {

class worker_options {
 public:
  worker_options() = default;
  // How the master calls this worker in messages. Default: host name and process number.
  worker_options& name(std::string text) {
    name_ = std::move(text);
    return *this;
  }
  // How long to try to connect: the worker may be started before its master. Up to a year.
  worker_options& patience(duration at_most) noexcept {
    patience_ = std::clamp(at_most, duration::zero(), detail::longest_wait);
    return *this;
  }
  // A master of which not a byte comes for so long is taken for dead; it knows, and gives a sign of life three times as
  // often. From 10 ms to a year.
  worker_options& silence(duration at_most) noexcept {
    silence_ = detail::bounded_silence(at_most);
    return *this;
  }
  // Bytes of an element's arguments and of a result: as many as the master's, or more; up to most_message_limit.
  worker_options& message_limit(std::size_t bytes) noexcept {
    message_limit_ = std::min(bytes, most_message_limit);
    return *this;
  }

 private:
  friend class worker_session;
  std::string name_;
  duration patience_ = std::chrono::seconds(10);
  duration silence_ = std::chrono::seconds(60);
  std::size_t message_limit_ = default_message_limit;
};

// Returns when the master ends in good order. Functions run on a thread of their own, one at a time; a worker that is
// cancelled, or whose master is gone, ends when the call that runs has returned. Throws connect_error,
// authentication_error, what the master refused it with, and transport errors when the master is lost.
task<void> work_for(net::endpoint master, shared_key key, worker_options how = {});

}  // namespace lakh
