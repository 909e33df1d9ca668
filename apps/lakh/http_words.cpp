#include "action_words.hpp"
#include "input_text.hpp"
#include "said_config.hpp"

#include <lakh/core/error.hpp>
#include <lakh/wire/ascii.hpp>
#include <lakh/wire/http1_write.hpp>
#include <lakh/wire/http_method.hpp>

#include <algorithm>
#include <array>
#include <filesystem>

namespace lakh::cli {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

void add_header(config_entries& to, std::string_view line, std::string_view by) {
  const std::size_t colon = line.find(':');
  const std::string_view name = trimmed(line.substr(0, colon));
  if (colon == std::string_view::npos || name.empty())
    throw input_error(std::string(by) + " '" + std::string(line) + "' is not 'Name: value'",
                      "as in " + std::string(by) + " 'Accept: application/json'");
  for (const auto& [there, value] : to)
    if (wire::equals_ignoring_case(there, name))
      throw input_error("the header " + std::string(name) + " is given twice",
                        "a list of values is one header: 'a, b'");
  to.emplace_back(std::string(name), said_text(std::string(trimmed(line.substr(colon + 1))), by));
}

config_entries headers_of(environment& env, const words& given) {
  config_entries headers;
  for (const std::string& text : given.all("--header")) {
    if (!text.starts_with('@')) {
      add_header(headers, text, "--header");
      continue;
    }
    // A file keeps secrets out of the list of processes and the shell's history.
    const std::string lines = read_text(env, "--header", text.substr(1));
    for (std::size_t at = 0; at < lines.size();) {
      const std::size_t end = std::min(lines.find('\n', at), lines.size());
      if (const std::string_view line = trimmed(std::string_view(lines).substr(at, end - at)); !line.empty())
        add_header(headers, line, "--header");
      at = end + 1;
    }
  }
  return headers;
}

config expectations_of(const words& given) {
  config_entries expect;
  if (config statuses = said_numbers(given, "--expect", 100, 999); !statuses.is_null())
    expect.emplace_back("status", std::move(statuses));
  config_entries headers;
  for (const std::string& text : given.all("--expect-header")) {
    if (text.find(':') != std::string::npos)
      add_header(headers, text, "--expect-header");
    else  // the name alone: any value will do
      headers.emplace_back(text, config::null(input_place("--expect-header")));
  }
  if (!headers.empty()) expect.emplace_back("headers", said_mapping(std::move(headers), "--expect-header"));
  config_entries values;
  for (const std::string& text : given.all("--expect-json")) {
    auto [path, value] = name_and_value(text, "--expect-json", "--expect-json '$.status=accepted'");
    values.emplace_back(std::move(path), said_json(value, "--expect-json"));
  }
  if (!values.empty()) expect.emplace_back("json", said_mapping(std::move(values), "--expect-json"));
  return expect.empty() ? config::null() : config::mapping(std::move(expect));
}

void add_body(environment& env, const words& given, config_entries& settings) {
  constexpr std::array<std::string_view, 3> bodies{{"--json", "--form", "--data"}};
  if (std::ranges::count_if(bodies, [&](std::string_view one) { return given.has(one); }) > 1)
    throw input_error("a request has one body, but several of --json, --form and --data are given",
                      "leave all but one of them out");
  if (const auto json = given.text("--json")) {
    const bool from_file = json->starts_with('@') && *json != "@-";
    const input_place place = from_file ? input_place(json->substr(1), 1, 1) : input_place("--json");
    settings.emplace_back("json", config::scalar(text_or_file(env, "--json", *json), config::style::quoted, place));
  }
  if (given.has("--form")) {
    config_entries form;
    for (const std::string& text : given.all("--form")) {
      auto [name, value] = name_and_value(text, "--form", "--form name=value");
      const auto there = std::ranges::find(form, name, &config::entry::first);
      if (there == form.end()) {
        form.emplace_back(std::move(name), said_text(std::move(value), "--form"));
        continue;
      }
      std::vector<config> several =
          there->second.is_sequence() ? there->second.items("--form") : std::vector<config>{there->second};
      several.push_back(said_text(std::move(value), "--form"));
      there->second = config::sequence(std::move(several), input_place("--form"));
    }
    settings.emplace_back("form", said_mapping(std::move(form), "--form"));
  }
  if (const auto data = given.text("--data")) {
    if (data->starts_with('@') && *data != "@-") {
      // Absolute, because a run is resumed from another folder.
      settings.emplace_back("body_file", said_text(std::filesystem::absolute(data->substr(1)).string(), "--data"));
    } else {
      settings.emplace_back("body", said_text(text_or_file(env, "--data", *data), "--data"));
    }
  }
}

std::pair<std::string, std::string> method_and_url(const words& given, bool has_body) {
  const std::vector<std::string>& said_words = given.positional();
  if (said_words.empty())
    throw input_error("'http' needs a URL", "as in: http POST http://127.0.0.1:8080/orders --json '{\"sku\":\"A1\"}'");
  if (said_words.size() == 1) {
    if (wire::method_of(said_words[0]) != wire::http_method::other)
      throw input_error("'http " + said_words[0] + "' needs a URL",
                        "as in: http " + said_words[0] + " http://127.0.0.1:8080/");
    return {has_body ? "POST" : "GET", said_words[0]};
  }
  std::string method = said_words[0];
  if (!wire::is_field_name(method) || method.find("://") != std::string::npos)
    throw input_error("'" + method + "' is not a method", "the method stands before the URL: http POST URL");
  std::ranges::transform(method, method.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return {std::move(method), said_words[1]};
}

// What a person means by an address without a scheme.
std::string completed(std::string url) {
  if (url.find("://") != std::string::npos || url.starts_with('/') || url.starts_with("{{")) return url;
  if (url.starts_with(':')) return "http://localhost" + url;
  return "http://" + url;
}

step_in_words step(environment& env, const words& given) {
  step_in_words result;
  config_entries settings;
  const bool has_body = given.has("--json") || given.has("--form") || given.has("--data");
  auto [method, url] = method_and_url(given, has_body);
  settings.emplace_back("method", said_text(std::move(method), "METHOD"));
  url = completed(std::move(url));
  if (url.starts_with('/')) url.insert(0, "{{target}}");
  settings.emplace_back("url", said_text(std::move(url), "URL"));
  if (config_entries headers = headers_of(env, given); !headers.empty())
    settings.emplace_back("headers", said_mapping(std::move(headers), "--header"));
  add_body(env, given, settings);
  result.settings = config::mapping(std::move(settings));
  result.expect = expectations_of(given);
  config_entries keep;
  for (const std::string& text : given.all("--keep")) {
    auto [name, path] = name_and_value(text, "--keep", "--keep 'order_id=$.id'");
    keep.emplace_back(std::move(name), said_text(std::move(path), "--keep"));
  }
  if (!keep.empty()) result.keep = said_mapping(std::move(keep), "--keep");
  return result;
}

}  // namespace

const action_words& http_words() {
  static const action_words made = {
      .name = "http",
      .usage = "http [METHOD] URL [options]",
      .options =
          {
              {.name = "--header",
               .letter = 'H',
               .value = "'NAME: VALUE'",
               .help = "sends this header; @FILE takes them from a file, one on a line",
               .repeated = true,
               .section = "The request"},
              {.name = "--json",
               .letter = 'j',
               .value = "TEXT|@FILE",
               .help = "sends this JSON; @- is standard input",
               .kind = value_kind::file,
               .section = "The request"},
              {.name = "--form",
               .letter = 'F',
               .value = "NAME=VALUE",
               .help = "sends this form field",
               .repeated = true,
               .section = "The request"},
              {.name = "--data",
               .letter = 'd',
               .value = "TEXT|@FILE",
               .help = "sends these bytes; @- is standard input",
               .kind = value_kind::file,
               .section = "The request"},
              {.name = "--expect",
               .letter = 'e',
               .value = "STATUS,…",
               .help = "the answer must have one of these statuses, as in 201,409",
               .repeated = true,
               .section = "The answer"},
              {.name = "--expect-header",
               .value = "'NAME: VALUE'",
               .help = "the answer must have this header; the name alone means with any value",
               .repeated = true,
               .section = "The answer"},
              {.name = "--expect-json",
               .value = "PATH=VALUE",
               .help = "the answer must have this value, as in '$.status=accepted'",
               .repeated = true,
               .section = "The answer"},
              {.name = "--keep",
               .letter = 'k',
               .value = "NAME=PATH",
               .help = "keeps this value of the answer, as in 'order_id=$.id'",
               .repeated = true,
               .section = "The answer"},
          },
      .positionals = {{.name = "METHOD", .choices = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}},
                      {.name = "URL"}},
      .step = step,
  };
  return made;
}

}  // namespace lakh::cli
