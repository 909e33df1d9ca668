#include <lakh/http/eager.hpp>
#include <lakh/http/problem.hpp>
#include <lakh/http/server_connection.hpp>

namespace lakh::http {
namespace {

constexpr std::size_t first_read = 4096;      // the size of an idle connection's buffer
constexpr std::size_t most_idle = 16 * 1024;  // what an idle connection may keep
constexpr std::size_t flush_at = 64 * 1024;   // answers wait for each other up to here
constexpr std::size_t body_read = 64 * 1024;  // at most, at a time
// Thrown away behind the last answer. As linger_time bounds it already, more than a client sends that writes all of its
// request before it reads: it would see a reset instead of the answer that its body is too large.
constexpr std::size_t most_lingering = std::size_t{64} << 20;
constexpr std::uint64_t most_seconds = 366 * 86'400;

}  // namespace

server_connection::server_connection(std::unique_ptr<net::stream> stream, const service& service,
                                     const server_limits& limits, answer_cache& cache)
    : deadline_timer(loop::current()),
      stream_(std::move(stream)),
      service_(service),
      limits_(limits),
      cache_(cache),
      loop_(loop::current()),
      now_(loop_.now()),
      writer_(cache) {}

task<void> server_connection::run() {
  cancel_scope& above = co_await this_scope();
  {
    cancel_scope scope(above);
    scope_ = &scope;
    co_await exchanges().under(scope);
    scope_ = nullptr;
  }
  if (!lost_ && (!out_.empty() || linger_)) {
    cancel_scope scope(above);
    scope_ = &scope;
    co_await farewell().under(scope);
    scope_ = nullptr;
  }
  clear();
  stream_->close();
}

void server_connection::drain() noexcept {
  draining_ = true;
  if (stage_ == stage::idle && in_.empty()) {
    if (scope_ != nullptr) scope_->cancel();
  } else if (!writer_.sent()) {
    writer_.set_keep_alive(false);
  }
}

void server_connection::expired() noexcept {
  timed_out_ = true;
  if (scope_ != nullptr) scope_->cancel(errc::timed_out);
}

void server_connection::enter(stage next, duration limit) {
  stage_ = next;
  move_to(deadline_after(now_, limit));
}

void server_connection::enter_writing(std::size_t bytes) {
  enter(stage::writing, allowance(limits_.write_time, bytes));
}

bool server_connection::wrote(const net::io_result& result) noexcept {
  if (result.error) lost_ = true;
  return !lost_;
}

duration server_connection::allowance(duration base, std::uint64_t bytes) const noexcept {
  if (limits_.body_rate == 0) return duration::max();
  const duration more = std::chrono::seconds(std::min(bytes / limits_.body_rate, most_seconds)) +
                        std::chrono::milliseconds(bytes % limits_.body_rate * 1000 / limits_.body_rate);
  return base >= duration::max() - more ? duration::max() : base + more;
}

std::span<char> server_connection::head_room() {
  if (!in_.empty()) return in_.room(first_read / 4);
  if (in_.capacity() > most_idle) in_.release();
  if (body_.capacity() != 0) body_.release();
  if (out_.capacity() > most_idle) out_ = {};
  return in_.room(in_.capacity() == 0 ? first_read : 1);
}

// Reads and answers, until the connection is to end: then what is in out_ is still to be sent, unless lost_.
task<void> server_connection::exchanges() {
  std::size_t seen = 0;
  bool fresh = true;  // nothing has come on this connection yet
  for (;;) {
    const wire::head_result head =
        in_.empty() ? wire::head_result{} : wire::parse_request_head(in_.view(), request_.head(), limits_.head, seen);
    if (head.state == wire::parse_state::need_more) {
      seen = in_.size();
      if (!out_.empty()) {
        enter_writing(out_.size());
        if (!wrote(co_await stream_->try_write(out_))) co_return;
        out_.clear();
      }
      if (in_.empty()) {
        if (draining_) co_return;
        enter(stage::idle, fresh ? limits_.head_time : limits_.idle_time);
      } else if (stage_ != stage::head) {
        enter(stage::head, limits_.head_time);
      }
      const net::io_result got = co_await stream_->try_read_some(head_room());
      if (got.error || got.bytes == 0) {
        // A client that was half-way through a head when its time was over is told so; all others are gone, or idle.
        if (timed_out_ && stage_ == stage::head) {
          request_.start(this);
          writer_.start(request_, out_, false);
          writer_.send(problem(408, "the request's head did not arrive in time"));
          linger_ = true;
        } else {
          lost_ = static_cast<bool>(got.error);
        }
        co_return;
      }
      in_.commit(got.bytes);
      fresh = false;
      now_ = loop_.now();
      cache_.refresh(now_);
      continue;
    }
    seen = 0;
    if (head.state == wire::parse_state::error) {
      refuse(head.error);
      co_return;
    }

    begin_request(head.size);
    std::exception_ptr failure;
    try {
      const service::body_plan plan = service_.plan(request_);
      if (request_.head().framing != wire::body_framing::none) {
        decoder_ = wire::body_decoder(request_.head(), {.max_body = plan.most.value_or(limits_.max_body)});
        take_buffered_body();
        settle_keep_alive();
        if (plan.wanted && decoder_.state() != wire::body_state::done) co_await whole_body();
      }
      if (decoder_.state() != wire::body_state::done && !out_.empty()) {
        // The handler may read the body itself, and waits for the client then: what is ready must not wait with it.
        enter_writing(out_.size());
        if (!wrote(co_await stream_->try_write(out_))) co_return;
        out_.clear();
      }
      stage_ = stage::handling;
      clear();
      if (task<void> rest = service_.answer(request_, writer_)) {
        if (out_.empty())
          co_await std::move(rest);
        else
          co_await await_handler(std::move(rest));
      }
    } catch (...) {
      failure = std::current_exception();
    }
    if (failure) answer_failure(failure);
    if (lost_) co_return;
    if (!writer_.sent()) writer_.send(problem(500, "the request was not answered"));
    if (service_.watches()) service_.answered(request_, writer_.status(), writer_.content_size(), loop_.now() - now_);

    if (!writer_.keep_alive()) {
      linger_ = decoder_.state() != wire::body_state::done || in_.size() > used_;
      co_return;
    }
    if (decoder_.state() != wire::body_state::done && !co_await discard_body()) co_return;
    end_request();
    if (out_.size() >= flush_at) {
      enter_writing(out_.size());
      if (!wrote(co_await stream_->try_write(out_))) co_return;
      out_.clear();
    }
  }
}

void server_connection::begin_request(std::size_t head_size) {
  request_.start(this);
  used_ = head_size;
  content_ = 0;
  continue_due_ = request_.head().expects_continue;
  decoder_ = wire::body_decoder();
  writer_.start(request_, out_, request_.head().keep_alive && !draining_);
}

void server_connection::end_request() {
  in_.consume(used_);
  if (body_.size() > content_) {  // the next request began in the read that ended this one's body
    body_.consume(content_);
    in_.append(body_.view());
  }
  if (body_.capacity() > most_idle)
    body_.release();
  else
    body_.truncate(0);
  content_ = 0;
}

// What of the body came with the head. A view, if it is in one piece; else it is gathered in body_.
void server_connection::take_buffered_body() {
  std::string_view rest = in_.view().substr(used_);
  std::string_view whole;
  while (!rest.empty() && decoder_.state() == wire::body_state::more) {
    const auto step = decoder_.decode(rest);
    rest.remove_prefix(step.consumed);
    used_ += step.consumed;
    if (step.data.empty()) continue;
    if (whole.empty() && body_.empty()) {
      whole = step.data;
      continue;
    }
    if (body_.empty()) body_.append(whole);
    body_.append(step.data);
    whole = body_.view();
  }
  content_ = body_.size();
  request_.set_content(whole);
}

// Whether the connection can be used again if the handler answers now.
void server_connection::settle_keep_alive() noexcept {
  bool keep = request_.head().keep_alive && !draining_;
  if (decoder_.state() != wire::body_state::done)
    keep = keep && decoder_.state() == wire::body_state::more && !continue_due_ &&
           decoder_.expected() <= limits_.max_discard;
  writer_.set_keep_alive(keep);
}

task<std::string_view> server_connection::whole_body() {
  const auto fail = [&](int status, std::string_view detail) {
    writer_.set_keep_alive(false);
    throw problem(status, std::string(detail));
  };
  const auto check = [&] {
    if (decoder_.state() == wire::body_state::error)
      fail(wire::status_for(decoder_.error()), wire::message(decoder_.error()));
  };
  check();
  if (decoder_.state() == wire::body_state::done) co_return request_.content();

  if (continue_due_ && request_.content().empty()) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  now_ = loop_.now();
  if (!out_.empty()) {
    enter_writing(out_.size());
    const net::io_result sent = co_await stream_->try_write(out_);
    out_.clear();
    if (!wrote(sent)) throw_error(sent.error, "send 100 (Continue) to " + peer());
  }
  continue_due_ = false;

  if (body_.empty()) body_.append(request_.content());
  while (decoder_.state() == wire::body_state::more) {
    enter(stage::body, allowance(limits_.body_time, decoder_.received()));  // counted from now_, where it began
    // As much as is certain to come, but no more than twice what has come: a claim costs the client its bytes first.
    const std::size_t wanted =
        std::clamp<std::size_t>(std::min<std::uint64_t>(decoder_.expected(), body_.size()), first_read, body_read);
    std::span<char> room = body_.room(wanted);
    if (request_.head().framing == wire::body_framing::length)
      room = room.first(std::min<std::uint64_t>(room.size(), decoder_.expected()));
    const net::io_result got = co_await stream_->try_read_some(room);
    if (got.error) {
      if (!timed_out_) {
        lost_ = true;
        throw_error(got.error, "read from " + peer());
      }
      fail(408, "the request's body did not arrive in time");
    }
    if (got.bytes == 0) decoder_.at_eof();
    // The content moves together over the framing around it; what came behind the body stays behind it.
    const std::size_t begin = body_.size();
    body_.commit(got.bytes);
    std::string_view fresh(body_.data() + begin, got.bytes);
    std::size_t end = begin;
    while (!fresh.empty() && decoder_.state() == wire::body_state::more) {
      const auto step = decoder_.decode(fresh);
      if (!step.data.empty()) {
        std::memmove(body_.data() + end, step.data.data(), step.data.size());
        end += step.data.size();
      }
      fresh.remove_prefix(step.consumed);
    }
    if (!fresh.empty()) std::memmove(body_.data() + end, fresh.data(), fresh.size());
    body_.truncate(end + fresh.size());
    content_ = end;
    check();
  }
  stage_ = stage::handling;
  clear();
  now_ = loop_.now();
  request_.set_content(body_.view().substr(0, content_));
  settle_keep_alive();
  co_return request_.content();
}

// The answer is written, and the handler did not want the body: it is read and dropped, if it is short. False if the
// connection is to end.
task<bool> server_connection::discard_body() {
  linger_ = true;
  if (!out_.empty()) {
    enter_writing(out_.size());
    if (!wrote(co_await stream_->try_write(out_))) co_return false;
    out_.clear();
  }
  body_.truncate(0);
  content_ = 0;
  std::uint64_t dropped = 0;
  enter(stage::body, limits_.body_time);
  while (decoder_.state() == wire::body_state::more) {
    const net::io_result got = co_await stream_->try_read_some(body_.room(first_read));
    if (got.error || got.bytes == 0) co_return false;
    dropped += got.bytes;
    if (dropped > limits_.max_discard + first_read) co_return false;
    body_.truncate(0);
    body_.commit(got.bytes);
    while (!body_.empty() && decoder_.state() == wire::body_state::more)
      body_.consume(decoder_.decode(body_.view()).consumed);
  }
  if (decoder_.state() == wire::body_state::error) co_return false;
  linger_ = false;
  now_ = loop_.now();
  co_return true;
}

// A handler that waits must not keep back the answers before its own.
task<void> server_connection::await_handler(task<void> rest) {
  eager work(std::move(rest), co_await this_scope());
  if (!work.start()) {
    const std::string ready = std::exchange(out_, {});
    enter_writing(ready.size());
    wrote(co_await stream_->try_write(ready));
    stage_ = stage::handling;
    clear();
  }
  co_await work.join();
}

void server_connection::refuse(wire::http1_error error) {
  request_.start(this);
  request_.head().method_code = wire::http_method::other;
  request_.head().minor_version = 1;
  writer_.start(request_, out_, false);
  writer_.send(problem(wire::status_for(error), std::string(wire::message(error))));
  linger_ = true;
}

void server_connection::answer_failure(const std::exception_ptr& failure) {
  if (lost_) return;
  try {
    std::rethrow_exception(failure);
  } catch (const problem& p) {
    writer_.send(p);
  } catch (...) {
    if (scope_->is_cancelled()) {  // the server ends now
      lost_ = true;
      return;
    }
    service_.failed(request_, failure);
    writer_.send(problem(500, "the server failed to answer; this is not the request's fault"));
  }
}

task<void> server_connection::farewell() {
  timed_out_ = false;
  now_ = loop_.now();
  if (!out_.empty()) {
    enter_writing(out_.size());
    if (!wrote(co_await stream_->try_write(out_))) co_return;
  }
  if (!linger_) co_return;
  if (stream_->shutdown_write()) co_return;
  enter(stage::lingering, limits_.linger_time);
  in_.truncate(0);
  for (std::size_t dropped = 0; dropped < most_lingering;) {
    const net::io_result got = co_await stream_->try_read_some(in_.room(first_read));
    if (got.error || got.bytes == 0) co_return;
    dropped += got.bytes;
  }
}

}  // namespace lakh::http
