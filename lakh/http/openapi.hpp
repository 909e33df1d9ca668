// What a route takes and answers, gathered when it is registered, and the OpenAPI 3.1 document made of it.
#pragma once

#include <lakh/http/schema.hpp>
#include <lakh/wire/http_method.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::http {

struct operation {
  struct parameter {
    std::string_view place;  // "path", "query", "header"
    std::string name;
    schema_writer schema = nullptr;
    std::string default_json;  // empty if it has none
    bool required = true;
  };
  struct answer {
    int status = 200;
    std::string_view media_type;  // empty: no content
    schema_writer schema = nullptr;
    bool location = false;
  };

  wire::http_method method = wire::http_method::get;
  std::string pattern;
  std::string id;
  std::string summary;
  std::string description;
  std::vector<std::string> tags;
  std::vector<parameter> parameters;
  std::string_view body_media_type;  // empty: takes none
  schema_writer body_schema = nullptr;
  std::vector<answer> answers;
  bool hidden = false;
};

struct api_info {
  std::string title;
  std::string version;
  std::string description;
};

std::string openapi_document(const api_info& info, std::span<const operation* const> operations);

}  // namespace lakh::http
