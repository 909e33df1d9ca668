#include <lakh/async/timeout.hpp>
#include <lakh/http/connection_pool.hpp>
#include <lakh/http/request_failure.hpp>
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
  if (most == 0) throw input_error("a session cannot do without connections", "allow 1 or more per host");
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

// RFC 9110 §4.2.4: user information in a URL is as often a disguise as it is meant; nothing of it is sent or shown.
net::endpoint endpoint_of(const url& at) {
  if (at.scheme() == "https")
    throw input_error("'" + at.origin() + "': https is not supported by this version",
                      "use http:// if the server offers it");
  if (at.scheme() != "http")
    throw input_error("'" + at.text() + "': the scheme must be http", "write the URL as http://HOST/PATH");
  if (!at.userinfo().empty())
    throw input_error("the URL for " + at.origin() + " holds a user or password",
                      "give them by basic_auth(), which keeps them out of logs");
  return net::endpoint(std::string(at.host()), at.effective_port());
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string advice_on(certainty certain, bool repeatable, std::string otherwise) {
  return certain == certainty::not_sent || repeatable ? std::move(otherwise)
                                                      : "it may have been carried out: look before you send it again";
}

// What went wrong with an exchange, or before it, as far as it has nothing to do with the status.
struct trouble {
  const std::string& doing;
  const net::endpoint& to;
  certainty certain;
  bool repeatable;
};

[[noreturn]] void throw_unconnected(const trouble& at, const std::error_code& why) {
  const std::string what = at.doing + ": cannot connect to " + at.to.text() + ": " + why.message();
  switch (kind_of(why)) {
    case error_kind::cancelled: throw_with(at.certain, cancelled());
    case error_kind::timeout: throw_with(at.certain, timeout_error(what, "is the host reachable from here?"));
    case error_kind::resolve:
      throw_with(at.certain, connect_error(why, what, "is the host name spelled right, and does it resolve here?"));
    default:
      throw_with(at.certain,
                 connect_error(why, what, "is the server running, and listening on this address and port?"));
  }
}

[[noreturn]] void throw_unanswered(const trouble& at, const exchange_result& result) {
  const std::string what = at.doing + ": ";
  const auto advice = [&](std::string otherwise) { return advice_on(at.certain, at.repeatable, std::move(otherwise)); };
  switch (kind_of(result.error)) {
    case error_kind::cancelled: throw_with(at.certain, cancelled());
    case error_kind::timeout:
      throw_with(at.certain, timeout_error(what + (at.certain == certainty::not_sent ? "timed out before it was sent"
                                                                                     : "no complete answer in time"),
                                           advice("allow more time, or look at the load of " + at.to.text())));
    case error_kind::protocol:
      throw_with(at.certain, protocol_error(what + "the answer is malformed: " + std::string(message(result.malformed)),
                                            advice("is " + at.to.text() + " an HTTP/1.1 server?")));
    case error_kind::limit:
      throw_with(at.certain, lakh::error(error_kind::limit, result.error, what + "the answer is larger than the limit",
                                         advice("raise the limit")));
    case error_kind::closed:
      throw_with(at.certain,
                 closed_error(
                     result.error,
                     what +
                         (at.certain == certainty::not_sent ? "the connection was closed before it was sent: "
                          : result.answer_begun()           ? "the answer ended in the middle: "
                                                            : "no answer came: ") +
                         result.error.message(),
                     advice("is " + at.to.text() + " being restarted, or is something between closing connections?")));
    default:
      throw_with(at.certain,
                 lakh::error(kind_of(result.error), result.error, what + result.error.message(), advice({})));
  }
}

}  // namespace

// What is sent to one URL, and what changes from one redirect to the next.
struct session::journey {
  explicit journey(client_request given) : request(std::move(given)), method(request.method_) {}

  [[nodiscard]] std::string head(const session_options& options) const;
  void follow(int status);
  [[nodiscard]] bool repeatable() const {
    return wire::is_idempotent(wire::method_of(method)) || request.fields_.contains("Idempotency-Key");
  }
  [[nodiscard]] std::string doing() const { return method + " " + at.text(); }

  client_request request;
  std::string method;
  url first;
  url at;
  bool body_dropped = false;
};

std::string session::journey::head(const session_options& options) const {
  std::string head;
  if (!wire::append_request_line(head, method, at.target()))
    throw input_error("'" + method + "' is not a method", "methods are words such as GET or POST");
  // RFC 9110 §7.2: a Host of the user's own names the site that he means at the server of the URL.
  const bool at_home = same_origin(first, at);
  const auto host = request.fields_.find("Host");
  wire::append_field_unchecked(head, "Host", host && at_home ? *host : at.host_and_port());
  const auto send_field = [&](std::string_view name, std::string_view value) {
    const auto is = [&](std::string_view other) { return wire::equals_ignoring_case(name, other); };
    // Credentials stay with the origin that they were given for; a body that is not sent has no type.
    if (!at_home && (is("authorization") || is("cookie") || is("proxy-authorization"))) return;
    if (body_dropped && is("content-type")) return;
    if (is("host") || is("content-length")) return;
    if (is("transfer-encoding"))
      throw input_error("the header Transfer-Encoding is the connection's: bodies are sent with their length",
                        "leave it out");
    wire::append_field_unchecked(head, name, value);
  };
  for (const auto& [name, value] : request.fields_) send_field(name, value);
  for (const auto& [name, value] : options.fields_)
    if (!request.fields_.contains(name)) send_field(name, value);
  const auto given = [&](std::string_view name) {
    return request.fields_.contains(name) || options.fields_.contains(name);
  };
  if (!given("User-Agent")) wire::append_line(head, "User-Agent: lakh");
  if (!given("Accept")) wire::append_line(head, "Accept: */*");
  if (request.has_body_) {
    if (!given("Content-Type")) wire::append_field_unchecked(head, "Content-Type", request.content_type_);
    wire::append_content_length(head, request.body_.size());
  } else if (wire::expects_content(wire::method_of(method))) {
    wire::append_content_length(head, 0);
  }
  wire::append_head_end(head);
  return head;
}

// RFC 9110 §15.4: 303, and by custom 301 and 302 to a POST, are fetched by GET.
void session::journey::follow(int status) {
  if (!((status == 303 && method != "HEAD") || (status <= 302 && method == "POST"))) return;
  method = "GET";
  request.body_.clear();
  request.has_body_ = false;
  body_dropped = true;
}

// One answer, whatever its status. A server may close an idle connection at the moment it is used again: then the
// request goes out a second time on a fresh one, if it was not sent or may be repeated.
task<void> session::exchange(const journey& now, time_point done_by, response& answer) {
  const session_options& options = state_->options;
  const client_request& request = now.request;
  loop& here = loop::current();
  const net::endpoint to = endpoint_of(now.at);
  const std::string doing = now.doing();
  const std::string head = now.head(options);
  const wire::http_method code = wire::method_of(now.method);
  trouble so_far{doing, to, certainty::not_sent, now.repeatable()};
  for (bool fresh = false;; fresh = true) {
    const time_point connect_by =
        std::min(done_by, deadline_after(here.now(), request.connect_.value_or(options.connect_)));
    std::expected<connection_pool::lease, std::error_code> taken = std::unexpected(errc::timed_out);
    try {
      taken = co_await with_deadline(done_by, state_->pool.take(to, connect_by, fresh));
    } catch (const timeout_error&) {
      throw_with(so_far.certain, timeout_error(doing + ": no connection was free in time",
                                               "allow more connections per host, or more time"));
    } catch (const cancelled&) {
      throw_with(so_far.certain, cancelled());
    }
    if (!taken) throw_unconnected(so_far, taken.error());
    connection_pool::lease lease = std::move(*taken);
    const time_point sent = here.now();
    const exchange_result result = co_await lease.connection->exchange(
        head, request.body_, code,
        exchange_deadlines(std::min(done_by, deadline_after(sent, request.first_byte_.value_or(options.first_byte_))),
                           done_by)
            .begun(sent));
    if (result.error) {
      if (result.certain != certainty::not_sent) so_far.certain = certainty::maybe_sent;
      const bool stale = lease.reused && kind_of(result.error) == error_kind::closed && !result.answer_begun();
      if (stale && (result.certain == certainty::not_sent || so_far.repeatable)) continue;
      throw_unanswered(so_far, result);
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
    co_return;
  }
}

task<response> session::send(client_request request) {
  const session_options& options = state_->options;
  loop& here = loop::current();
  const time_point start = here.now();
  const time_point done_by = deadline_after(start, request.total_.value_or(options.total_));
  int redirects_left = request.redirects_.value_or(options.redirects_);

  journey now(std::move(request));
  std::string given = requote(now.request.url_);
  if (!options.base_url_.empty() && given.find("://") == std::string::npos) given = options.base_url_ + given;
  now.at = url(given).without_fragment();
  if (!now.request.query_.empty()) {
    std::string query(now.at.query());
    if (!query.empty()) query += '&';
    now.at = now.at.with_query(query + now.request.query_);
  }
  now.first = now.at;

  response answer;
  for (;;) {
    co_await exchange(now, done_by, answer);
    answer.url_ = now.at.text();
    answer.method_ = now.method;
    const auto location = answer.fields_.find("Location");
    if (!is_redirect(answer.status_) || !location) break;
    if (redirects_left <= 0) {
      if (answer.redirects_ == 0) break;  // none was asked for
      throw_with(certainty::answered,
                 protocol_error(now.doing() + ": more than " + std::to_string(answer.redirects_) + " redirects",
                                "do they lead in a circle?"));
    }
    --redirects_left;
    ++answer.redirects_;
    auto next = now.at.try_join(requote(*location));
    if (!next)
      throw_with(certainty::answered,
                 protocol_error(now.doing() + ": redirected to '" + std::string(*location) + "', which is not a URL"));
    now.at = next->without_fragment();
    now.follow(answer.status_);
  }
  answer.times_.total = here.now() - start;
  co_return answer;
}

}  // namespace lakh::http
