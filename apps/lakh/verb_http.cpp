// `lakh http`: one request, once.
#include "action_words.hpp"
#include "console.hpp"
#include "http_answer.hpp"
#include "input_text.hpp"
#include "verb.hpp"

#include <lakh/actions/http_expectation.hpp>
#include <lakh/async/run.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/json_path.hpp>
#include <lakh/core/json_text.hpp>
#include <lakh/core/text.hpp>
#include <lakh/http/session.hpp>
#include <lakh/wire/http1_head.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <ostream>
#include <system_error>

namespace lakh::cli {
namespace {

std::string text_of(const config& settings, std::string_view key) {
  const config* one = settings.find(key);
  return one == nullptr ? std::string() : one->text(key);
}

http::client_request request_of(environment& env, const words& given, const config& settings, http::session& by) {
  http::client_request request = by.request(text_of(settings, "method"), text_of(settings, "url"));
  // Each call changes the request in place.
  const auto more = [&request]() -> http::client_request&& { return std::move(request); };
  for (const std::string& text : given.all("--query")) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      throw input_error("--query '" + text + "' has no name and value", "write it as --query name=value");
    more().query(text.substr(0, equals), std::string_view(text).substr(equals + 1));
  }
  if (const auto key = given.text("--key")) more().idempotency_key(*key);
  if (const config* json = settings.find("json")) {
    const std::string& text = json->text("--json");
    std::size_t fault = 0;
    if (check_json(text, &fault) != json_status::ok) {
      const input_place& place = json->place();
      const text_position at = position_of(text, fault);
      throw input_error(place.line != 0 ? input_place(place.file, at.line, at.column) : place,
                        place.line != 0 ? "this is not JSON"
                                        : fmt::format("this is not JSON, from character {} on: {}", fault + 1,
                                                      text.substr(fault, 20)),
                        "to send it as it is: --data with -H 'Content-Type: application/json'");
    }
    more().json_text(text);
  }
  if (const config* form = settings.find("form"))
    for (const auto& [name, value] : form->entries("--form")) {
      if (value.is_sequence())
        for (const config& one : value.items("--form")) more().form(name, one.text("--form"));
      else
        more().form(name, value.text("--form"));
    }
  if (settings.find("body") != nullptr) more().body(text_of(settings, "body"), "text/plain; charset=utf-8");
  if (settings.find("body_file") != nullptr) more().body(read_text(env, "--data", text_of(settings, "body_file")));
  if (const config* headers = settings.find("headers"))
    for (const auto& [name, value] : headers->entries("--header")) more().header(name, value.text("--header"));
  return request;
}

http::session_options options_of(const words& given) {
  http::session_options options;
  if (const auto value = given.duration("--timeout")) options.timeout(*value);
  if (const auto value = given.duration("--connect-timeout")) options.connect_timeout(*value);
  if (const auto value = given.duration("--first-byte-timeout")) options.first_byte_timeout(*value);
  if (const auto value = given.integer("--redirects", 0, 100)) options.redirects(static_cast<int>(*value));
  if (const auto value = given.size("--answer-limit")) options.answer_limit(*value);
  return options;
}

void save(const std::string& body, const std::string& file) {
  std::ofstream to(file, std::ios::binary | std::ios::trunc);
  to.write(body.data(), static_cast<std::streamsize>(body.size()));
  to.close();
  if (!to) {
    const std::error_code why(errno, std::generic_category());
    throw storage_error(why, "the answer could not be written to '" + file + "': " + why.message(),
                        "is there such a folder, may you write there, and is there room?");
  }
}

std::string kept_lines(const config& keep, const std::string& body) {
  std::string lines;
  for (const auto& [name, path] : keep.entries("--keep")) {
    const json_raw found = json_path(path.text("--keep"), path.place()).raw(body);
    if (found.status != json_lookup::found)
      throw status_error(0, found.status == json_lookup::absent
                                ? "the answer has no " + path.text("--keep")
                                : "the answer is not JSON, so it has no " + path.text("--keep"));
    std::string text;
    if (!append_json_text(text, found.text)) text = found.text;
    lines += name + "=" + printable(text) + "\n";
  }
  return lines;
}

// What the step's `expect` says of the answer; empty if all is as it should be.
std::string complaint(const actions::http_expectation& expected, const http::response& answer) {
  wire::response_head head;
  head.status = answer.status();
  head.reason = answer.reason();
  for (const auto& [name, value] : answer.fields()) head.fields.push_back({name, value});
  std::string why;
  (void)expected.fits(head, answer.body(), why);
  return why;
}

std::string request_lines(const words& given, const config& settings, const paint& colours) {
  std::string text = fmt::format("> {} {}\n", text_of(settings, "method"), printable(text_of(settings, "url")));
  if (const config* headers = settings.find("headers"))
    for (const auto& [name, value] : headers->entries("--header"))
      text += fmt::format("> {}: {}\n", name, printable(value.text("--header")));
  if (const auto key = given.text("--key")) text += fmt::format("> Idempotency-Key: \"{}\"\n", printable(*key));
  return colours.dim(text);
}

void show(environment& env, const words& given, const config& settings, const config& keep,
          const http::response& answer) {
  const paint colours(env.out_in_colour());
  const paint on_err(env.err_in_colour());
  if (given.has("--verbose")) {
    *env.err << request_lines(given, settings, on_err);
    if (answer.redirects() != 0)
      *env.err << on_err.dim(fmt::format("* {} redirects, to {}\n", answer.redirects(), printable(answer.url())));
  }
  const std::string format = given.text("--format").value_or(env.out_is_terminal ? "text" : "raw");
  const bool with_headers = given.has("--include") || given.has("--verbose");
  if (format == "json") {
    *env.out << answer_as_json(answer) << '\n';
  } else if (!keep.is_null()) {
    *env.out << kept_lines(keep, answer.body());
  } else {
    // In a pipe the body alone, byte for byte.
    if (format == "text" || given.has("--include"))
      *env.out << status_line(answer, colours) << '\n';
    else if (given.has("--verbose"))
      *env.err << status_line(answer, on_err) << '\n' << header_lines(answer, on_err) << '\n';
    if (with_headers && (format == "text" || given.has("--include"))) *env.out << header_lines(answer, colours) << '\n';
    if (given.has("--output")) {
      // said below
    } else if (format == "text") {
      *env.out << readable_body(answer, colours);
    } else {
      *env.out << answer.body();
    }
  }
  if (const auto file = given.text("--output")) {
    save(answer.body(), *file);
    *env.err << short_size(answer.body().size()) << " written to " << *file << '\n';
  }
  if (given.has("--timings")) {
    env.out->flush();
    *env.err << timings_table(answer.times(), on_err);
  }
}

// A session closes its connections on its loop, so it lives inside the task.
task<http::response> exchange(environment& env, const words& given, const config& settings,
                              http::session_options options) {
  http::session session(std::move(options));
  co_return co_await request_of(env, given, settings, session);
}

int run_http(environment& env, const words& given) {
  const step_in_words step = http_words().step(env, given);
  if (text_of(step.settings, "url").starts_with("{{"))
    throw input_error("'" + given.positional().back() + "' is no URL: for 'lakh http' nothing is put in its place",
                      "give the whole URL, as in http://127.0.0.1:8080/orders");
  const actions::http_expectation expected(step.expect);
  if (!step.keep.is_null())
    for (const auto& [name, path] : step.keep.entries("--keep")) (void)json_path(path.text("--keep"), path.place());
  const http::response answer = lakh::run(exchange(env, given, step.settings, options_of(given)));
  show(env, given, step.settings, step.keep, answer);

  const bool quiet_about_status = step.expect.is_null();
  const std::string why = quiet_about_status ? std::string() : complaint(expected, answer);
  if (!why.empty()) {
    env.out->flush();
    *env.err << paint(env.err_in_colour()).red("not as expected:") << ' ' << printable(why) << '\n';
    return not_all_confirmed;
  }
  return quiet_about_status && answer.status() >= 400 ? not_all_confirmed : all_well;
}

std::vector<option> options() {
  std::vector<option> all = http_words().options;
  const std::vector<option> once = {
      {.name = "--query",
       .letter = 'q',
       .value = "NAME=VALUE",
       .help = "appends this to the URL's query, escaped",
       .repeated = true,
       .section = "The request"},
      {.name = "--key", .value = "TEXT", .help = "sends this as Idempotency-Key", .section = "The request"},
      {.name = "--timeout", .letter = 't', .value = "TIME", .help = "for everything (60s)", .section = "Limits"},
      {.name = "--connect-timeout", .value = "TIME", .help = "for connecting (10s)", .section = "Limits"},
      {.name = "--first-byte-timeout",
       .value = "TIME",
       .help = "for the first byte of the answer (30s)",
       .section = "Limits"},
      {.name = "--redirects", .value = "N", .help = "how many redirects to follow (10); 0: none", .section = "Limits"},
      {.name = "--answer-limit",
       .value = "SIZE",
       .help = "the largest body that is taken (64MiB)",
       .section = "Limits"},
      {.name = "--include",
       .letter = 'i',
       .help = "shows the answer's status and headers, in a pipe too",
       .section = "Output"},
      {.name = "--verbose",
       .letter = 'v',
       .help = "shows what was asked, and the answer's headers",
       .section = "Output"},
      {.name = "--timings", .letter = 'T', .help = "shows where the time went, on stderr", .section = "Output"},
      {.name = "--output",
       .letter = 'o',
       .value = "FILE",
       .help = "writes the body to a file",
       .kind = value_kind::file,
       .section = "Output"},
      {.name = "--format",
       .value = "FORMAT",
       .help = "text is laid out for reading (on a terminal), raw is the body as it came (in a pipe), json is one "
               "object with "
               "everything",
       .choices = {"text", "raw", "json"},
       .section = "Output"},
  };
  all.insert(all.end(), once.begin(), once.end());
  return all;
}

}  // namespace

const verb& http_verb() {
  static const verb made = {
      .name = "http",
      .summary = "sends one HTTP request and shows the answer",
      .usage = {"lakh http [METHOD] URL [options]"},
      .about =
          "The method is GET, or POST if there is a body. A URL without a scheme is http://, and :8080/orders is on "
          "this "
          "machine. On a terminal JSON is laid out for reading; in a pipe the body comes byte for byte.\n"
          "The exit code is 0 for a status below 400, or, with --expect, --expect-header or --expect-json, if all that "
          "is "
          "expected is there; otherwise 1. The same words behind 'lakh load -n N' send the request N times.\n",
      .options = options(),
      .positionals = http_words().positionals,
      .examples =
          {
              {"lakh http http://127.0.0.1:8080/stats", "reads the shop's figures"},
              {"lakh http POST :8080/orders --key order-1 --json @order.json --expect 201",
               "sends an order once, with a key"},
              {"lakh http :8080/orders -q run=20261121-235901-k7f3q2 -q limit=5", "a query, escaped as it must be"},
              {"lakh http -T -i http://example.com/", "with the headers, and where the time went"},
              {"lakh http POST :8080/orders --json @order.json --keep id=$.id", "prints id=… and nothing else"},
              {"lakh http -H @secret-headers.txt http://10.0.0.7/admin",
               "headers from a file stay out of the shell's history"},
          },
      .run = run_http,
  };
  return made;
}

}  // namespace lakh::cli
