// One route of an app. What app::get and its like give back, to say more about it:
//
//   shop.get("/orders/{id}", find_order).summary("One order").tag("orders");
#pragma once

#include <lakh/http/handler.hpp>
#include <lakh/http/openapi.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lakh::http {

class route {
 public:
  route(std::unique_ptr<handler> run, operation about, std::vector<std::string> names, bool takes_body)
      : run_(std::move(run)), about_(std::move(about)), names_(std::move(names)), takes_body_(takes_body) {}

  // For the OpenAPI document.
  route& summary(std::string text) {
    about_.summary = std::move(text);
    return *this;
  }
  route& description(std::string text) {
    about_.description = std::move(text);
    return *this;
  }
  route& tag(std::string name) {
    about_.tags.push_back(std::move(name));
    return *this;
  }
  route& operation_id(std::string id) {
    about_.id = std::move(id);
    return *this;
  }
  // The status of the answer, where the return type does not tell (a reply).
  route& answers(int status, std::string_view media_type = {}) {
    about_.answers = {operation::answer{status, media_type, nullptr, false}};
    return *this;
  }
  // Leaves it out of the document.
  route& hide() {
    about_.hidden = true;
    return *this;
  }

  // In place of the server's limit.
  route& max_body(std::uint64_t bytes) {
    max_body_ = bytes;
    return *this;
  }

  [[nodiscard]] const handler& run() const noexcept { return *run_; }
  [[nodiscard]] const operation& about() const noexcept { return about_; }
  [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }
  [[nodiscard]] bool takes_body() const noexcept { return takes_body_; }
  [[nodiscard]] std::optional<std::uint64_t> body_limit() const noexcept { return max_body_; }

 private:
  std::unique_ptr<handler> run_;
  operation about_;
  std::vector<std::string> names_;
  std::optional<std::uint64_t> max_body_;
  bool takes_body_;
};

}  // namespace lakh::http
