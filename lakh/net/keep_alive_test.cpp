#include <lakh/async/run.hpp>
#include <lakh/net/connect.hpp>
#include <lakh/net/listener.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
namespace net = lakh::net;

int option_of(int fd, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(fd, level, name, &value, &size), 0);
  return value;
}

// This process's end of a connection over TCP: the accepted one, whose own port is the listener's, or the other.
std::optional<int> descriptor_of(std::uint16_t port, bool accepted) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(entry.path().filename());
    sockaddr_in own{};
    sockaddr_in peer{};
    socklen_t own_size = sizeof own;
    socklen_t peer_size = sizeof peer;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &own_size) != 0 || own.sin_family != AF_INET) continue;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) continue;
    if (ntohs(accepted ? own.sin_port : peer.sin_port) == port) return fd;
  }
  return std::nullopt;
}

lakh::task<void> look_at_both_ends(net::listen_options listening, net::connect_options connecting, bool asks) {
  net::listener at(net::endpoint::parse("127.0.0.1:0"), listening);
  const auto one = co_await net::connect(at.local(), 10s, connecting);
  const auto other = co_await at.accept();
  for (const bool accepted : {true, false}) {
    const auto fd = descriptor_of(at.local().port(), accepted);
    if (!fd) {
      ADD_FAILURE() << "no such connection";
      continue;
    }
    EXPECT_EQ(option_of(*fd, SOL_SOCKET, SO_KEEPALIVE) != 0, asks) << accepted;
    // What is sent and not taken stops the kernel's questions, and has a time of its own.
    EXPECT_EQ(option_of(*fd, IPPROTO_TCP, TCP_USER_TIMEOUT), asks ? 60'000 : 0) << accepted;
    if (!asks) continue;
    EXPECT_EQ(option_of(*fd, IPPROTO_TCP, TCP_KEEPIDLE), 30);
    EXPECT_EQ(option_of(*fd, IPPROTO_TCP, TCP_KEEPINTVL), 10);
    EXPECT_EQ(option_of(*fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
  }
}

TEST(keep_alive, bounds_how_long_a_silent_machine_is_waited_for_at_both_ends) {
  lakh::run(look_at_both_ends(net::listen_options().keep_alive(30s), net::connect_options().keep_alive(30s), true));
}

TEST(keep_alive, is_set_only_where_it_was_asked_for) {
  lakh::run(look_at_both_ends(net::listen_options(), net::connect_options(), false));
}

TEST(keep_alive, means_nothing_to_unix_domain_sockets) {
  const auto work = []() -> lakh::task<void> {
    const auto where = net::endpoint::parse("unix:@lakh-keep-alive-" + std::to_string(::getpid()));
    net::listener at(where, net::listen_options().keep_alive(30s));
    const auto one = co_await net::connect(where, 10s, net::connect_options().keep_alive(30s));
    const auto other = co_await at.accept();
    co_await one->write("hello");
  };
  lakh::run(work());
}

}  // namespace
