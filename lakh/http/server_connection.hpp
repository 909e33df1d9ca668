// The server's side of one HTTP/1.1 connection, over any stream: reads requests, has a service answer them, writes.
//
// Invariants
// 1. Answers go out in the order of their requests. Those to requests that came together leave together, unless one has
//    to be waited for: what is ready then leaves first.
// 2. From the moment a head is parsed until its answer is written, its bytes in `in_` stay where they are.
// 3. One deadline at a time. When it passes, `scope_` is cancelled: what is awaited ends, and the connection with it.
// 4. A connection ends by closing; if the client may still be sending, the last answer is followed by a half-close and
//    a bounded wait, since a reset would take the answer away from it (RFC 9112 §9.6).
// 5. run() does not throw.
#pragma once

#include <lakh/async/cancel.hpp>
#include <lakh/core/intrusive_list.hpp>
#include <lakh/http/byte_buffer.hpp>
#include <lakh/http/deadline_timer.hpp>
#include <lakh/http/request.hpp>
#include <lakh/http/response_writer.hpp>
#include <lakh/http/server_limits.hpp>
#include <lakh/http/service.hpp>
#include <lakh/net/stream.hpp>
#include <lakh/wire/http1_body.hpp>

#include <exception>
#include <memory>
#include <string>

namespace lakh::http {

class server_connection final : public list_node<server_connection>, private body_source, private deadline_timer {
 public:
  // All three outlive the connection.
  server_connection(std::unique_ptr<net::stream> stream, const service& service, const server_limits& limits,
                    answer_cache& cache);

  // Until the connection has ended.
  task<void> run();

  // No more requests: at once if none has begun, else after the answer to the one that has.
  void drain() noexcept;

 private:
  enum class stage : std::uint8_t { idle, head, body, handling, writing, lingering };

  task<void> exchanges();
  task<void> farewell();
  task<void> await_handler(task<void> rest);
  task<bool> discard_body();
  task<std::string_view> whole_body() override;
  [[nodiscard]] std::string peer() const override { return stream_->peer(); }
  void expired() noexcept override;

  void enter(stage next, duration limit);
  void enter_writing(std::size_t bytes);
  bool wrote(const net::io_result& result) noexcept;
  std::span<char> head_room();
  void begin_request(std::size_t head_size);
  void take_buffered_body();
  void settle_keep_alive() noexcept;
  void end_request();
  void refuse(wire::http1_error error);
  void answer_failure(const std::exception_ptr& failure);
  duration allowance(duration base, std::uint64_t bytes) const noexcept;

  std::unique_ptr<net::stream> stream_;
  const service& service_;
  const server_limits& limits_;
  answer_cache& cache_;
  cancel_scope* scope_ = nullptr;
  loop& loop_;
  time_point now_;  // when the loop last came back with something for us

  request request_;
  response_writer writer_;
  wire::body_decoder decoder_;
  byte_buffer in_;           // invariant 2
  byte_buffer body_;         // content that was not in `in_` whole, then what came behind it
  std::string out_;          // answers that are not sent yet
  std::size_t used_ = 0;     // of in_, by the request in hand
  std::size_t content_ = 0;  // bytes of body_ that are content
  stage stage_ = stage::idle;
  bool continue_due_ = false;  // the client waits for 100 (Continue)
  bool draining_ = false;
  bool timed_out_ = false;
  bool lost_ = false;    // the peer is gone: nothing can be written
  bool linger_ = false;  // invariant 4
};

}  // namespace lakh::http
