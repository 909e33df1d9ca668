// One connection to a server, and exchanges on it, one at a time: request out, answer in. The narrow path on which
// sessions and load alike go; it allocates nothing per exchange once its buffers have grown.
//
// For every failure it tells for certain whether the request was sent:
//   not_sent    no byte of it was taken by the transport
//   maybe_sent  some or all of it went out, and no complete answer came
//   answered    a complete answer came
//
// 1. Nothing is sent once its deadline has passed.
// 2. What came before a request was sent is no answer to it: whoever keeps a connection asks fit_for_use() first.
// 3. An answer may come before all of the request is out (413, for instance): then the rest is not sent, and the
//    connection is not used again.
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/core/certainty.hpp>
#include <lakh/http/deadline_timer.hpp>
#include <lakh/net/stream.hpp>
#include <lakh/wire/http1_body.hpp>
#include <lakh/wire/http1_head.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::http {

struct client_limits {
  client_limits() = default;
  wire::head_limits head;
  wire::body_limits body;
};

// Absolute times. A time_point::max() is no deadline.
struct exchange_deadlines {
  exchange_deadlines(time_point first_byte_by, time_point done_by) noexcept
      : first_byte(first_byte_by), done(done_by) {}
  // Takes the caller's word for what the time is now: reading a clock costs as much as parsing a head.
  exchange_deadlines& begun(time_point now) noexcept {
    now_ = now;
    return *this;
  }
  time_point first_byte;
  time_point done;

 private:
  friend class client_connection;
  time_point now_{};
};

struct [[nodiscard]] exchange_result {
  exchange_result() = default;
  [[nodiscard]] bool answer_begun() const noexcept { return first_byte != time_point{}; }
  std::error_code error;                                  // empty: a complete answer is there
  wire::http1_error malformed = wire::http1_error::none;  // what was wrong, where the error is protocol_violation
  certainty certain = certainty::not_sent;
  time_point begun{};       // before the first byte was written
  time_point first_byte{};  // of the answer; meaningful once there was one
  time_point done{};
};

class client_connection final : private deadline_timer {
 public:
  client_connection(std::unique_ptr<net::stream> transport, const client_limits& limits);
  ~client_connection() = default;

  // Sends `head` and `body` as they are and reads the answer to the end of its body; interim answers (1xx) are passed
  // over. Never throws for what the peer or the network does. Both views must live until it returns.
  task<exchange_result> exchange(std::string_view head, std::string_view body, wire::http_method method,
                                 exchange_deadlines deadlines);

  // The answer of the last exchange that succeeded; views that live until the next one.
  [[nodiscard]] const wire::response_head& answer() const noexcept { return head_; }
  [[nodiscard]] std::string_view body() const noexcept { return body_; }

  // Whether another exchange may follow.
  [[nodiscard]] bool reusable() const noexcept { return reusable_; }
  // For a connection that lay idle: false if the server has closed it meanwhile, or sent what nobody asked for.
  [[nodiscard]] bool still_alive() noexcept { return reusable_ && stream_->is_idle_and_alive(); }
  // The same without a system call, as far as the loop has noticed: for a connection that was in use just now.
  [[nodiscard]] bool fit_for_use() noexcept { return reusable_ && (!stream_->may_have_news() || still_alive()); }
  [[nodiscard]] std::uint64_t exchanges() const noexcept { return exchanges_; }
  [[nodiscard]] std::string peer() const { return stream_->peer(); }

 private:
  void expired() noexcept override;
  bool begin(exchange_result& result, const exchange_deadlines& deadlines);
  bool nothing_sent(exchange_result& result) noexcept;
  task<exchange_result> run(std::string_view head, std::string_view body, wire::http_method method,
                            exchange_deadlines deadlines, bool sends);
  task<exchange_result> run_while_sending(std::string_view head, std::string_view body, wire::http_method method,
                                          exchange_deadlines deadlines);
  task<void> send(std::string_view head, std::string_view body);
  bool parse_head(exchange_result& result, wire::http_method method, std::size_t& seen);
  bool grow(std::size_t least);
  task<void> read_body(exchange_result& result, wire::http_method method);

  std::unique_ptr<net::stream> stream_;
  net::io_result sent_;  // of the request; meaningful once `sending_` is false
  bool sending_ = false;
  client_limits limits_;
  std::vector<char> buffer_;  // what has been read: a head at head_at_, then the body
  std::size_t filled_ = 0;
  std::size_t head_at_ = 0;  // behind interim heads
  std::size_t head_end_ = 0;
  wire::response_head head_;  // views into buffer_
  std::string decoded_;       // a body that does not stand in the buffer in one piece
  std::string_view body_;     // into buffer_ or decoded_
  std::uint64_t exchanges_ = 0;
  bool reusable_ = true;
  bool timed_out_ = false;
};

}  // namespace lakh::http
