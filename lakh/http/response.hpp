// What a server answered to a session's request.
#pragma once

#include <lakh/http/headers.hpp>

#include <boost/json/fwd.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace lakh::http {

// Where the time went, of the last exchange if there were redirects. Zero for what did not happen: a reused connection
// has no look-up and no connect.
struct timings {
  std::chrono::nanoseconds look_up{};
  std::chrono::nanoseconds connect{};
  std::chrono::nanoseconds first_byte{};  // from the start of sending to the first byte of the answer
  std::chrono::nanoseconds transfer{};    // from the first byte to the last
  std::chrono::nanoseconds total{};       // of everything, redirects included
  bool reused = false;                    // the connection had served another request before
};

class response {
 public:
  response() = default;

  [[nodiscard]] int status() const noexcept { return status_; }
  // As the server wrote it; may be empty.
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
  [[nodiscard]] bool ok() const noexcept { return status_ >= 200 && status_ < 300; }
  [[nodiscard]] const headers& fields() const noexcept { return fields_; }
  // The first field of that name; empty if there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept {
    return fields_.find(name).value_or(std::string_view());
  }
  [[nodiscard]] const std::string& body() const& noexcept { return body_; }
  [[nodiscard]] std::string body() && noexcept { return std::move(body_); }
  // Where the answer came from, after redirects.
  [[nodiscard]] const std::string& url() const noexcept { return url_; }
  [[nodiscard]] int redirects() const noexcept { return redirects_; }
  [[nodiscard]] const timings& times() const noexcept { return times_; }

  // The body as JSON: #include <lakh/core/json.hpp> to work with it. Throws protocol_error that tells the position.
  [[nodiscard]] boost::json::value json() const;

  // Throws status_error for 4xx and 5xx, with what the server said in its body.
  const response& raise_for_status() const;

 private:
  friend class session;
  std::string reason_;
  std::string body_;
  std::string url_;
  std::string method_;
  headers fields_;
  timings times_;
  int status_ = 0;
  int redirects_ = 0;
};

}  // namespace lakh::http
