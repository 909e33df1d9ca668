#include <lakh/http/client_connection.hpp>
#include <lakh/http/eager.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace lakh::http {
namespace {

constexpr std::size_t first_buffer = 2048;         // most answers to API calls fit; ten thousand users cost 20 MB
constexpr std::size_t most_in_buffer = 64 * 1024;  // a longer body is collected in a string of its own
constexpr std::size_t least_window = 16 * 1024;    // room for reading such a body in pieces
constexpr std::size_t most_kept = 1024 * 1024;     // of that string, for the next one
constexpr int most_interim_answers = 32;
constexpr std::size_t most_at_once = 16 * 1024;  // sockets take that much without waiting for the peer, mostly

}  // namespace

client_connection::client_connection(std::unique_ptr<net::stream> transport, const client_limits& limits)
    : deadline_timer(loop::current()), stream_(std::move(transport)), limits_(limits), buffer_(first_buffer) {}

void client_connection::expired() noexcept {
  timed_out_ = true;
  stream_->close();  // fails the read or write under way
}

// Views into the buffer die: the caller parses the head again.
bool client_connection::grow(std::size_t least) {
  if (buffer_.size() >= least) return false;
  buffer_.resize(std::max(least, buffer_.size() * 2));
  return true;
}

// True if the head is there; false if more is needed or result.error is set.
bool client_connection::parse_head(exchange_result& result, wire::http_method method, std::size_t& seen) {
  for (int interim = 0; interim < most_interim_answers; ++interim) {
    const std::string_view bytes(buffer_.data() + head_at_, filled_ - head_at_);
    const wire::head_result parsed = wire::parse_response_head(bytes, head_, method, limits_.head, seen);
    if (parsed.state == wire::parse_state::need_more) {
      seen = bytes.size();
      return false;
    }
    if (parsed.state == wire::parse_state::error) {
      result.error = errc::protocol_violation;
      result.malformed = parsed.error;
      return false;
    }
    if (!head_.interim()) {
      head_end_ = head_at_ + parsed.size;
      return true;
    }
    head_at_ += parsed.size;
    seen = 0;
  }
  result.error = errc::protocol_violation;
  result.malformed = wire::http1_error::bad_status_code;
  return false;
}

// False if it is too late to send anything.
bool client_connection::begin(exchange_result& result, const exchange_deadlines& deadlines) {
  ++exchanges_;
  reusable_ = false;
  filled_ = head_at_ = head_end_ = 0;
  body_ = {};
  if (decoded_.capacity() > most_kept) decoded_ = {};
  result.begun = deadlines.now_ != time_point{} ? deadlines.now_ : loop::current().now();
  const time_point first = std::min(deadlines.first_byte, deadlines.done);
  if (first > result.begun) {
    move_to(first);
    return true;
  }
  result.error = errc::timed_out;
  result.done = result.begun;
  return false;
}

// A peer that stopped reading in the middle may still have answered ("413, and go away"): only where nothing went out,
// or our own side gave up, is there no answer to wait for.
bool client_connection::nothing_sent(exchange_result& result) noexcept {
  if (!sent_.error) return false;
  if (sent_.bytes != 0 && !timed_out_ && kind_of(sent_.error) != error_kind::cancelled) return false;
  result.error = timed_out_ ? std::error_code(errc::timed_out) : sent_.error;
  result.certain = sent_.bytes == 0 ? certainty::not_sent : certainty::maybe_sent;
  clear();
  result.done = loop::current().now();
  return true;
}

task<exchange_result> client_connection::exchange(std::string_view head, std::string_view body,
                                                  wire::http_method method, exchange_deadlines deadlines) {
  return head.size() + body.size() <= most_at_once ? run(head, body, method, deadlines, true)
                                                   : run_while_sending(head, body, method, deadlines);
}

task<void> client_connection::send(std::string_view head, std::string_view body) {
  sending_ = true;
  sent_ = co_await stream_->try_write(head, body);
  sending_ = false;
}

// Listens for the answer meanwhile: a server that has answered may read no further, and both would wait.
task<exchange_result> client_connection::run_while_sending(std::string_view head, std::string_view body,
                                                           wire::http_method method, exchange_deadlines deadlines) {
  exchange_result result;
  if (!begin(result, deadlines)) co_return result;
  cancel_scope beside(co_await this_scope());
  eager sending(send(head, body), beside);
  const bool ended = sending.start();
  std::exception_ptr failure;
  try {
    if (!ended || !nothing_sent(result))
      result = co_await run(head, body, method, deadlines.begun(result.begun), false);
  } catch (...) {
    failure = std::current_exception();
  }
  beside.cancel();
  co_await sending.join();
  if (failure) std::rethrow_exception(failure);
  if (result.error && sent_.bytes == 0) result.certain = certainty::not_sent;
  co_return result;
}

// With `sends`, the whole exchange; without, what follows the beginning, while another coroutine sends.
task<exchange_result> client_connection::run(std::string_view head, std::string_view body, wire::http_method method,
                                             exchange_deadlines deadlines, bool sends) {
  exchange_result result;
  loop& here = loop::current();
  if (sends) {
    if (!begin(result, deadlines)) co_return result;
    sent_ = co_await stream_->try_write(head, body);
    if (nothing_sent(result)) co_return result;
  } else {
    result.begun = deadlines.now_;
  }
  result.certain = certainty::maybe_sent;

  std::size_t seen = 0;
  std::size_t reads = 0;
  while (!parse_head(result, method, seen) && !result.error) {
    if (filled_ == buffer_.size()) grow(filled_ + 1);
    const net::io_result got = co_await stream_->try_read_some({buffer_.data() + filled_, buffer_.size() - filled_});
    if (got.error || got.bytes == 0) {
      result.error = timed_out_                 ? std::error_code(errc::timed_out)
                     : got.error                ? got.error
                     : !sending_ && sent_.error ? sent_.error
                                                : std::error_code(errc::end_of_stream);
      break;
    }
    ++reads;
    if (filled_ == 0) {
      result.first_byte = here.now();
      move_to(deadlines.done);
    }
    filled_ += got.bytes;
  }
  if (!result.error) {
    const std::size_t whole = head_end_ + head_.content_length;
    if (head_.framing == wire::body_framing::none) {
      reusable_ = head_.keep_alive && filled_ == head_end_;
    } else if (head_.framing == wire::body_framing::length && filled_ == whole &&
               head_.content_length <= limits_.body.max_body) {
      // The common case: the whole answer came in one piece.
      body_ = {buffer_.data() + head_end_, static_cast<std::size_t>(head_.content_length)};
      reusable_ = head_.keep_alive;
    } else {
      co_await read_body(result, method);
      ++reads;
    }
  }
  clear();
  // What came in one piece was done when it began.
  result.done = reads == 1 && !result.error ? result.first_byte : here.now();
  if (sending_ || sent_.error || timed_out_) reusable_ = false;  // the deadline may pass while the last bytes arrive
  if (!result.error) result.certain = certainty::answered;
  co_return result;
}

task<void> client_connection::read_body(exchange_result& result, wire::http_method method) {
  wire::body_decoder decoder(head_, limits_.body);
  const bool in_buffer = head_.framing == wire::body_framing::length && head_.content_length <= most_in_buffer;
  if (decoder.state() != wire::body_state::error &&
      grow(in_buffer ? head_end_ + static_cast<std::size_t>(head_.content_length) : head_end_ + least_window)) {
    std::size_t seen = 0;
    head_at_ = 0;
    parse_head(result, method, seen);  // the same bytes at another place
  }
  decoded_.clear();
  const std::size_t begin = head_end_;
  std::size_t decoded_to = begin;
  while (decoder.state() == wire::body_state::more || decoded_to < filled_) {
    if (decoded_to < filled_) {
      if (decoder.state() == wire::body_state::done) break;  // bytes behind the answer: not reusable
      const auto step = decoder.decode({buffer_.data() + decoded_to, filled_ - decoded_to});
      if (!in_buffer) decoded_.append(step.data);
      decoded_to += step.consumed;
      if (step.state == wire::body_state::error) break;
      if (step.consumed != 0 || step.state == wire::body_state::done) continue;
    }
    if (!in_buffer && decoded_to == filled_) decoded_to = filled_ = begin;
    const net::io_result got = co_await stream_->try_read_some({buffer_.data() + filled_, buffer_.size() - filled_});
    if (got.error) {
      result.error = timed_out_ ? std::error_code(errc::timed_out) : got.error;
      co_return;
    }
    if (got.bytes == 0) {
      decoder.at_eof();
      break;
    }
    filled_ += got.bytes;
  }
  if (decoder.state() == wire::body_state::error) {
    result.malformed = decoder.error();
    result.error = decoder.error() == wire::http1_error::truncated        ? errc::end_of_stream
                   : decoder.error() == wire::http1_error::body_too_large ? errc::too_large
                                                                          : errc::protocol_violation;
    co_return;
  }
  body_ = in_buffer ? std::string_view(buffer_.data() + begin, static_cast<std::size_t>(head_.content_length))
                    : std::string_view(decoded_);
  reusable_ = head_.keep_alive && head_.framing != wire::body_framing::until_close && decoded_to == filled_;
}

}  // namespace lakh::http
