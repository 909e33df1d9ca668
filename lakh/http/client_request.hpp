// A request being put together, in the order in which one thinks of it:
//
//   auto answer = co_await http.post("https://shop.example/orders").bearer(token).json(order).timeout(5s);
//
// Every call changes the request and hands it on; awaiting sends it.
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/http/headers.hpp>
#include <lakh/http/response.hpp>

#include <boost/json/fwd.hpp>

#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lakh::http {

class session;

class [[nodiscard]] client_request {
 public:
  client_request(session& by, std::string_view method, std::string_view url);
  client_request(client_request&&) = default;
  // Also of itself: `request = std::move(request).header(…)` is how one adds to a request in a loop.
  client_request& operator=(client_request&& other) noexcept {
    if (this != &other) {
      std::destroy_at(this);
      std::construct_at(this, std::move(other));
    }
    return *this;
  }
  ~client_request() = default;

  // Fields, replacing any of the same name. Throws input_error for what could not be sent. Host is sent as it is given;
  // Content-Length is what the body has, whatever is given.
  client_request&& header(std::string_view name, std::string_view value) &&;
  client_request&& bearer(std::string_view token) &&;
  client_request&& basic_auth(std::string_view user, std::string_view password) &&;
  // The key by which the server tells a repetition from a new request
  // (draft-ietf-httpapi-idempotency-key-header-07); with it, a POST may be sent again after a lost connection.
  client_request&& idempotency_key(std::string_view key) &&;

  // Appended to the URL's query, escaped.
  client_request&& query(std::string_view name, std::string_view value) &&;
  client_request&& query(std::string_view name, const char* value) && {
    return std::move(*this).query(name, std::string_view(value));
  }
  template <class T>
    requires std::integral<T> || std::floating_point<T>
  client_request&& query(std::string_view name, T value) && {
    if constexpr (std::same_as<T, bool>)
      return std::move(*this).query(name, std::string_view(value ? "true" : "false"));
    else
      return std::move(*this).query(name, std::string_view(std::to_string(value)));
  }

  // The body, one of:
  client_request&& body(std::string bytes, std::string_view content_type = "application/octet-stream") &&;
  client_request&& json(const boost::json::value& value) &&;
  client_request&& json_text(std::string text) &&;                          // sent as it is
  client_request&& form(std::string_view name, std::string_view value) &&;  // once per field

  client_request&& timeout(std::chrono::nanoseconds total) &&;
  client_request&& connect_timeout(std::chrono::nanoseconds limit) &&;
  client_request&& first_byte_timeout(std::chrono::nanoseconds limit) &&;
  // How many redirects to follow; 0: hand the redirecting answer back.
  client_request&& redirects(int most) &&;

  // Sends it. Throws the tree of lakh/core/error.hpp, but not for a status: see response::raise_for_status, and for
  // whether the request was sent, certainty_of in request_failure.hpp.
  task<response>::awaiter operator co_await() &&;
  // The same as a task: for scopes and gather.
  task<response> send() &&;

  [[nodiscard]] const std::string& method() const noexcept { return method_; }

 private:
  friend class session;
  session* by_;
  std::string method_;
  std::string url_;
  std::string query_;
  http::headers fields_;
  std::string body_;
  std::string content_type_;
  bool has_body_ = false;
  std::optional<std::chrono::nanoseconds> total_;
  std::optional<std::chrono::nanoseconds> connect_;
  std::optional<std::chrono::nanoseconds> first_byte_;
  std::optional<int> redirects_;
};

}  // namespace lakh::http
