// An HTTP client that keeps its connections:
//
//   lakh::http::session http;
//   auto answer = co_await http.get("http://127.0.0.1:8080/orders").query("page", 2).timeout(5s);
//   answer.raise_for_status();
//
// A session belongs to the loop on which it is used, and may serve any number of coroutines there at once.
#pragma once

#include <lakh/async/loop.hpp>
#include <lakh/http/client_request.hpp>
#include <lakh/http/headers.hpp>
#include <lakh/http/response.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace lakh::http {

class session_options {
 public:
  session_options() = default;
  // Put before every URL that has no scheme.
  session_options& base_url(std::string value);
  // Sent with every request that does not set it itself.
  session_options& header(std::string_view name, std::string_view value);
  session_options& timeout(std::chrono::nanoseconds total);
  session_options& connect_timeout(std::chrono::nanoseconds value);
  session_options& first_byte_timeout(std::chrono::nanoseconds value);
  session_options& redirects(int most);
  // To one server at a time; requests beyond it wait for a connection. Not 0 (input_error).
  session_options& connections_per_host(std::size_t most);
  session_options& idle_expiry(std::chrono::nanoseconds value);
  session_options& answer_limit(std::uint64_t bytes);

 private:
  friend class session;
  friend class client_request;
  std::string base_url_;
  headers fields_;
  std::chrono::nanoseconds total_ = std::chrono::seconds(60);
  std::chrono::nanoseconds connect_ = std::chrono::seconds(10);
  std::chrono::nanoseconds first_byte_ = std::chrono::seconds(30);
  std::chrono::nanoseconds idle_expiry_ = std::chrono::seconds(30);
  std::size_t connections_per_host_ = 100;
  std::uint64_t answer_limit_ = 64ULL * 1024 * 1024;
  int redirects_ = 10;
};

class session {
 public:
  session();
  explicit session(session_options options);
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  ~session();

  client_request get(std::string_view url) { return request("GET", url); }
  client_request head(std::string_view url) { return request("HEAD", url); }
  client_request post(std::string_view url) { return request("POST", url); }
  client_request put(std::string_view url) { return request("PUT", url); }
  client_request patch(std::string_view url) { return request("PATCH", url); }
  client_request del(std::string_view url) { return request("DELETE", url); }
  client_request options(std::string_view url) { return request("OPTIONS", url); }
  client_request request(std::string_view method, std::string_view url) { return {*this, method, url}; }

  // What awaiting a request does. Throws the tree of lakh/core/error.hpp; certainty_of() of request_failure.hpp says of
  // what it threw whether the request was sent.
  task<response> send(client_request request);

 private:
  struct state;
  struct journey;
  task<void> exchange(const journey& now, time_point done_by, response& answer);

  std::unique_ptr<state> state_;
};

}  // namespace lakh::http
