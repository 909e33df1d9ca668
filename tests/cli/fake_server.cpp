#include "fake_server.hpp"

#include <algorithm>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lakh::cli::test {
namespace {

sockaddr_in local(int port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<std::uint16_t>(port));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

int bound_socket(int& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at = local(0);
  socklen_t size = sizeof at;
  if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&at), size) != 0 ||  // NOLINT
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0)      // NOLINT
    throw std::runtime_error("no socket for the test");
  port = ntohs(at.sin_port);
  return fd;
}

}  // namespace

fake_server::fake_server(answer_script answers) : answers_(std::move(answers)), listener_(bound_socket(port_)) {
  ::listen(listener_, 512);
  acceptor_ = std::jthread([this] { accept_all(); });
}

fake_server::~fake_server() {
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int peer : peers_) ::shutdown(peer, SHUT_RDWR);
  }
  threads_.clear();
  for (const int peer : peers_) ::close(peer);
  ::close(listener_);
}

std::vector<std::string> fake_server::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void fake_server::accept_all() {
  for (;;) {
    const int peer = ::accept(listener_, nullptr, nullptr);
    if (peer < 0) return;
    const std::lock_guard lock(mutex_);
    peers_.push_back(peer);
    threads_.emplace_back([this, peer] { serve(peer); });
  }
}

void fake_server::serve(int peer) {
  std::string bytes;
  char buffer[16384];
  const auto more = [&] {
    const ssize_t got = ::recv(peer, buffer, sizeof buffer, 0);
    if (got > 0) bytes.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  };
  for (;;) {
    std::size_t end = 0;
    while ((end = bytes.find("\r\n\r\n")) == std::string::npos)
      if (!more()) return;
    std::size_t whole = end + 4;
    if (const auto length = bytes.find("Content-Length: "); length < end)
      whole += std::stoul(bytes.substr(length + 16));
    while (bytes.size() < whole)
      if (!more()) return;
    const std::string request = bytes.substr(0, whole);
    bytes.erase(0, whole);
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    const std::string text = answers_(request);
    if (text.empty()) {
      ::shutdown(peer, SHUT_RDWR);
      return;
    }
    if (::send(peer, text.data(), text.size(), MSG_NOSIGNAL) < 0) return;
  }
}

std::string answer(const std::string& status, const std::string& body, const std::string& type,
                   const std::string& more_headers) {
  return "HTTP/1.1 " + status + "\r\nContent-Type: " + type + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + more_headers + "\r\n" + body;
}

std::string body_of(const std::string& request) {
  return request.substr(request.find("\r\n\r\n") + 4);
}

std::string dead_address() {
  int port = 0;
  ::close(bound_socket(port));
  return "127.0.0.1:" + std::to_string(port);
}

}  // namespace lakh::cli::test
