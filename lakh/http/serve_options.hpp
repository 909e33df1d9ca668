// How an app is served.
#pragma once

#include <lakh/http/server_limits.hpp>
#include <lakh/net/endpoint.hpp>

#include <chrono>
#include <functional>

namespace lakh::http {

class serve_options {
 public:
  serve_options() = default;

  serve_options& limits(const server_limits& value) {
    limits_ = value;
    return *this;
  }
  // Called once, when connections are accepted, with the port that was chosen if 0 was asked for.
  serve_options& on_listening(std::function<void(const net::endpoint&)> callback) {
    on_listening_ = std::move(callback);
    return *this;
  }
  // SIGINT and SIGTERM stop the app, unless switched off.
  serve_options& stop_on_signals(bool value) {
    stops_on_signals_ = value;
    return *this;
  }
  // How long requests in hand may go on after stop().
  serve_options& grace(duration value) {
    grace_ = value;
    return *this;
  }

  [[nodiscard]] const server_limits& limits() const noexcept { return limits_; }
  [[nodiscard]] const std::function<void(const net::endpoint&)>& listening() const noexcept { return on_listening_; }
  [[nodiscard]] bool stops_on_signals() const noexcept { return stops_on_signals_; }
  [[nodiscard]] duration grace() const noexcept { return grace_; }

 private:
  server_limits limits_;
  std::function<void(const net::endpoint&)> on_listening_;
  duration grace_ = std::chrono::seconds(10);
  bool stops_on_signals_ = true;
};

}  // namespace lakh::http
