#include <lakh/wire/ascii.hpp>
#include <lakh/wire/http1_facts.hpp>
#include <lakh/wire/http1_head.hpp>
#include <lakh/wire/http1_target.hpp>
#include <lakh/wire/scan.hpp>

#include <cstring>

namespace lakh::wire {
namespace {

constexpr int max_empty_lines = 2;               // before a request; RFC 9112 §2.2 asks for at least one
constexpr std::size_t beginning = 16;            // longer than the empty lines and the byte that is judged at once
constexpr std::string_view http11 = "HTTP/1.1";  // versions have this size

// Goes over the bytes once, from left to right. Each step answers true to go on; else `state` says why it stopped.
class head_scanner {
 public:
  head_scanner(std::string_view bytes, const head_limits& limits) noexcept
      : begin_(bytes.data()), p_(begin_), end_(begin_ + bytes.size()), limits_(limits) {}

  bool empty_lines() noexcept {
    for (int lines = 0; p_ != end_ && *p_ == '\r'; ++lines) {
      if (lines == max_empty_lines) return fail_now(http1_error::bad_start);
      if (end_ - p_ < 2) return false;
      if (p_[1] != '\n') return fail_now(http1_error::bare_carriage_return);
      p_ += 2;
    }
    return p_ != end_;
  }

  bool request_line(request_head& out) noexcept {
    const char* const method = p_;
    p_ = scan::token(p_, end_);
    if (p_ == end_) return false;
    if (p_ == method) return fail_now(http1_error::bad_start);
    if (*p_ != ' ') return fail(http1_error::bad_request_line);
    out.method = view(method, p_);
    out.method_code = method_of(out.method);

    const char* const target = ++p_;
    p_ = scan::target(p_, end_);
    if (p_ == end_) return false;
    if (*p_ != ' ') return fail(*p_ == '\r' || *p_ == '\n' ? http1_error::bad_request_line : http1_error::bad_target);
    if (p_ == target) return fail(http1_error::bad_request_line);
    out.target = view(target, p_);
    if (out.target.size() > limits_.max_target) return fail(http1_error::target_too_long);
    if (!split_target(out)) return fail(http1_error::bad_target);
    ++p_;
    return version(out) && line_end(http1_error::bad_request_line);
  }

  bool status_line(response_head& out) noexcept {
    if (*p_ != 'H') return fail_now(http1_error::bad_start);
    if (!version(out)) return false;
    if (p_ == end_) return false;
    if (*p_ != ' ') return fail(http1_error::bad_status_line);
    ++p_;
    if (end_ - p_ < 4) return fail(http1_error::bad_status_code);
    if (!is(p_[0], class_digit) || !is(p_[1], class_digit) || !is(p_[2], class_digit) || p_[0] == '0')
      return fail(http1_error::bad_status_code);
    out.status = (p_[0] - '0') * 100 + (p_[1] - '0') * 10 + (p_[2] - '0');
    p_ += 3;
    out.reason = {};
    if (*p_ == ' ') {
      const char* const reason = ++p_;
      p_ = scan::value(p_, end_);
      out.reason = view(reason, p_);
    } else if (*p_ != '\r') {  // RFC 9112 §4 wants the space even without a reason; many servers leave it out
      return fail(*p_ == '\n' ? http1_error::bare_line_feed : http1_error::bad_status_code);
    }
    return line_end(http1_error::bad_status_line);
  }

  // Up to and with the empty line. The place is kept in a local variable here: half of all instructions are in this
  // loop.
  bool fields(field_list& out, field_facts& facts) {
    const char* p = p_;
    const char* const end = end_;
    for (std::size_t left = limits_.max_fields;; --left) {
      if (p == end) return false;
      if (*p == '\r') {
        p_ = p;
        return line_end(http1_error::bare_carriage_return);
      }

      field f;
      const char* const name = p;
      p = scan::token(p, end);
      if (p == end) return false;
      if (*p != ':' || p == name) return bad_name(name, p);
      f.name = view(name, p);
      do ++p;
      while (p != end && (*p == ' ' || *p == '\t'));

      const char* const value = p;
      p = scan::value(p, end);
      const char* last = p;
      while (last != value && (last[-1] == ' ' || last[-1] == '\t')) --last;
      f.value = view(value, last);
      if (end - p < 2 || p[0] != '\r' || p[1] != '\n') {
        p_ = p;
        return line_end(http1_error::bad_field_value);
      }
      p += 2;

      const http1_error error = left == 0 ? http1_error::too_many_fields : facts.note(f);
      if (error != http1_error::none) {
        p_ = p;
        return fail_now(error);
      }
      out.push_back(f);
    }
  }

  bool meaning(http1_error error) noexcept { return error == http1_error::none || fail_now(error); }

  [[nodiscard]] head_result complete() const noexcept { return {parse_state::complete, http1_error::none, position()}; }

  // The result when a step has stopped. `cut`: no more bytes may come; `too_long` is what that means.
  [[nodiscard]] head_result stopped(bool cut, http1_error too_long) const noexcept {
    if (error_ != http1_error::none) return {parse_state::error, error_, position()};
    if (cut) return {parse_state::error, too_long, static_cast<std::size_t>(end_ - begin_)};
    return {parse_state::need_more, http1_error::none, 0};
  }

 private:
  static std::string_view view(const char* from, const char* to) noexcept {
    return {from, static_cast<std::size_t>(to - from)};
  }
  [[nodiscard]] std::size_t position() const noexcept { return static_cast<std::size_t>(p_ - begin_); }

  bool fail_now(http1_error error) noexcept {
    error_ = error;
    return false;
  }

  // An error in a line whose end has not come is not judged yet: the result must not depend on where the bytes were
  // cut.
  bool fail(http1_error error) noexcept {
    if (p_ != end_ && std::memchr(p_, '\n', static_cast<std::size_t>(end_ - p_)) != nullptr) error_ = error;
    return false;
  }

  // CR LF; `otherwise` if something else stands here.
  bool line_end(http1_error otherwise) noexcept {
    if (end_ - p_ >= 2 && p_[0] == '\r' && p_[1] == '\n') {
      p_ += 2;
      return true;
    }
    if (p_ == end_) return false;
    if (*p_ == '\r') return fail(http1_error::bare_carriage_return);
    return fail(*p_ == '\n' ? http1_error::bare_line_feed : otherwise);
  }

  bool version(message_head& out) noexcept {
    if (end_ - p_ < static_cast<std::ptrdiff_t>(http11.size())) return fail(http1_error::bad_version);
    const std::string_view text(p_, http11.size());
    out.minor_version = 1;
    if (text != http11) {
      if (!text.starts_with("HTTP/") || text[6] != '.' || !is(text[5], class_digit) || !is(text[7], class_digit))
        return fail(http1_error::bad_version);
      if (text[5] != '1') return fail(http1_error::unsupported_version);
      out.minor_version = text[7] == '0' ? 0 : 1;
    }
    p_ += http11.size();
    return true;
  }

  // What stands at `stop`, behind what should be a name, is no colon; or the name is empty.
  bool bad_name(const char* name, const char* stop) noexcept {
    p_ = stop;
    const bool space = *stop == ' ' || *stop == '\t';
    if (stop == name) {
      if (space) return fail(http1_error::folded_line);
      return fail(*stop == '\n' ? http1_error::bare_line_feed : http1_error::bad_field_name);
    }
    const char* next = stop;
    while (next != end_ && (*next == ' ' || *next == '\t')) ++next;
    return fail(space && next != end_ && *next == ':' ? http1_error::space_before_colon : http1_error::bad_field_name);
  }

  const char* begin_;
  const char* p_;
  const char* end_;
  const head_limits& limits_;
  http1_error error_ = http1_error::none;
};

// Whether parsing again would find nothing that it did not find last time: no line has ended, and more may come.
bool nothing_new(std::string_view buffer, std::size_t already_seen, const head_limits& limits) noexcept {
  return already_seen >= beginning && already_seen <= buffer.size() && buffer.size() < limits.max_head &&
         buffer.find('\n', already_seen) == std::string_view::npos;
}

}  // namespace

head_result parse_request_head(std::string_view buffer, request_head& out, const head_limits& limits,
                               std::size_t already_seen) {
  if (nothing_new(buffer, already_seen, limits)) return {};
  const bool cut = buffer.size() >= limits.max_head;
  head_scanner scanner(buffer.substr(0, limits.max_head), limits);
  field_facts facts;
  out.fields.clear();
  if (!scanner.empty_lines() || !scanner.request_line(out)) return scanner.stopped(cut, http1_error::target_too_long);
  if (!scanner.fields(out.fields, facts) || !scanner.meaning(facts.conclude(out)))
    return scanner.stopped(cut, http1_error::head_too_large);
  return scanner.complete();
}

head_result parse_response_head(std::string_view buffer, response_head& out, http_method request_method,
                                const head_limits& limits, std::size_t already_seen) {
  if (nothing_new(buffer, already_seen, limits)) return {};
  const bool cut = buffer.size() >= limits.max_head;
  head_scanner scanner(buffer.substr(0, limits.max_head), limits);
  field_facts facts;
  out.fields.clear();
  if (buffer.empty() || !scanner.status_line(out) || !scanner.fields(out.fields, facts) ||
      !scanner.meaning(facts.conclude(out, request_method)))
    return scanner.stopped(cut, http1_error::head_too_large);
  return scanner.complete();
}

}  // namespace lakh::wire
