#include <lakh/core/text.hpp>
#include <lakh/http/openapi.hpp>
#include <lakh/http/router.hpp>
#include <lakh/wire/http_status.hpp>

#include <algorithm>

namespace lakh::http {
namespace {

constexpr std::string_view problem_schema =
    R"json({"type":"object","description":"Problem details (RFC 9457)","properties":{)json"
    R"json("type":{"type":"string","format":"uri-reference","default":"about:blank"},)json"
    R"json("title":{"type":"string"},"status":{"type":"integer"},"detail":{"type":"string"},)json"
    R"json("errors":{"type":"array","description":"What is wrong with the values that were sent",)json"
    R"json("items":{"type":"object","properties":{"place":{"type":"string"},"expected":{"type":"string"},)json"
    R"json("got":{"type":"string"}},"required":["place","expected","got"]}}},"required":["title","status"]})json";

constexpr std::string_view problem_answer =
    R"json("content":{"application/problem+json":{"schema":{"$ref":"#/components/schemas/problem"}}}})json";

// Writes members of objects with the commas where they belong.
class object_writer {
 public:
  explicit object_writer(std::string& out) : out_(out) { out_ += '{'; }
  std::string& key(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    append_json_string(out_, name);
    out_ += ':';
    return out_;
  }
  void text(std::string_view name, std::string_view value) {
    if (!value.empty()) append_json_string(key(name), value);
  }
  void end() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

// {name...} is {name} in OpenAPI, which knows no such thing; clients encode its slashes.
std::string path_of(const std::string& pattern) {
  std::string out = pattern;
  if (const std::size_t dots = out.find("...}"); dots != std::string::npos) out.erase(dots, 3);
  return out;
}

void append_parameters(std::string& out, const operation& o, schema_set& schemas) {
  out += '[';
  bool first = true;
  const auto add = [&](const operation::parameter& p) {
    if (!first) out += ',';
    first = false;
    object_writer w(out);
    w.text("name", p.name);
    w.text("in", p.place);
    w.key("required") += p.required ? "true" : "false";
    std::string& schema = w.key("schema");
    p.schema(schema, schemas);
    if (!p.default_json.empty()) {
      const bool plain = schema[schema.size() - 2] == '{';
      schema.pop_back();
      schema.append(plain ? R"("default":)" : R"(,"default":)").append(p.default_json).append("}");
    }
    w.end();
  };
  for (const operation::parameter& p : o.parameters) add(p);
  // What stands in the path must be named, taken as an argument or not.
  for (const std::string& name : router::names_of(o.pattern)) {
    const auto same = [&](const operation::parameter& p) { return p.place == "path" && p.name == name; };
    if (std::ranges::none_of(o.parameters, same))
      add({"path", name, [](std::string& to, schema_set& /*set*/) { to += R"({"type":"string"})"; }, {}, true});
  }
  out += ']';
}

void append_answers(std::string& out, const operation& o, schema_set& schemas) {
  object_writer all(out);
  for (const operation::answer& a : o.answers) {
    object_writer w(all.key(std::to_string(a.status)));
    w.text("description", wire::reason_phrase(a.status));
    if (a.location) w.key("headers") += R"({"Location":{"schema":{"type":"string","format":"uri-reference"}}})";
    if (!a.media_type.empty()) {
      object_writer content(w.key("content"));
      object_writer media(content.key(a.media_type));
      if (a.schema != nullptr) a.schema(media.key("schema"), schemas);
      media.end();
      content.end();
    }
    w.end();
  }
  if (!o.parameters.empty() || o.body_schema != nullptr)
    all.key("422").append(R"({"description":"Values are missing or wrong",)").append(problem_answer);
  all.key("default").append(R"({"description":"A problem",)").append(problem_answer);
  all.end();
}

void append_operation(std::string& out, const operation& o, schema_set& schemas) {
  object_writer w(out);
  w.text("operationId", o.id);
  w.text("summary", o.summary);
  w.text("description", o.description);
  if (!o.tags.empty()) {
    std::string& tags = w.key("tags");
    for (const std::string& tag : o.tags) {
      tags += &tag == &o.tags.front() ? '[' : ',';
      append_json_string(tags, tag);
    }
    tags += ']';
  }
  if (!o.parameters.empty() || !router::names_of(o.pattern).empty()) append_parameters(w.key("parameters"), o, schemas);
  if (!o.body_media_type.empty()) {
    object_writer body(w.key("requestBody"));
    body.key("required") += "true";
    object_writer content(body.key("content"));
    object_writer media(content.key(o.body_media_type));
    if (o.body_schema != nullptr) o.body_schema(media.key("schema"), schemas);
    media.end();
    content.end();
    body.end();
  }
  append_answers(w.key("responses"), o, schemas);
  w.end();
}

std::string method_key(wire::http_method method) {
  std::string out(wire::name(method));
  for (char& c : out) c = wire::lower(c);
  return out;
}

}  // namespace

std::string openapi_document(const api_info& info, std::span<const operation* const> operations) {
  schema_set schemas;
  schemas.define("problem", std::string(problem_schema));
  std::string out;
  object_writer document(out);
  document.text("openapi", "3.1.0");
  object_writer about(document.key("info"));
  append_json_string(about.key("title"), info.title);
  append_json_string(about.key("version"), info.version);
  about.text("description", info.description);
  about.end();

  // Patterns that differ only in the names of what they capture are one path, which the first of them names.
  struct place {
    std::string path;
    std::vector<const operation*> operations;
  };
  std::vector<place> places;
  for (const operation* o : operations) {
    if (o->hidden) continue;
    const std::string path = path_of(o->pattern);
    const auto found = std::ranges::find(places, path, &place::path);
    if (found != places.end())
      found->operations.push_back(o);
    else
      places.push_back({path, {o}});
  }
  object_writer paths(document.key("paths"));
  for (const place& p : places) {
    object_writer methods(paths.key(p.path));
    for (const operation* o : p.operations) append_operation(methods.key(method_key(o->method)), *o, schemas);
    methods.end();
  }
  paths.end();

  object_writer components(document.key("components"));
  schemas.append(components.key("schemas"));
  components.end();
  document.end();
  return out;
}

}  // namespace lakh::http
