#include <lakh/actions/http_performer.hpp>
#include <lakh/core/text.hpp>
#include <lakh/net/connect.hpp>
#include <lakh/wire/http1_write.hpp>
#include <lakh/wire/http_date.hpp>
#include <lakh/wire/url.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

namespace lakh::actions {
namespace {

// A server may have closed a connection that lay idle this long; asking costs a system call.
constexpr auto doubt_after = std::chrono::milliseconds(100);
constexpr std::size_t most_said = 160;

void append_line_of(std::string& out, std::string_view text) {
  text = text.substr(0, std::min(text.find_first_of("\r\n"), most_said));
  if (const std::size_t bad = find_bad_utf8(text); bad != std::string_view::npos) text = text.substr(0, bad);
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
}

}  // namespace

http_connections::slot& http_connections::for_now_to(const std::string& server) {
  const auto known = slots_.find(server);
  if (known != slots_.end()) return known->second;
  std::size_t passing = 0;
  auto oldest = slots_.end();
  for (auto at = slots_.begin(); at != slots_.end(); ++at) {
    if (at->second.lasting) continue;
    ++passing;
    if (oldest == slots_.end() || at->second.used < oldest->second.used) oldest = at;
  }
  if (passing >= most_passing) slots_.erase(oldest);
  return slots_[server];
}

http_performer::http_performer(const http_program& program, load::lane_resources& shared)
    : program_(program), connections_(shared.get<http_connections>()) {
  if (program_.to) {
    to_ = *program_.to;
    slot_ = &connections_->always_to(to_.text());
  }
}

bool http_performer::render(const load::text_template& text, const load::render_input& input, std::string& out,
                            std::string& reason) {
  const load::render_result result = text.render(input, out);
  if (result) return true;
  reason = text.explain(result);
  return false;
}

// For a URL whose server depends on the item.
bool http_performer::locate(std::string_view where, std::string& reason) {
  const auto parsed = url::try_parse(where);
  if (!parsed) {
    reason = "'" + std::string(where) + "' is not a URL: " + std::string(parsed.error().message);
    return false;
  }
  if (parsed->scheme() != "http") {
    reason = "'" + parsed->text() + "': the scheme must be http";
    return false;
  }
  if (!parsed->userinfo().empty()) {
    reason = "the URL for " + parsed->origin() + " holds a user or password: send an Authorization header";
    return false;
  }
  to_ = net::endpoint(std::string(parsed->host()), parsed->effective_port());
  slot_ = &connections_->for_now_to(to_.text());
  target_ = parsed->target();
  request_.append(target_).append(" HTTP/1.1\r\n");
  if (!program_.own_host) request_.append("Host: ").append(parsed->host_and_port()).append("\r\n");
  return true;
}

bool http_performer::prepare(const load::render_input& input, std::string& reason) {
  // Of the thread, not of the lane: it is copied behind its head at once, and stays in the cache.
  static thread_local std::string body;
  body.clear();
  if (program_.has_body && !render(program_.body, input, body, reason)) return false;
  digest_ = program_.has_body ? XXH3_64bits(body.data(), body.size()) : 0;

  if (!program_.fixed_head.empty()) {
    request_.assign(program_.fixed_head);
  } else {
    request_.assign(program_.method).append(" ");
    if (program_.to) {
      if (!render(program_.target, input, request_, reason)) return false;
    } else {
      target_.clear();
      if (!render(program_.target, input, target_, reason) || !locate(std::string(target_), reason)) return false;
    }
    request_ += program_.after_target;
  }
  for (const http_header& header : program_.headers) {
    request_.append(header.name).append(": ");
    if (!render(header.value, input, request_, reason)) return false;
    request_ += "\r\n";
  }
  if (program_.has_body) wire::append_content_length(request_, body.size());
  wire::append_head_end(request_);
  request_ += body;  // one buffer, one send
  return !program_.expect.varies() || program_.expect.render(input, expected_, reason);
}

std::string http_performer::prepared() const {
  const std::string_view all = request_;
  const std::size_t head_end = std::min(all.find("\r\n\r\n"), all.size());
  const std::string_view head = all.substr(0, head_end);
  const std::size_t line_end = std::min(head.find("\r\n"), head.size());
  const std::string_view line = head.substr(0, line_end);
  const std::size_t space = line.find(' ');
  const std::string_view target = line.substr(space + 1, line.rfind(' ') - space - 1);
  std::string text(line.substr(0, space + 1));
  text.append("http://").append(to_.text()).append(target);
  for (std::size_t at = line_end; at < head.size();) {
    const std::size_t end = std::min(head.find("\r\n", at + 2), head.size());
    const std::string_view field = head.substr(at + 2, end - at - 2);
    if (wire::equals_ignoring_case(field.substr(0, field.find(':')), "idempotency-key"))
      text.append("\n").append(field);
    at = end;
  }
  if (head_end + 4 < all.size()) text.append("\n\n").append(all.substr(head_end + 4));
  return text;
}

task<load::attempt_report> http_performer::attempt() {
  load::attempt_report report;
  loop& here = loop::current();
  report.sent = here.now();
  const time_point done_by = http::deadline_after(report.sent, program_.total_limit);
  kept_json_.clear();
  reason_.clear();

  std::unique_ptr<http::client_connection>& connection = slot_->connection;
  // A loop that is busy has noticed most ends of connections by the time they matter; a request written to one that it
  // missed may have been sent, so that a non-idempotent item would be in doubt.
  if (connection && !(report.sent - slot_->used > doubt_after ? connection->still_alive() : connection->fit_for_use()))
    connection.reset();
  if (!connection) {
    auto connected =
        co_await net::try_connect(to_, std::min(done_by, http::deadline_after(report.sent, program_.connect_limit)));
    if (!connected) {
      report.done = here.now();
      report.error = kind_of(connected.error());
      if (report.error == error_kind::cancelled) throw cancelled();
      reason_ = "cannot connect to " + to_.text() + ": " + connected.error().message();
      report.reason = reason_;
      co_return report;
    }
    connection = std::make_unique<http::client_connection>(std::move(*connected), program_.limits);
    report.sent = here.now();
  }
  const http::exchange_result result = co_await connection->exchange(
      request_, {}, program_.method_code,
      http::exchange_deadlines(std::min(done_by, http::deadline_after(report.sent, program_.first_byte_limit)), done_by)
          .begun(report.sent));
  slot_->used = report.done = result.done;
  report.certain = result.certain;
  if (result.error) {
    report.error = kind_of(result.error);
    if (report.error == error_kind::cancelled) throw cancelled();
    explain(report, result);
    connection.reset();
    co_return report;
  }
  judge(report);
  co_return report;
}

void http_performer::explain(load::attempt_report& report, const http::exchange_result& result) {
  switch (report.error) {
    case error_kind::timeout:
      reason_ = result.certain == certainty::not_sent ? "it could not be sent in time" : "no complete answer in time";
      break;
    case error_kind::protocol: reason_ = "malformed answer: " + std::string(message(result.malformed)); break;
    case error_kind::limit: reason_ = "the answer is larger than the limit"; break;
    case error_kind::closed:
      reason_ = result.certain == certainty::not_sent ? "the connection was closed before the request was sent"
                : result.answer_begun()               ? "the connection was closed in the middle of the answer"
                                                      : "the connection was closed before an answer";
      break;
    default: reason_ = result.error.message(); break;
  }
  report.reason = reason_;
}

void http_performer::judge(load::attempt_report& report) {
  const wire::response_head& head = slot_->connection->answer();
  const std::string_view body = slot_->connection->body();
  report.status = head.status;
  report.as_expected = program_.expect.fits(head, body, reason_, expected_);
  if (!report.as_expected) {
    report.error = error_kind::status;
    if (!program_.expect.status_fits(head.status) && !body.empty()) {
      // A problem document (RFC 9457) says it in one field.
      static const json_path detail("$.detail");
      const json_raw said = detail.raw(body);
      reason_ += ": ";
      append_line_of(reason_, said.status == json_lookup::found ? said.text : body);
    }
    report.reason = reason_;
    if (const auto patience = head.fields.find("Retry-After"))
      report.retry_after = wire::parse_retry_after(
          *patience, std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
    return;
  }
  for (const http_kept& each : program_.kept) {
    kept_json_ += each.lead;
    const json_raw found = each.path.raw(body);
    if (found.status == json_lookup::found && found.text.size() <= program_.kept_limit)
      kept_json_ += found.text;
    else
      kept_json_ += "null";
  }
  if (!kept_json_.empty()) kept_json_ += '}';
}

std::string_view http_performer::kept_json() {
  return kept_json_;
}

void http_performer::keep(std::span<std::string> slots) {
  const std::string_view body = slot_->connection->body();
  for (const http_kept& each : program_.kept) {
    std::string& slot = slots[each.slot];
    slot.clear();
    const json_raw found = each.path.raw(body);
    if (found.status != json_lookup::found || found.text.size() > program_.kept_limit) continue;
    if (found.text.front() != '"')
      slot = found.text;
    else if (!append_json_unescaped(slot, found.text.substr(1, found.text.size() - 2)))
      slot.clear();
  }
}

}  // namespace lakh::actions
