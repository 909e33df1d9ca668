// A request as a handler sees it. Everything is a view that is valid until the handler has ended.
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/wire/http1_head.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::http {

class route;

// Gets the rest of a body from the connection. For the framework.
class body_source {
 public:
  virtual task<std::string_view> whole_body() = 0;
  [[nodiscard]] virtual std::string peer() const = 0;

 protected:
  ~body_source() = default;
};

class request {
 public:
  static constexpr std::size_t most_captures = 16;

  request() = default;
  request(const request&) = delete;
  request& operator=(const request&) = delete;

  [[nodiscard]] std::string_view method() const noexcept { return head_.method; }
  [[nodiscard]] wire::http_method method_code() const noexcept { return head_.method_code; }
  // As they came, still encoded.
  [[nodiscard]] std::string_view target() const noexcept { return head_.target; }
  [[nodiscard]] std::string_view path() const noexcept { return head_.path; }
  [[nodiscard]] std::string_view query() const noexcept { return head_.query; }
  [[nodiscard]] std::string_view authority() const noexcept { return head_.authority; }
  [[nodiscard]] std::string_view content_type() const noexcept { return head_.content_type; }
  [[nodiscard]] const wire::field_list& headers() const noexcept { return head_.fields; }
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept {
    return head_.fields.find(name);
  }

  // The pattern that matched, "/orders/{id}"; empty if none did.
  [[nodiscard]] std::string_view pattern() const noexcept { return pattern_; }
  // What stands at {name} in the path, still encoded; nothing if the pattern has no such place.
  [[nodiscard]] std::optional<std::string_view> path_value(std::string_view name) const noexcept;
  // The first query parameter of that name, still encoded.
  [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const;

  // The whole content. Waits for it, having sent 100 (Continue) if the client asks for that. Throws problem 413 if it
  // is over the route's limit, 400 or 408 if it does not come as it should. Where the handler takes a body as an
  // argument, it is there already.
  task<std::string_view> body() { return source_->whole_body(); }
  // What of it is here; all, where the handler takes a body as an argument.
  [[nodiscard]] std::string_view content() const noexcept { return content_; }

  // A field for the answer, whatever that will be. Throws input_error for what cannot be sent.
  void answer_header(std::string_view name, std::string_view value);

  // For servers that fail on purpose: of the answer, whatever that will be, only the first `bytes` are sent, always
  // fewer than all, and the connection is closed without a word behind them. 0: no answer at all.
  void cut_answer(std::uint64_t bytes) noexcept { answer_cut_ = bytes; }

  // "127.0.0.1:51234"
  [[nodiscard]] std::string peer() const { return source_ != nullptr ? source_->peer() : std::string(); }

  // For the framework.
  void start(body_source* source) noexcept;
  void match(const route* to, std::string_view pattern, const std::vector<std::string>* names) noexcept {
    route_ = to;
    pattern_ = pattern;
    names_ = names;
  }
  [[nodiscard]] const route* matched() const noexcept { return route_; }
  wire::request_head& head() noexcept { return head_; }
  [[nodiscard]] const wire::request_head& head() const noexcept { return head_; }
  std::array<std::string_view, most_captures>& captures() noexcept { return captures_; }
  void set_content(std::string_view content) noexcept { content_ = content; }
  [[nodiscard]] const std::string& answer_lines() const noexcept { return answer_lines_; }
  [[nodiscard]] std::optional<std::uint64_t> answer_cut() const noexcept { return answer_cut_; }

 private:
  wire::request_head head_;
  body_source* source_ = nullptr;
  const route* route_ = nullptr;
  const std::vector<std::string>* names_ = nullptr;
  std::string_view pattern_;
  std::string_view content_;
  std::array<std::string_view, most_captures> captures_;
  std::string answer_lines_;
  std::optional<std::uint64_t> answer_cut_;
};

// Resolves %XX, and '+' as a space where it is a form's; nothing if an escape is incomplete or the result is not UTF-8.
bool decode_value(std::string_view encoded, bool plus_is_space, std::string& out);

}  // namespace lakh::http
