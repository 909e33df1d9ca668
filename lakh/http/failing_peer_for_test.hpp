// For tests: servers that fail in every way in which one can, on real sockets, and what a client must then say about
// its request. One table for all clients of the house.
#pragma once

#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/core/certainty.hpp>
#include <lakh/core/error.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lakh::http::test {

// One accepted connection, in the hands of a script that blocks on it.
class caller {
 public:
  caller(int fd, const std::atomic<bool>& over) : fd_(fd), over_(over) {}
  caller(const caller&) = delete;
  caller& operator=(const caller&) = delete;
  ~caller() { end(); }

  // Reads until so many bytes have come, or the peer ends.
  caller& read(std::size_t least) {
    std::array<char, 65536> buffer;
    for (std::size_t got = 0; got < least;) {
      const ssize_t n = ::recv(fd_, buffer.data(), std::min(buffer.size(), least - got), 0);
      if (n <= 0) break;
      got += static_cast<std::size_t>(n);
    }
    return *this;
  }
  // Reads to the empty line behind a head, and the body that its Content-Length tells.
  caller& read_request() {
    std::string bytes;
    std::array<char, 4096> buffer;
    const auto whole = [&] {
      const std::size_t end = bytes.find("\r\n\r\n");
      if (end == std::string::npos) return false;
      const std::size_t length = bytes.find("Content-Length: ");
      return bytes.size() >= end + 4 + (length < end ? std::stoul(bytes.substr(length + 16)) : 0);
    };
    while (!whole()) {
      const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), 0);
      if (n <= 0) break;
      bytes.append(buffer.data(), static_cast<std::size_t>(n));
    }
    return *this;
  }
  caller& write(std::string_view bytes) {
    ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return *this;
  }
  // Until the peer closes, or the test is over (behind bytes that nobody reads its end is not seen), reading nothing.
  void hang() {
    pollfd gone{fd_, POLLRDHUP, 0};
    while (!over_ && ::poll(&gone, 1, 5) == 0) continue;
  }
  // The connection ends with RST, now.
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    end();
  }

 private:
  void end() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  int fd_;
  const std::atomic<bool>& over_;
};

using peer_script = std::function<void(caller&)>;

inline constexpr std::string_view fine = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// A POST without a key, with a body of `body` bytes; 100 ms for the connection and to the first byte, 300 ms in all.
struct failure_case {
  const char* name;
  certainty certain;
  error_kind error;  // none: there is an answer
  std::vector<peer_script> scripts;
  bool warm = false;  // a request went well on the same connection before
  std::size_t body = 10;
  bool cancelled = false;      // by the client, while it waits for what does not come
  const char* host = nullptr;  // instead of the peer's address
  bool deaf = false;           // the peer's queue is full
};

// Plays one script to each connection, in their order; then it listens no more.
class failing_peer {
 public:
  explicit failing_peer(const failure_case& row) : failing_peer(row.scripts, row.deaf ? 0 : 64) {
    if (row.deaf) fill();
  }
  explicit failing_peer(std::vector<peer_script> scripts, int backlog = 64) : scripts_(std::move(scripts)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int little = 64 * 1024;  // received and not read
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&at), size) != 0 || ::listen(fd_, backlog) != 0)
      throw std::runtime_error("the test's server cannot listen");
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    if (!scripts_.empty()) playing_ = std::thread([this] { play(); });
  }
  failing_peer(const failing_peer&) = delete;
  failing_peer& operator=(const failing_peer&) = delete;
  ~failing_peer() {
    over_ = true;
    ::shutdown(fd_, SHUT_RDWR);
    if (playing_.joinable()) playing_.join();
    ::close(fd_);
    for (const int fd : waiting_)
      if (fd >= 0) ::close(fd);
  }

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  // Nobody accepts, and the queue is full: whoever connects hears nothing. For a backlog of 0.
  void fill() {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(port_);
    for (int& fd : waiting_) {
      fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      static_cast<void>(::connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at));  // goes on by itself
    }
  }
  void play() {
    for (std::size_t i = 0; i < scripts_.size(); ++i) {
      const int fd = ::accept(fd_, nullptr, nullptr);
      if (fd < 0) return;
      if (i + 1 == scripts_.size()) ::shutdown(fd_, SHUT_RDWR);
      caller connection(fd, over_);
      scripts_[i](connection);
    }
  }

  std::vector<peer_script> scripts_;
  std::array<int, 4> waiting_{-1, -1, -1, -1};
  std::thread playing_;
  std::atomic<bool> over_ = false;
  int fd_ = -1;
  std::uint16_t port_ = 0;
};

inline std::vector<failure_case> failure_cases() {
  using enum certainty;
  using enum error_kind;
  constexpr std::size_t large = 3 * 1024 * 1024;  // more than the sockets hold
  const auto after_request = [](std::string_view answer) {
    return peer_script([answer](caller& c) { c.read_request().write(answer); });
  };
  const auto after_request_hang = [](std::string_view answer) {
    return peer_script([answer](caller& c) { c.read_request().write(answer).hang(); });
  };
  const peer_script well = after_request(fine);
  return {
      {"refused", not_sent, connect, {}, false, 10, false, "127.0.0.1:1"},
      {"no such name", not_sent, resolve, {}, false, 10, false, "no-such-host.invalid"},
      {"no answer to connecting", not_sent, timeout, {}, false, 10, false, nullptr, true},
      {"cancelled while connecting", not_sent, error_kind::cancelled, {}, false, 10, true, nullptr, true},

      {"idle connection closed, another made", answered, none, {well, well}, true},
      {"idle connection closed, nobody there any more", not_sent, connect, {well}, true},
      {"kept connection closed behind the request line",
       maybe_sent,
       closed,
       {[](caller& c) { c.read_request().write(fine).read(10); }},
       true},
      {"kept connection reset behind the request",
       maybe_sent,
       closed,
       {[](caller& c) { c.read_request().write(fine).read_request().reset(); }},
       true},
      {"kept connection: no word before it ends",
       maybe_sent,
       closed,
       {[](caller& c) { c.read_request().write(fine).read_request(); }},
       true},
      {"kept connection: an answer that nobody asked for is not taken",
       answered,
       none,
       {[](caller& c) {
          c.read_request().write(fine).write("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n").hang();
        },
        well},
       true},

      {"closed before anything was read", maybe_sent, closed, {[](caller& c) { c.read(1); }}},
      {"closed behind the request line", maybe_sent, closed, {[](caller& c) { c.read(16); }}},
      {"reset behind the request", maybe_sent, closed, {[](caller& c) { c.read_request().reset(); }}},
      {"closed behind the request", maybe_sent, closed, {[](caller& c) { c.read_request(); }}},
      {"reset in the middle of the body",
       maybe_sent,
       closed,
       {[](caller& c) { c.read(100'000).reset(); }},
       false,
       large},
      {"stopped reading in the middle of the body",
       maybe_sent,
       timeout,
       {[](caller& c) { c.read(100'000).hang(); }},
       false,
       large},
      {"cancelled in the middle of the body",
       maybe_sent,
       error_kind::cancelled,
       {[](caller& c) { c.read(100'000).hang(); }},
       false,
       large,
       true},
      {"answered in the middle of the body, reading no more",
       answered,
       none,
       {[](caller& c) { c.read(100'000).write(fine).hang(); }},
       false,
       large},
      {"answered and reset in the middle of the body's last bytes", answered, none, {[](caller& c) {
         c.read_request().write(fine).hang();
       }}},

      {"interim answer, then closed", maybe_sent, closed, {after_request("HTTP/1.1 100 Continue\r\n\r\n")}},
      {"status line cut", maybe_sent, closed, {after_request("HTTP/1.1 20")}},
      {"head cut", maybe_sent, closed, {after_request("HTTP/1.1 200 OK\r\nContent-Le")}},
      {"body cut", maybe_sent, closed, {after_request("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell")}},
      {"chunk cut",
       maybe_sent,
       closed,
       {after_request("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")}},
      {"chunk size cut", maybe_sent, closed, {after_request("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5")}},
      {"no last chunk",
       maybe_sent,
       closed,
       {after_request("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")}},
      {"last chunk without its empty line",
       maybe_sent,
       closed,
       {after_request("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n")}},
      {"reset in a body that would end with the connection", maybe_sent, closed, {[](caller& c) {
         c.read(1).write("HTTP/1.1 200 OK\r\n\r\nhello");  // what it has not read makes the end a reset
       }}},
      {"not HTTP", maybe_sent, protocol, {after_request("220 mail.example ESMTP\r\n")}},
      {"two lengths",
       maybe_sent,
       protocol,
       {after_request("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")}},
      {"larger than allowed", maybe_sent, limit, {after_request("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n")}},

      {"no first byte in time", maybe_sent, timeout, {after_request_hang("")}},
      {"only an interim answer in time", maybe_sent, timeout, {after_request_hang("HTTP/1.1 100 Continue\r\n\r\n")}},
      {"no end of the head in time", maybe_sent, timeout, {after_request_hang("HTTP/1.1 200 OK\r\n")}},
      {"no end of the body in time",
       maybe_sent,
       timeout,
       {after_request_hang("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell")}},
      {"no end of the chunks in time",
       maybe_sent,
       timeout,
       {after_request_hang("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")}},
      {"cancelled while it waits", maybe_sent, error_kind::cancelled, {after_request_hang("")}, false, 10, true},
      {"cancelled in the answer",
       maybe_sent,
       error_kind::cancelled,
       {after_request_hang("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell")},
       false,
       10,
       true},

      {"an answer", answered, none, {well}},
      {"an answer that ends with the connection", answered, none, {after_request("HTTP/1.1 200 OK\r\n\r\nhello")}},
      {"an answer with bytes behind it",
       answered,
       none,
       {after_request("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore")}},
  };
}

// Runs `work` as the case asks: to its end, or cancelled while it waits.
template <class T> task<T> as_told(const failure_case& row, task<T> work) {
  if (!row.cancelled) co_return co_await std::move(work);
  cancel_scope scope(co_await this_scope());
  std::optional<T> result;
  const auto body = [&](lakh::scope& s) -> task<void> {
    s.spawn([](cancel_scope& of_work) -> task<void> {
      co_await sleep_for(std::chrono::milliseconds(50));
      of_work.cancel();
    }(scope));
    result = co_await std::move(work).under(scope);
  };
  co_await in_scope(body);
  co_return std::move(*result);
}

}  // namespace lakh::http::test
