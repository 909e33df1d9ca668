// For tests: what a server answers to some bytes, over a stream in memory, on virtual time.
#pragma once

#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/http/app.hpp>
#include <lakh/net/memory_stream.hpp>

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace lakh::http::test {

// How a client behaves.
class client {
 public:
  client() = default;
  explicit client(std::string bytes, std::size_t piece = std::string::npos) : bytes(std::move(bytes)), piece(piece) {}
  client& stay() {
    closes = false;
    return *this;
  }

  std::string bytes;
  std::size_t piece = std::string::npos;  // sent at a time, the server running in between
  bool closes = true;                     // its sending side, when all is sent
};

struct outcome {
  std::string bytes;    // all that came back
  bool closed = false;  // by the server
  duration took{};      // until it was closed
};

inline task<void> send_all(net::stream& to, const client& how) {
  for (std::size_t at = 0; at < how.bytes.size();) {
    const std::string piece = how.bytes.substr(at, how.piece);
    if ((co_await to.try_write(piece)).error) co_return;  // the server does not want the rest
    at += piece.size();
    co_await sleep_for(std::chrono::milliseconds(1));
  }
  if (how.closes) to.shutdown_write();
}

inline task<outcome> talk(app& under_test, client how, server_limits limits) {
  auto [ours, theirs] = net::memory_pair();
  outcome out;
  const time_point begin = loop::current().now();
  const auto body = [&](scope& s) -> task<void> {
    s.spawn(under_test.serve(std::move(theirs), limits));
    s.spawn(send_all(*ours, how));
    std::array<char, 4096> buffer;
    for (;;) {
      const net::io_result got = co_await ours->try_read_some(buffer);
      if (got.error) break;
      if (got.bytes == 0) {
        out.closed = true;
        out.took = loop::current().now() - begin;
        break;
      }
      out.bytes.append(buffer.data(), got.bytes);
    }
    ours->close();
  };
  co_await in_scope(body);
  co_return out;
}

inline outcome exchange(app& under_test, client how, server_limits limits = server_limits()) {
  return run_virtual(talk(under_test, std::move(how), limits));
}

// The statuses of the answers in a stream of bytes, such as "200 404".
inline std::string statuses(std::string_view bytes) {
  std::string out;
  for (std::size_t at = 0; (at = bytes.find("HTTP/1.1 ", at)) != std::string_view::npos; at += 9) {
    const std::string_view status = bytes.substr(at + 9, 3);
    if (!wire::all_are(status, wire::class_digit)) continue;  // a body that speaks of HTTP
    if (!out.empty()) out += ' ';
    out += status;
  }
  return out;
}

// Behind the first empty line.
inline std::string body_of(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  return end == std::string_view::npos ? std::string() : std::string(bytes.substr(end + 4));
}

}  // namespace lakh::http::test
