#include <lakh/async/timeout.hpp>
#include <lakh/http/connection_pool.hpp>
#include <lakh/http/session.hpp>
#include <lakh/wire/http1_write.hpp>
#include <lakh/wire/percent.hpp>

#include <algorithm>

namespace lakh::http {

session_options& session_options::base_url(std::string value) {
  base_url_ = std::move(value);
  return *this;
}
session_options& session_options::header(std::string_view name, std::string_view value) {
  fields_.set(name, value);
  return *this;
}
session_options& session_options::timeout(std::chrono::nanoseconds total) {
  total_ = total;
  return *this;
}
session_options& session_options::connect_timeout(std::chrono::nanoseconds value) {
  connect_ = value;
  return *this;
}
session_options& session_options::first_byte_timeout(std::chrono::nanoseconds value) {
  first_byte_ = value;
  return *this;
}
session_options& session_options::redirects(int most) {
  redirects_ = most;
  return *this;
}
session_options& session_options::connections_per_host(std::size_t most) {
  connections_per_host_ = most;
  return *this;
}
session_options& session_options::idle_expiry(std::chrono::nanoseconds value) {
  idle_expiry_ = value;
  return *this;
}
session_options& session_options::answer_limit(std::uint64_t bytes) {
  answer_limit_ = bytes;
  return *this;
}

struct session::state {
  explicit state(session_options given)
      : options(std::move(given)), pool(options.connections_per_host_, options.idle_expiry_, limits(options)) {}
  static client_limits limits(const session_options& options) {
    client_limits result;
    result.body.max_body = options.answer_limit_;
    return result;
  }
  session_options options;
  connection_pool pool;
};

session::session() : session(session_options()) {}
session::session(session_options options) : state_(std::make_unique<state>(std::move(options))) {}
session::~session() = default;

namespace {

net::endpoint endpoint_of(const url& at) {
  if (at.scheme() == "https")
    throw input_error("'" + at.text() + "': https is not supported by this version",
                      "use http:// if the server offers it");
  if (at.scheme() != "http")
    throw input_error("'" + at.text() + "': the scheme must be http", "write the URL as http://HOST/PATH");
  return net::endpoint(std::string(at.host()), at.effective_port());
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

[[noreturn]] void throw_failure(const std::string& doing, const net::endpoint& to, const exchange_result& result) {
  const std::string what = doing + ": ";
  switch (kind_of(result.error)) {
    case error_kind::cancelled: throw cancelled();
    case error_kind::timeout:
      throw timeout_error(what + (result.certain == certainty::not_sent ? "timed out before it was sent"
                                                                        : "no complete answer in time"),
                          "allow more time, or look at the load of " + to.text());
    case error_kind::protocol:
      throw protocol_error(what + "the answer is malformed: " + std::string(message(result.malformed)),
                           "is " + to.text() + " an HTTP/1.1 server?");
    case error_kind::limit:
      throw lakh::error(error_kind::limit, result.error, what + "the answer is larger than the limit",
                        "raise the limit");
    default: throw_error(result.error, doing);
  }
}

}  // namespace

task<response> session::send(client_request request) {
  const session_options& options = state_->options;
  loop& here = loop::current();
  const time_point start = here.now();
  const time_point done_by = start + request.total_.value_or(options.total_);

  std::string given = requote(request.url_);
  if (!options.base_url_.empty() && given.find("://") == std::string::npos) given = options.base_url_ + given;
  url at = url(given).without_fragment();
  if (!request.query_.empty()) {
    std::string query(at.query());
    if (!query.empty()) query += '&';
    at = at.with_query(query + request.query_);
  }

  response answer;
  std::string method = request.method_;
  const url first = at;
  int redirects_left = request.redirects_.value_or(options.redirects_);
  for (;;) {
    const net::endpoint to = endpoint_of(at);
    const std::string doing = method + " " + at.text();

    std::string head;
    if (!wire::append_request_line(head, method, at.target()))
      throw input_error("'" + method + "' is not a method", "methods are words such as GET or POST");
    wire::append_field_unchecked(head, "Host", at.host_and_port());
    const auto send_field = [&](std::string_view name, std::string_view value) {
      // Credentials stay with the origin that they were given for.
      if (!same_origin(first, at) &&
          (wire::equals_ignoring_case(name, "authorization") || wire::equals_ignoring_case(name, "cookie")))
        return;
      if (wire::equals_ignoring_case(name, "host") || wire::equals_ignoring_case(name, "content-length")) return;
      wire::append_field_unchecked(head, name, value);
    };
    for (const auto& [name, value] : request.fields_) send_field(name, value);
    for (const auto& [name, value] : options.fields_)
      if (!request.fields_.contains(name)) send_field(name, value);
    if (!request.fields_.contains("User-Agent") && !options.fields_.contains("User-Agent"))
      wire::append_line(head, "User-Agent: lakh");
    if (!request.fields_.contains("Accept") && !options.fields_.contains("Accept"))
      wire::append_line(head, "Accept: */*");
    if (request.has_body_) {
      if (!request.fields_.contains("Content-Type"))
        wire::append_field_unchecked(head, "Content-Type", request.content_type_);
      wire::append_content_length(head, request.body_.size());
    } else if (method == "POST" || method == "PUT" || method == "PATCH") {
      wire::append_content_length(head, 0);  // RFC 9110 §8.6
    }
    wire::append_head_end(head);

    const wire::http_method code = wire::method_of(method);
    const bool repeatable = wire::is_idempotent(code) || request.fields_.contains("Idempotency-Key");
    exchange_result result;
    for (bool fresh = false;; fresh = true) {
      const time_point now = here.now();
      const time_point connect_by = std::min(done_by, now + request.connect_.value_or(options.connect_));
      std::expected<connection_pool::lease, std::error_code> taken = std::unexpected(errc::timed_out);
      try {
        taken = co_await with_deadline(done_by, state_->pool.take(to, connect_by, fresh));
      } catch (const timeout_error&) {
        throw timeout_error(doing + ": no connection was free in time",
                            "allow more connections per host, or more time");
      }
      if (!taken) {
        const std::string what = doing + ": cannot connect to " + to.text() + ": " + taken.error().message();
        switch (kind_of(taken.error())) {
          case error_kind::cancelled: throw cancelled();
          case error_kind::timeout: throw timeout_error(what, "is the host reachable from here?");
          case error_kind::resolve:
            throw connect_error(taken.error(), what, "is the host name spelled right, and does it resolve here?");
          default:
            throw connect_error(taken.error(), what, "is the server running, and listening on this address and port?");
        }
      }
      connection_pool::lease lease = std::move(*taken);
      const time_point sent = here.now();
      result = co_await lease.connection->exchange(
          head, request.body_, code,
          exchange_deadlines(std::min(done_by, sent + request.first_byte_.value_or(options.first_byte_)), done_by));
      if (result.error) {
        // A server may close an idle connection at the moment it is used again: that says nothing about the request.
        const bool stale = lease.reused && kind_of(result.error) == error_kind::closed &&
                           !result.first_byte.time_since_epoch().count();
        if (stale && (result.certain == certainty::not_sent || repeatable)) continue;
        throw_failure(doing, to, result);
      }
      const wire::response_head& got = lease.connection->answer();
      answer.status_ = got.status;
      answer.reason_ = got.reason;
      answer.fields_ = headers();
      for (const wire::field& f : got.fields) answer.fields_.add(f.name, f.value);
      answer.body_ = lease.connection->body();
      answer.times_.look_up = lease.times.look_up;
      answer.times_.connect = lease.times.connect;
      answer.times_.first_byte = result.first_byte - result.begun;
      answer.times_.transfer = result.done - result.first_byte;
      answer.times_.reused = lease.reused;
      state_->pool.put_back(to, std::move(lease));
      break;
    }

    answer.url_ = at.text();
    answer.method_ = method;
    const auto location = answer.fields_.find("Location");
    if (!is_redirect(answer.status_) || !location || redirects_left == 0) {
      if (is_redirect(answer.status_) && location && answer.redirects_ > 0)
        throw protocol_error(doing + ": more than " + std::to_string(answer.redirects_) + " redirects",
                             "do they lead in a circle?");
      break;
    }
    --redirects_left;
    ++answer.redirects_;
    auto next = at.try_join(requote(*location));
    if (!next) throw protocol_error(doing + ": redirected to '" + std::string(*location) + "', which is not a URL");
    at = next->without_fragment();
    // RFC 9110 §15.4: 303, and by custom 301 and 302 to a POST, are fetched by GET.
    if ((answer.status_ == 303 && method != "HEAD") || (answer.status_ <= 302 && method == "POST")) {
      method = "GET";
      request.body_.clear();
      request.has_body_ = false;
    }
  }
  answer.times_.total = here.now() - start;
  co_return answer;
}

}  // namespace lakh::http
