#include <lakh/actions/file_beside.hpp>
#include <lakh/actions/http_action.hpp>
#include <lakh/actions/http_performer.hpp>
#include <lakh/core/text.hpp>
#include <lakh/net/connect.hpp>
#include <lakh/wire/http1_write.hpp>
#include <lakh/wire/percent.hpp>
#include <lakh/wire/url.hpp>

#include <algorithm>
#include <utility>

namespace lakh::actions {
namespace {

class http_action final : public load::action {
 public:
  explicit http_action(http_program program) : program_(std::move(program)) {}

  [[nodiscard]] std::unique_ptr<load::performer> make_performer(load::lane_resources& shared) const override {
    return std::make_unique<http_performer>(program_, shared);
  }
  [[nodiscard]] bool idempotent() const noexcept override { return wire::is_idempotent(program_.method_code); }
  [[nodiscard]] bool keyed() const noexcept override { return program_.keyed; }
  [[nodiscard]] bool keeps() const noexcept override { return program_.used_later && !program_.kept.empty(); }

  [[nodiscard]] config frozen() const override { return program_.frozen; }

  [[nodiscard]] task<void> check_target() const override {
    if (!program_.to) co_return;  // every item has its own
    co_await net::connect(*program_.to, program_.connect_limit);
  }

 private:
  http_program program_;
};

// The URL as far as it is the same for all items: "{{target}}/orders/{{item}}" with its target put in.
std::string with_target(std::string text, const std::string& target) {
  for (const std::string_view name : {"{{target}}", "{{ target }}"})
    if (text.starts_with(name)) return target + text.substr(name.size());
  return text;
}

// Splits off the origin if it ends before the first expression: "http://host:80/x?y={{item}}" gives "http://host:80".
std::optional<std::size_t> end_of_fixed_origin(std::string_view text) {
  const std::size_t expression = text.find("{{");
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos || expression < scheme) return std::nullopt;
  const std::size_t end = std::min(text.find_first_of("/?#", scheme + 3), text.size());
  if (end > expression) return std::nullopt;
  return end;
}

void compile_url(http_program& to, const load::plan& p, const config& at, const load::template_scope& scope,
                 const std::string& label) {
  const std::string& written = at.text("url");
  const std::string text = with_target(written, p.target);
  const auto end = end_of_fixed_origin(text);
  if (!end) {
    to.target = load::text_template(text, load::text_format::url, scope, label, at.place());
    return;
  }
  const auto origin = url::try_parse(std::string_view(text).substr(0, *end));
  if (!origin) at.fail("'" + text.substr(0, *end) + "' is not a URL: " + std::string(origin.error().message));
  if (origin->scheme() == "https")
    at.fail("https is not supported by this version", "use http:// if the target offers it");
  if (origin->scheme() != "http") at.fail("the URL must begin with http://", "as in http://127.0.0.1:8080/orders");
  if (origin->host().empty()) at.fail("the URL has no host", "as in http://127.0.0.1:8080/orders");
  if (!origin->userinfo().empty())
    at.fail("the URL holds a user or password", "send an Authorization header, with the secret from {{env.NAME}}");
  to.to = net::endpoint(std::string(origin->host()), origin->effective_port());
  std::string rest = text.substr(*end);
  if (const std::size_t fragment = rest.find('#'); fragment != std::string::npos && rest.find("{{") > fragment)
    rest.resize(fragment);  // never sent
  if (!rest.starts_with('/')) rest.insert(0, "/");
  to.target = load::text_template(rest, load::text_format::url, scope, label, at.place());
  to.after_target = " HTTP/1.1\r\n";
  if (!to.own_host) to.after_target += "Host: " + std::string(origin->host_and_port()) + "\r\n";
}

std::string lead_of(std::string_view name, bool first) {
  std::string text(first ? "{" : ",");
  append_json_string(text, name);
  return text + ":";
}

}  // namespace

std::shared_ptr<const load::action> make_http_action(const load::plan& p, const load::plan_step& step,
                                                     load::template_scope& scope) {
  http_program program;
  config_reader read(step.settings, "http");
  const std::string label = step.name + ".http.";

  const config* headers = read.find("headers");
  if (headers != nullptr)
    program.own_host = std::ranges::any_of(headers->entries("http.headers"), [](const auto& header) {
      return wire::equals_ignoring_case(header.first, "host");
    });
  const config& at = read.require("url");
  compile_url(program, p, at, scope, label + "url");

  std::string content_type;
  const config* json = read.find("json");
  const config* form = read.find("form");
  const config* body = read.find("body");
  const config* file = read.find("body_file");
  if ((json != nullptr) + (form != nullptr) + (body != nullptr) + (file != nullptr) > 1)
    step.settings.fail("a request has one body", "give one of json, form, body and body_file");
  if (json != nullptr) {
    program.body = json->is_scalar() ? load::text_template::from(*json, load::text_format::json, scope, label + "json")
                                     : load::text_template::json_from(*json, scope, label + "json");
    content_type = "application/json";
  } else if (form != nullptr) {
    program.body = load::text_template::form_from(*form, scope, label + "form");
    content_type = "application/x-www-form-urlencoded";
  } else if (body != nullptr) {
    program.body = load::text_template::from(*body, load::text_format::plain, scope, label + "body");
    content_type = "text/plain; charset=utf-8";
  } else if (file != nullptr) {
    const auto [content, frozen] = read_frozen_file(p.folder, read, "body_file");
    program.body = load::text_template(content, load::text_format::plain, scope, label + "body", file->place());
    program.frozen = frozen;
    content_type = "application/octet-stream";
  }
  program.has_body = json != nullptr || form != nullptr || body != nullptr || file != nullptr;
  if (const config* type = read.find("content_type")) content_type = type->text("http.content_type");

  const config* method = read.find("method");
  program.method = method != nullptr ? method->text("http.method") : program.has_body ? "POST" : "GET";
  if (!wire::is_field_name(program.method))
    method->fail("'" + program.method + "' is not a method", "methods are words such as GET or POST");
  program.method_code = wire::method_of(program.method);

  // Fields that are the same for all items go into one piece of text; the others are rendered.
  bool has_host = false;
  bool has_user_agent = false;
  bool has_accept = false;
  bool has_type = false;
  const auto add_header = [&](const std::string& name, const config& value) {
    if (!wire::is_field_name(name))
      value.fail("header name '" + name + "' is not allowed", "a name has letters, digits and !#$%&'*+-.^_`|~ only");
    if (wire::equals_ignoring_case(name, "content-length") || wire::equals_ignoring_case(name, "transfer-encoding") ||
        wire::equals_ignoring_case(name, "connection"))
      value.fail("header '" + name + "' is set by lakh itself", "leave it out");
    if (wire::equals_ignoring_case(name, "host") && std::exchange(has_host, true))
      value.fail("the Host header is given twice", "a request has one (RFC 9112 §3.2)");
    has_user_agent |= wire::equals_ignoring_case(name, "user-agent");
    has_accept |= wire::equals_ignoring_case(name, "accept");
    has_type |= wire::equals_ignoring_case(name, "content-type");
    program.keyed |= wire::equals_ignoring_case(name, "idempotency-key");
    load::text_template text =
        load::text_template::from(value, load::text_format::header, scope, label + "headers." + name);
    if (text.constant())
      program.after_target += name + ": " + text.constant_text() + "\r\n";
    else
      program.headers.push_back({name, std::move(text)});
  };
  if (headers != nullptr)
    for (const auto& [name, value] : headers->entries("http.headers")) add_header(name, value);
  if (!has_user_agent) program.after_target += "User-Agent: lakh\r\n";
  if (!has_accept) program.after_target += "Accept: */*\r\n";
  if (program.has_body && !has_type) {
    if (!wire::is_field_value(content_type)) step.settings.fail("http.content_type cannot be sent in a header");
    program.after_target += "Content-Type: " + content_type + "\r\n";
  }
  if (!program.has_body && wire::expects_content(program.method_code)) program.after_target += "Content-Length: 0\r\n";
  if (!p.key.empty() && !program.keyed && !wire::is_idempotent(program.method_code)) {
    // Steps of one item must not share a key: they are different requests.
    const std::string key = p.steps.size() > 1 ? p.key + "-" + step.name : p.key;
    program.headers.push_back({"Idempotency-Key", load::text_template("\"" + key + "\"", load::text_format::header,
                                                                      scope, "key", p.key_place)});
    program.keyed = true;
  }
  read.finish();
  if (program.to && program.target.constant())
    program.fixed_head = program.method + " " + program.target.constant_text() + program.after_target;

  program.expect = http_expectation(step.expect, scope, secret_texts(p), step.name + ".expect.");
  if (!step.keep.is_null())
    for (const auto& [name, path] : step.keep.entries("keep"))
      program.kept.push_back({name, json_path(path.text("keep." + name), path.place()),
                              scope.add_kept(step.name, name, path.place()), lead_of(name, program.kept.empty())});
  program.used_later = &step != &p.steps.back();
  program.limits.body.max_body = p.limits.answer_bytes;
  program.kept_limit = p.limits.kept_bytes;
  program.connect_limit = p.timeouts.connect;
  program.first_byte_limit = p.timeouts.first_byte;
  program.total_limit = p.timeouts.total;
  return std::make_shared<http_action>(std::move(program));
}

}  // namespace lakh::actions
