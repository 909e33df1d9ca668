// A compiled HTTP step: what every request of it has in common. Internal to the room.
#pragma once

#include <lakh/actions/http_expectation.hpp>
#include <lakh/core/json_path.hpp>
#include <lakh/http/client_connection.hpp>
#include <lakh/load/template.hpp>
#include <lakh/net/endpoint.hpp>
#include <lakh/wire/http_method.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace lakh::actions {

struct http_header {
  std::string name;
  load::text_template value;
};

struct http_kept {
  std::string name;
  json_path path;
  std::size_t slot = 0;
  std::string lead;  // `{"name":` of the first, `,"name":` of the others
};

struct http_program {
  std::string method;
  wire::http_method method_code = wire::http_method::get;
  bool keyed = false;
  bool used_later = false;  // a later step may use what is kept

  // Where the URL's origin is the same for all items, it is worked out once and only the target is rendered.
  std::optional<net::endpoint> to;
  load::text_template target;        // path and query; the whole URL where `to` is empty
  bool own_host = false;             // the plan gives the Host field: another name than the URL's
  std::string after_target;          // " HTTP/1.1\r\nHost: …\r\n" and the fields that never change
  std::string fixed_head;            // method, target and after_target in one, where all three never change; or empty
  std::vector<http_header> headers;  // the others
  bool has_body = false;
  load::text_template body;
  config frozen;  // what a run freezes of its file

  http_expectation expect;
  std::vector<http_kept> kept;
  http::client_limits limits;
  std::size_t kept_limit = 4096;
  std::chrono::nanoseconds connect_limit{};
  std::chrono::nanoseconds first_byte_limit{};
  std::chrono::nanoseconds total_limit{};
};

}  // namespace lakh::actions
