#include "http_answer.hpp"
#include "json_view.hpp"

#include <lakh/core/json_text.hpp>
#include <lakh/core/text.hpp>
#include <lakh/wire/http_lists.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace lakh::cli {
namespace {

bool says_json(const http::response& answer) {
  const auto type = wire::parse_media_type(answer.header("content-type"));
  return type && type->is_json();
}

std::string milliseconds(std::chrono::nanoseconds value) {
  return fmt::format("{:.3f}", std::chrono::duration<double, std::milli>(value).count());
}

}  // namespace

std::string status_line(const http::response& answer, const paint& colours) {
  std::string text = fmt::format("HTTP/1.1 {}", answer.status());
  if (!answer.reason().empty()) text += " " + printable(answer.reason());
  const int status = answer.status();
  const std::string bold = colours.bold(text);
  if (status < 300) return colours.green(bold);
  return (status < 400 ? colours.yellow(bold) : colours.red(bold));
}

std::string header_lines(const http::response& answer, const paint& colours) {
  std::string text;
  for (const auto& [name, value] : answer.fields())
    text += fmt::format("{}: {}\n", colours.cyan(printable(name)), printable(value));
  return text;
}

std::string readable_body(const http::response& answer, const paint& colours) {
  const std::string& body = answer.body();
  if (body.empty()) return {};
  if (says_json(answer) && check_json(body) == json_status::ok) return pretty_json(body, colours) + "\n";
  const bool is_text = is_utf8(body) && body.find('\0') == std::string::npos;
  if (!is_text)
    return colours.dim(fmt::format("({} that are no text; -o FILE saves them, --format raw writes them out)\n",
                                   short_size(body.size())));
  std::string text = printable(body, true);
  if (!text.ends_with('\n')) text += '\n';
  return text;
}

std::string timings_table(const http::timings& times, const paint& colours) {
  struct phase {
    std::string_view name;
    std::chrono::nanoseconds took;
    std::string_view what;
  };
  const std::array<phase, 4> phases{{{"look-up", times.look_up, "the name into addresses"},
                                     {"connect", times.connect, "until the connection stood"},
                                     {"first byte", times.first_byte, "from sending to the first byte of the answer"},
                                     {"transfer", times.transfer, "from the first byte to the last"}}};
  const auto whole = std::max<std::chrono::nanoseconds>(times.total, std::chrono::nanoseconds(1));
  std::string text;
  for (const phase& one : phases) {
    constexpr double columns = 24;
    const double share = static_cast<double>(one.took.count()) / static_cast<double>(whole.count());
    const auto bars = static_cast<std::size_t>(std::lround(std::clamp(share, 0.0, 1.0) * columns));
    std::string bar;
    for (std::size_t i = 0; i < bars; ++i) bar += "█";
    text += fmt::format("  {:<11}{}  {}  {}\n", one.name, pad_left(short_duration(one.took), 8),
                        colours.cyan(pad_right(bar, 24)), colours.dim(one.what));
  }
  text += fmt::format("  {:<11}{}  {}", "total", pad_left(short_duration(times.total), 8),
                      colours.dim(times.reused ? "the connection was used before" : ""));
  while (text.ends_with(' ')) text.pop_back();
  return text + "\n";
}

std::string answer_as_json(const http::response& answer) {
  std::string out = fmt::format(R"({{"status":{},"reason":)", answer.status());
  // Fields come as bytes; JSON is UTF-8.
  const auto string = [&](std::string_view text) {
    append_json_string(out, is_utf8(text) ? std::string(text) : printable(text));
  };
  string(answer.reason());
  out += R"(,"url":)";
  string(answer.url());
  out += fmt::format(R"(,"redirects":{},"headers":[)", answer.redirects());
  bool first = true;
  for (const auto& [name, value] : answer.fields()) {
    if (!first) out += ',';
    first = false;
    out += R"({"name":)";
    string(name);
    out += R"(,"value":)";
    string(value);
    out += '}';
  }
  const http::timings& times = answer.times();
  out += fmt::format(
      R"(],"milliseconds":{{"look_up":{},"connect":{},"first_byte":{},"transfer":{},"total":{}}},"size":{})",
      milliseconds(times.look_up), milliseconds(times.connect), milliseconds(times.first_byte),
      milliseconds(times.transfer), milliseconds(times.total), answer.body().size());
  const std::string& body = answer.body();
  if (!is_utf8(body)) {
    out += R"(,"base64":")";
    append_base64(out, body);
    out += '"';
  } else if (says_json(answer) && check_json(body) == json_status::ok) {
    out += R"(,"json":)";
    // On one line: line breaks between tokens are white space, and a string cannot hold any.
    for (const char c : body) out += c == '\n' || c == '\r' ? ' ' : c;
  } else {
    out += R"(,"text":)";
    append_json_string(out, body);
  }
  return out + "}";
}

}  // namespace lakh::cli
