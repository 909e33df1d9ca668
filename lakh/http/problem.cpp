#include <lakh/core/text.hpp>
#include <lakh/http/problem.hpp>
#include <lakh/wire/http1_write.hpp>
#include <lakh/wire/http_status.hpp>

#include <algorithm>
#include <array>

namespace lakh::http {

problem::problem(int status, const std::string& detail)
    : error(error_kind::status, errc::status_refused, detail), status_(status < 400 || status > 599 ? 500 : status) {}

problem& problem::title(std::string_view title) {
  title_.assign(title);
  return *this;
}

problem& problem::type(std::string_view uri) {
  type_.assign(uri);
  return *this;
}

problem& problem::extra(std::string_view name, std::string_view value) {
  std::string json;
  append_json_string(json, value);
  return extra_json(name, json);
}

problem& problem::extra_json(std::string_view name, const std::string& json) {
  constexpr std::array<std::string_view, 5> defined{"type", "title", "status", "detail", "instance"};
  if (std::ranges::find(defined, name) != defined.end())
    throw input_error("'" + std::string(name) + "' is a member of every problem",
                      "set it with the constructor, title() or type()");
  extra_ += ',';
  append_json_string(extra_, name);
  extra_.append(":").append(json);
  return *this;
}

problem& problem::header(std::string_view name, std::string_view value) {
  append_answer_header(lines_, name, value);
  return *this;
}

void problem::append_json(std::string& out) const {
  out += '{';
  if (!type_.empty()) {
    out += R"("type":)";
    append_json_string(out, type_);
    out += ',';
  }
  out += R"("title":)";
  append_json_string(out, title_.empty() ? wire::reason_phrase(status_) : std::string_view(title_));
  out += R"(,"status":)";
  append_number(out, std::int64_t{status_});
  if (const std::string_view detail = what(); !detail.empty()) {
    out += R"(,"detail":)";
    append_json_string(out, detail);
  }
  out.append(extra_).append("}");
}

problem invalid_values(const field_errors& errors) {
  std::string detail;
  std::string list = "[";
  for (const field_error& e : errors) {
    if (list.size() > 1) list += ',';
    list += R"({"place":)";
    append_json_string(list, e.place);
    list += R"(,"expected":)";
    append_json_string(list, e.expected);
    list += R"(,"got":)";
    append_json_string(list, e.got);
    list += '}';
  }
  list += ']';
  if (!errors.empty()) {
    detail = errors[0].place + ": expected " + errors[0].expected + ", got " + errors[0].got;
    if (errors.size() > 1) detail += " (and " + std::to_string(errors.size() - 1) + " more)";
  }
  problem out(422, detail);
  out.extra("errors", raw_json(std::move(list)));
  return out;
}

problem unreadable_json(std::string_view text, const json_outcome& outcome) {
  using status = json_outcome::status_code;
  const std::string_view readable = text.substr(0, std::min(outcome.offset, text.size()));
  const text_position at = position_of(readable, readable.size());
  std::string detail;
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    detail = "the body is empty, where JSON was expected";
  else if (outcome.status == status::too_deep)
    detail = "the body's JSON is nested deeper than " + std::to_string(json_depth_limit) + " levels";
  else
    detail = std::string("the body is not ") + (outcome.status == status::not_utf8 ? "UTF-8" : "JSON") + ": line " +
             std::to_string(at.line) + ", column " + std::to_string(at.column);
  problem out(400, detail);
  out.extra("line", std::uint64_t{at.line})
      .extra("column", std::uint64_t{at.column})
      .extra("offset", std::uint64_t{outcome.offset});
  return out;
}

void append_answer_header(std::string& lines, std::string_view name, std::string_view value) {
  for (const std::string_view own : {"Content-Length", "Transfer-Encoding", "Connection", "Date", "Content-Type"})
    if (wire::equals_ignoring_case(name, own))
      throw input_error("an answer's field " + std::string(own) + " cannot be set as a header",
                        own == "Content-Type" ? "give the content type with the body" : "the connection writes it");
  if (!wire::append_field(lines, name, value))
    throw input_error("a header field '" + shortened(name) + "' with this name or value cannot be sent",
                      "names are tokens; values hold no line ends or control characters, and no space at their ends");
}

}  // namespace lakh::http
