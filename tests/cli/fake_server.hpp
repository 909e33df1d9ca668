// A server on 127.0.0.1 that answers what a test says, byte for byte. Plain blocking sockets: a peer that shares no
// code with what is tested.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace lakh::cli::test {

// The answer to a request (head and body as they came); empty: the connection is closed.
using answer_script = std::function<std::string(const std::string& request)>;

class fake_server {
 public:
  explicit fake_server(answer_script answers);
  fake_server(const fake_server&) = delete;
  fake_server& operator=(const fake_server&) = delete;
  ~fake_server();

  [[nodiscard]] std::string url(const std::string& path = {}) const { return "http://" + address() + path; }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // All that came, in the order of arrival.
  [[nodiscard]] std::vector<std::string> requests() const;

 private:
  void accept_all();
  void serve(int peer);

  answer_script answers_;
  int port_ = 0;
  int listener_ = -1;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<int> peers_;
  std::vector<std::jthread> threads_;
  std::jthread acceptor_;
};

// "HTTP/1.1 201 Created" with a body of this type.
std::string answer(const std::string& status, const std::string& body, const std::string& type = "application/json",
                   const std::string& more_headers = {});

// The body of a request as the server got it.
std::string body_of(const std::string& request);

// An address on which nobody listens.
std::string dead_address();

}  // namespace lakh::cli::test
