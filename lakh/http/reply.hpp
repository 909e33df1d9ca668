// Answers that say more than a value: a status, fields, other content than JSON.
//
//   return http::reply(202).header("Location", "/jobs/7");
//   return http::reply(200).content("text/csv", rows);
//   co_return http::created(view, "/orders/17");
#pragma once

#include <lakh/http/value.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace lakh::http {

class reply {
 public:
  // 200 to 999; input_error otherwise.
  explicit reply(int status = 200);

  // Throws input_error for a field that could not be sent, or that the connection writes itself.
  reply& header(std::string_view name, std::string_view value);
  reply& content(std::string_view type, std::string body);
  reply& text(std::string body) { return content("text/plain; charset=utf-8", std::move(body)); }
  // JSON text, as it is.
  reply& json_text(std::string json) { return content("application/json", std::move(json)); }
  template <json_value T> reply& json(const T& value) { return json_text(to_json(value)); }

  [[nodiscard]] int status() const noexcept { return status_; }
  [[nodiscard]] const std::string& content_type() const noexcept { return type_; }
  [[nodiscard]] const std::string& body() const noexcept { return body_; }
  [[nodiscard]] const std::string& header_lines() const noexcept { return lines_; }

 private:
  std::string type_;
  std::string body_;
  std::string lines_;
  int status_;
};

// 204: done, and nothing to say. A handler that returns nothing answers the same.
struct no_content {};

// 201, with where the new resource is (RFC 9110 §15.3.2).
template <class T> class created {
 public:
  explicit created(T value, std::string location = {}) : value_(std::move(value)), location_(std::move(location)) {}
  [[nodiscard]] const T& value() const noexcept { return value_; }
  [[nodiscard]] const std::string& location() const noexcept { return location_; }

 private:
  T value_;
  std::string location_;
};

}  // namespace lakh::http
