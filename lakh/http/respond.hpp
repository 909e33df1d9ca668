// What becomes of the value that a handler returns.
//
//   a described struct, vector, number, ...   200, JSON
//   std::string                               200, text/plain
//   void, no_content                          204
//   created<T>                                201, JSON, Location
//   reply                                     as it says
//   problem                                   problem details
//   std::expected<T, problem>                 either
#pragma once

#include <lakh/http/described.hpp>
#include <lakh/http/openapi.hpp>
#include <lakh/http/problem.hpp>
#include <lakh/http/reply.hpp>
#include <lakh/http/response_writer.hpp>

#include <expected>
#include <string>

namespace lakh::http {

// send() writes the answer; describe() adds it to the document. Specialise for types of your own.
template <class T> struct responder;

template <json_value T> struct responder<T> {
  static void send(response_writer& out, const T& value) {
    std::string& content = out.scratch();
    append_json(content, value);
    out.send(200, "application/json", content);
  }
  static void describe(operation& o) { o.answers.push_back({200, "application/json", &value_codec<T>::schema, false}); }
};

template <> struct responder<std::string> {
  static void send(response_writer& out, const std::string& value) {
    out.send(200, "text/plain; charset=utf-8", value);
  }
  static void describe(operation& o) {
    o.answers.push_back({200, "text/plain; charset=utf-8", &value_codec<std::string>::schema, false});
  }
};

template <> struct responder<no_content> {
  static void send(response_writer& out, const no_content& /*value*/) { out.send(204, {}, {}); }
  static void describe(operation& o) { o.answers.push_back({204, {}, nullptr, false}); }
};

template <> struct responder<reply> {
  static void send(response_writer& out, const reply& value) { out.send(value); }
  static void describe(operation& o) { o.answers.push_back({200, {}, nullptr, false}); }
};

template <> struct responder<problem> {
  static void send(response_writer& out, const problem& value) { out.send(value); }
  static void describe(operation& /*o*/) {}  // every operation may answer with one
};

template <json_value T> struct responder<created<T>> {
  static void send(response_writer& out, const created<T>& value) {
    std::string& content = out.scratch();
    append_json(content, value.value());
    out.send_created("application/json", content, value.location());
  }
  static void describe(operation& o) { o.answers.push_back({201, "application/json", &value_codec<T>::schema, true}); }
};

template <class T> struct responder<std::expected<T, problem>> {
  static void send(response_writer& out, const std::expected<T, problem>& value) {
    if (!value) {
      out.send(value.error());
    } else if constexpr (std::is_void_v<T>) {
      responder<no_content>::send(out, {});
    } else {
      responder<T>::send(out, *value);
    }
  }
  static void describe(operation& o) {
    if constexpr (std::is_void_v<T>)
      responder<no_content>::describe(o);
    else
      responder<T>::describe(o);
  }
};

// A handler can return it.
template <class T>
concept answerable = requires(response_writer& out, const T& value, operation& o) {
  responder<T>::send(out, value);
  responder<T>::describe(o);
};

}  // namespace lakh::http
