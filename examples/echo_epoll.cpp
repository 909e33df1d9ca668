// An echo server on raw epoll: what an event loop is, in one function, with nothing but the kernel. One thread serves
// all sockets: it asks which of them have news, does for each what can be done without waiting, and asks again. So what
// a connection still has to do must be kept between its turns: here the bytes that its peer has not taken yet.
// tcp_echo.cpp is the same on lakh: each connection is a coroutine that reads from top to bottom, its turns are the
// awaits, and what is kept between them are its variables.
//
//   example_echo_epoll 7000          serves until it is killed; try: nc 127.0.0.1 7000
//   example_echo_epoll               serves two clients of its own, and ends
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

int check(int result, const char* doing) {
  if (result >= 0) return result;
  std::perror(doing);
  std::exit(1);
}

// Until `stop` becomes readable. `listening` does not block.
void serve(int listening, int stop) {
  const int epoll = check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  const auto watch = [epoll](int fd, std::uint32_t events, int how) {
    epoll_event wish{.events = events, .data = {.fd = fd}};
    check(::epoll_ctl(epoll, how, fd, &wish), "epoll_ctl");
  };
  // Level-triggered: epoll tells of a socket again and again until its news are dealt with.
  watch(listening, EPOLLIN, EPOLL_CTL_ADD);
  watch(stop, EPOLLIN, EPOLL_CTL_ADD);
  std::unordered_map<int, std::string> peers;  // by socket: what is still to be sent back
  bool exhausted = false;                      // no descriptor is left for another one

  for (bool stopped = false; !stopped;) {
    std::array<epoll_event, 64> news;
    const int count = ::epoll_wait(epoll, news.data(), static_cast<int>(news.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = news[static_cast<std::size_t>(i)].data.fd;
      if (fd == stop) {
        stopped = true;
      } else if (fd == listening) {
        const int peer = ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (peer < 0) {
          // Either it has gone again, or it stays in line until another one goes: news that cannot be dealt with now.
          exhausted = errno == EMFILE || errno == ENFILE;
          if (exhausted) watch(listening, 0, EPOLL_CTL_MOD);
          continue;
        }
        peers.try_emplace(peer);
        watch(peer, EPOLLIN, EPOLL_CTL_ADD);
      } else {
        std::string& rest = peers.at(fd);
        ssize_t done = 1;
        if (rest.empty()) {
          std::array<char, 4096> buffer;
          done = ::recv(fd, buffer.data(), buffer.size(), 0);
          if (done > 0) rest.assign(buffer.data(), static_cast<std::size_t>(done));
        }
        if (done > 0) done = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (done > 0) rest.erase(0, static_cast<std::size_t>(done));
        if (done == 0 || (done < 0 && errno != EAGAIN)) {
          peers.erase(fd);
          ::close(fd);  // which also ends the watch
          if (std::exchange(exhausted, false)) watch(listening, EPOLLIN, EPOLL_CTL_MOD);
        } else {
          watch(fd, rest.empty() ? EPOLLIN : EPOLLOUT, EPOLL_CTL_MOD);  // read again only when all is sent
        }
      }
    }
  }
  for (const auto& [fd, rest] : peers) ::close(fd);
  ::close(epoll);
}

sockaddr_in local_address(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::string ask(int socket, const std::string& text) {
  check(static_cast<int>(::send(socket, text.data(), text.size(), MSG_NOSIGNAL)), "send");
  std::string answer(text.size(), '\0');
  check(static_cast<int>(::recv(socket, answer.data(), answer.size(), MSG_WAITALL)), "recv");
  return answer;
}

void be_two_clients(const sockaddr_in& server) {
  std::array<int, 2> sockets{};
  for (int& one : sockets) {
    one = check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    check(::connect(one, reinterpret_cast<const sockaddr*>(&server), sizeof server), "connect");
  }
  // In turns, while both are connected: one thread serves both.
  for (const char* const text : {"one lakh", "is 100,000"})
    for (const int one : sockets) std::printf("%s\n", ask(one, text).c_str());
  for (const int one : sockets) ::close(one);
}

}  // namespace

int main(int argc, char** argv) {
  const int listening = check(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
  const int yes = 1;
  ::setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address = local_address(argc > 1 ? std::atoi(argv[1]) : 0);  // 0: any free port
  socklen_t size = sizeof address;
  check(::bind(listening, reinterpret_cast<sockaddr*>(&address), size), "bind");
  check(::listen(listening, SOMAXCONN), "listen");
  check(::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");

  const int stop = check(::eventfd(0, EFD_CLOEXEC), "eventfd");
  std::thread server([=] { serve(listening, stop); });
  if (argc == 1) {
    be_two_clients(address);
    ::eventfd_write(stop, 1);
  }
  server.join();
  ::close(stop);
  ::close(listening);
}
